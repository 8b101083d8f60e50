// What operators want of placement, as their file says it (placement-file.ts), not yet held against a cluster
// (placement-check.ts). Everything remembers its line.

export interface PlacementRules {
  readonly strategy: 'rendezvous';
  /** By id; undefined when the file has no such field: then each node of the cluster has weight 1. */
  readonly nodes: ReadonlyMap<string, NodeWeight> | undefined;
  readonly nodesLine: number;
  readonly pins: readonly Pin[];
}

export interface NodeWeight {
  readonly line: number;
  /** Above 0; relative to the others. */
  readonly weight: number;
}

/** Shards that stay on one node whatever the weights say. A product takes its whole shard along. */
export type Pin = {
  readonly line: number;
  readonly node: string;
  /** Undefined: any worker thread of the node. */
  readonly worker: number | undefined;
} & (
  | { readonly kind: 'product'; readonly product: string }
  | { readonly kind: 'shards'; readonly shards: readonly PinnedShard[] }
);

export interface PinnedShard {
  readonly line: number;
  readonly shard: number;
}
