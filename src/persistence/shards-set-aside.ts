// Shards whose projection cannot go on behind some record, and does not try: a person has to mend the cause, and the next
// start begins with that record again. Other shards go on without them.

import type { Sequence, StoredRecord } from '../runtime/ports.ts';

export interface ShardSetAside {
  readonly shard: number;
  /** The record at which it stands: neither it nor any later one of this shard is in Postgres. */
  readonly sequence: Sequence;
}

type Place = Pick<StoredRecord, 'shard' | 'sequence'>;

export class ShardsSetAside {
  readonly #shards = new Map<number, { sequence: Sequence; at: number | undefined }>();
  #passedAt: number | undefined;

  get list(): ShardSetAside[] {
    return [...this.#shards].map(([shard, { sequence }]) => ({ shard, sequence }));
  }

  /**
   * @param at when the record was journaled; undefined when it does not say, and then its neighbours in the journal do
   * @returns whether the shard was not set aside before
   */
  add({ shard, sequence }: Place, at: number | undefined): boolean {
    const known = this.#shards.get(shard);
    if (known === undefined) this.#shards.set(shard, { sequence, at: at ?? this.#passedAt });
    else if (sequence < known.sequence) this.#shards.set(shard, { sequence, at: at ?? known.at });
    return known === undefined;
  }

  covers({ shard, sequence }: Place): boolean {
    const from = this.#shards.get(shard)?.sequence;
    return from !== undefined && sequence >= from;
  }

  /** The next record of the journal was seen. @param at when it was journaled */
  passed(at: number): void {
    this.#passedAt = at;
    for (const shard of this.#shards.values()) shard.at ??= at;
  }

  /** Epoch milliseconds up to which they are in Postgres, all of them; 0 while nobody can say, undefined for none. */
  get oldestAt(): number | undefined {
    if (this.#shards.size === 0) return undefined;
    return Math.min(...[...this.#shards.values()].map(({ at }) => at ?? 0));
  }
}
