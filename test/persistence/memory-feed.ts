// A feed in memory that keeps the port's promises: at least once, acknowledged one by one, given out again when no
// answer comes in time, bounded in what is handed out.

import type { Feed, FeedRecord, Pulled, Sequence, StoredRecord } from '../../src/runtime/ports.ts';

interface Limits {
  readonly handedOutMax: number;
  readonly answerMsMax: number;
  readonly waitMs: number;
  /** Whatever is asked for, a pull brings no more. */
  readonly pieceMax: number;
}

export class MemoryFeed implements Feed {
  /** Not acknowledged, oldest first. */
  readonly #records = new Map<Sequence, { record: StoredRecord; deliveries: number; until: number }>();
  readonly #setAside = new Map<number, Sequence>();
  readonly #limits: Limits;
  readonly acknowledged = new Set<Sequence>();
  naks = 0;
  handedOutMost = 0;

  constructor(limits: Partial<Limits> = {}) {
    this.#limits = { handedOutMax: 10_000, answerMsMax: 60_000, waitMs: 10, pieceMax: Infinity, ...limits };
  }

  add(records: readonly StoredRecord[]): void {
    for (const record of records) this.#records.set(record.sequence, { record, deliveries: 0, until: 0 });
  }

  get open(): number {
    return this.#records.size;
  }

  get handedOut(): number {
    return [...this.#records.values()].filter(({ until }) => until > Date.now()).length;
  }

  async pull(recordsMax: number): Promise<Pulled> {
    const records = this.#take(recordsMax);
    if (records.length > 0) return { records, hasMore: this.#due(Infinity).length > 0 };
    await new Promise((resolve) => setTimeout(resolve, this.#limits.waitMs));
    return { records: this.#take(recordsMax), hasMore: this.#due(Infinity).length > 0 };
  }

  ack(sequences: readonly Sequence[]): void {
    for (const sequence of sequences) {
      this.#records.delete(sequence);
      this.acknowledged.add(sequence);
    }
  }

  nak(sequences: readonly Sequence[]): void {
    this.naks += sequences.length;
    for (const sequence of sequences) {
      const entry = this.#records.get(sequence);
      if (entry !== undefined) entry.until = 0;
    }
  }

  setAside(shard: number, from: Sequence): void {
    this.#setAside.set(shard, Math.min(from, this.#setAside.get(shard) ?? Infinity));
    for (const entry of this.#records.values()) if (this.#isSetAside(entry.record)) entry.until = 0;
  }

  #isSetAside({ shard, sequence }: StoredRecord): boolean {
    return sequence >= (this.#setAside.get(shard) ?? Infinity);
  }

  /** What may be handed out now, or when there is room. */
  #due(handedOutMax = this.#limits.handedOutMax) {
    const now = Date.now();
    return [...this.#records.values()]
      .filter(({ until, record }) => until <= now && !this.#isSetAside(record))
      .slice(0, Math.max(0, handedOutMax - this.handedOut));
  }

  #take(recordsMax: number): FeedRecord[] {
    const now = Date.now();
    const due = this.#due().slice(0, Math.min(recordsMax, this.#limits.pieceMax));
    for (const entry of due) {
      entry.deliveries++;
      entry.until = now + this.#limits.answerMsMax;
    }
    this.handedOutMost = Math.max(this.handedOutMost, this.handedOut);
    return due.map(({ record, deliveries }) => ({ ...record, deliveries }));
  }
}
