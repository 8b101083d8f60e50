// Which node and which of its worker threads own each shard: a pure function of the operators' rules and of who is there,
// so that every node computes the same (rendezvous.ts).

import { agree, shardPinsOf, stricterOf, type ShardPin } from './placement-pins.ts';
import type { PlacementRules } from './placement-rules.ts';
import { nodeScore, workerScore } from './rendezvous.ts';

export interface ClusterFacts {
  /** Fixed when the journal is made. */
  readonly shards: number;
  /** The number of worker threads, at least 1, by the id of a node that is there. */
  readonly nodes: ReadonlyMap<string, number>;
}

export interface Home {
  readonly node: string;
  readonly worker: number;
  /** The first one whose pin put the shard here. */
  readonly product?: string;
}

/** By shard. Without a home is a shard when no node that may take it is there. */
export type Placement = readonly (Home | undefined)[];

/**
 * A pin to a node that is gone does not count while it is; neither does a pin's worker that its node does not have. Of
 * pins that contradict each other, which placement-check.ts refuses, the first counts.
 */
export function placementOf(rules: PlacementRules, facts: ClusterFacts): Placement {
  const candidates = candidatesOf(rules, facts);
  const pins = pinsByShard(rules, facts);
  return Array.from({ length: facts.shards }, (_, shard): Home | undefined => {
    const pin = pins.get(shard);
    const node =
      pin?.node ?? bestOf(candidates.keys(), (node) => nodeScore(shard, node, candidates.get(node)!));
    if (node === undefined) return undefined;
    const workers = facts.nodes.get(node)!;
    const isThere = pin?.worker !== undefined && pin.worker < workers;
    const worker = isThere ? pin.worker : workerOf(shard, node, workers);
    return { node, worker, ...(pin?.product !== undefined && { product: pin.product }) };
  });
}

/** Weights of the nodes that take part. A node that the file does not name takes none, unless the file names nobody. */
export function candidatesOf({ nodes }: PlacementRules, facts: ClusterFacts): Map<string, number> {
  const candidates = new Map<string, number>();
  for (const node of facts.nodes.keys()) {
    const weight = nodes === undefined ? 1 : nodes.get(node)?.weight;
    if (weight !== undefined) candidates.set(node, weight);
  }
  return candidates;
}

function pinsByShard(rules: PlacementRules, facts: ClusterFacts): Map<number, ShardPin> {
  const pins = new Map<number, ShardPin>();
  for (const pin of shardPinsOf(rules.pins, facts.shards)) {
    if (!facts.nodes.has(pin.node)) continue;
    const earlier = pins.get(pin.shard);
    if (earlier === undefined) pins.set(pin.shard, pin);
    else if (agree(earlier, pin))
      pins.set(pin.shard, { ...stricterOf(earlier, pin), product: earlier.product ?? pin.product });
  }
  return pins;
}

const workerOf = (shard: number, node: string, workers: number): number =>
  bestOf(Array(workers).keys(), (worker) => workerScore(shard, node, worker))!;

/** Whoever has the highest score; of equals the lowest, so that the order of the candidates does not matter. */
function bestOf<T extends string | number>(
  candidates: Iterable<T>,
  scoreOf: (one: T) => number,
): T | undefined {
  let best: T | undefined;
  let bestScore = -Infinity;
  for (const candidate of candidates) {
    const score = scoreOf(candidate);
    if (score < bestScore || (score === bestScore && best !== undefined && best < candidate)) continue;
    best = candidate;
    bestScore = score;
  }
  return best;
}
