// Rules for tests, by way of the file.

import { parsePlacementFile, type ClusterFacts, type PlacementRules } from '../../src/runtime/index.ts';

export function rulesOf(file: { nodes?: Record<string, number>; pins?: object[] }): PlacementRules {
  const nodes = file.nodes && Object.entries(file.nodes).map(([node, weight]) => [node, { weight }]);
  const text = { strategy: 'rendezvous', ...(nodes && { nodes: Object.fromEntries(nodes) as object }) };
  const read = parsePlacementFile(JSON.stringify({ ...text, pins: file.pins ?? [] }, undefined, 1));
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.mistakes));
  return read.rules;
}

export const cluster = (shards: number, nodes: Record<string, number>): ClusterFacts => ({
  shards,
  nodes: new Map(Object.entries(nodes)),
});
