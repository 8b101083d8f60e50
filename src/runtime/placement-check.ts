// A placement file against the cluster: whether it can be carried out as it says.

import { candidatesOf, type ClusterFacts } from './cluster-placement.ts';
import { FileMistakes, type FileRemark, type FileRefused } from './file-mistakes.ts';
import { agree, shardPinsOf, stricterOf, type ShardPin } from './placement-pins.ts';
import type { PlacementRules } from './placement-rules.ts';

export type PlacementCheck =
  | {
      readonly kind: 'accepted';
      /** Worth knowing, and no mistake: nodes that take no shards. */
      readonly notes: readonly FileRemark[];
    }
  | FileRefused;

export function checkPlacement(rules: PlacementRules, facts: ClusterFacts): PlacementCheck {
  const mistakes = new FileMistakes();
  tellUnknownNodes(rules, facts, mistakes);
  tellImpossiblePins(rules, facts, mistakes);
  tellContradictions(shardPinsOf(rules.pins, facts.shards), mistakes);
  if (candidatesOf(rules, facts).size === 0)
    mistakes.tell(
      rules.nodesLine,
      `no node takes shards; "nodes" must name one of ${namesOf(facts)}, or be left out`,
    );
  return mistakes.count > 0 ? mistakes.refusal() : { kind: 'accepted', notes: notesOf(rules, facts) };
}

function tellUnknownNodes(
  { nodes, pins }: PlacementRules,
  facts: ClusterFacts,
  mistakes: FileMistakes,
): void {
  const named = [...(nodes ?? [])].map(([node, { line }]) => ({ line, node }));
  for (const { line, node } of [...named, ...pins])
    if (!facts.nodes.has(node))
      mistakes.tell(line, `there is no node ${quoted(node)}; the cluster has ${namesOf(facts)}`);
}

function tellImpossiblePins({ pins }: PlacementRules, facts: ClusterFacts, mistakes: FileMistakes): void {
  for (const pin of pins) {
    const workers = facts.nodes.get(pin.node);
    if (workers !== undefined && pin.worker !== undefined && pin.worker >= workers)
      mistakes.tell(
        pin.line,
        `node ${quoted(pin.node)} has no worker ${pin.worker}; its workers are ${rangeTo(workers - 1)}`,
      );
    for (const { line, shard } of pin.kind === 'shards' ? pin.shards : [])
      if (shard >= facts.shards)
        mistakes.tell(line, `there is no shard ${shard}; the shards are ${rangeTo(facts.shards - 1)}`);
  }
}

function tellContradictions(pins: readonly ShardPin[], mistakes: FileMistakes): void {
  const earlier = new Map<number, ShardPin>();
  for (const pin of pins) {
    const other = earlier.get(pin.shard);
    if (other === undefined || agree(other, pin)) {
      earlier.set(pin.shard, other === undefined ? pin : stricterOf(other, pin));
      continue;
    }
    const shared = pin.product !== undefined && other.product !== undefined ? ', and products share it' : '';
    const message =
      `${subjectOf(pin)} is pinned to ${placeOf(pin)}, but line ${other.line} pins ` +
      `${subjectOf(other)} to ${placeOf(other)}; a shard has one home${shared}`;
    mistakes.tell(pin.line, message);
  }
}

function notesOf({ nodes, nodesLine, pins }: PlacementRules, facts: ClusterFacts): FileRemark[] {
  if (nodes === undefined) return [];
  const pinned = new Set(pins.map(({ node }) => node));
  return [...facts.nodes.keys()]
    .filter((node) => !nodes.has(node))
    .map((node) => {
      const what = pinned.has(node) ? 'none but those that are pinned to it' : 'none';
      return {
        line: nodesLine,
        message: `node ${quoted(node)} is not named in "nodes": of shards it takes ${what}`,
      };
    });
}

const quoted = (name: string): string => JSON.stringify(name);

const rangeTo = (last: number): string => (last === 0 ? '0 alone' : `0 to ${last}`);

const subjectOf = ({ shard, product }: ShardPin): string =>
  product === undefined ? `shard ${shard}` : `product ${quoted(product)} (shard ${shard})`;

const placeOf = ({ node, worker }: ShardPin): string =>
  worker === undefined ? `node ${quoted(node)}` : `node ${quoted(node)}, worker ${worker}`;

const NAMES_SHOWN = 20;

function namesOf({ nodes }: ClusterFacts): string {
  const names = [...nodes.keys()].map(quoted);
  const more = names.length > NAMES_SHOWN ? [`${names.length - NAMES_SHOWN} more`] : [];
  return names.length === 0 ? 'no nodes' : [...names.slice(0, NAMES_SHOWN), ...more].join(', ');
}
