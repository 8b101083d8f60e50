// What is told of a shard to those who watch it.

/** `refused`: its journal is damaged or an invariant broke; it owns nothing and says why. */
export type ShardPhase = 'opening' | 'open' | 'recovering' | 'lost' | 'refused' | 'drained';

export interface ShardStatus {
  readonly shard: number;
  readonly phase: ShardPhase;
  readonly epoch: number;
  readonly sequence: number;
  readonly mailboxDepth: number;
  /** How far its journal's time is ahead of the clock: sales open and end, and holds run out, by the journal's. */
  readonly aheadMs: number;
  readonly products: number;
  /** Of its records that were read or appended since it was opened, behind the snapshot that it began with. */
  readonly bytes: number;
  readonly reason: string | null;
}
