// The embedded journal's durable feed: the Feed port over a read-only connection of its own, so that a projection that
// catches up never stands in the way of a commit. A reader sees a commit only after its fsync.
//
//   floor            next
//     │ given out ▒▒▒▒ │ not yet read
//   ──┴────────────────┴──────────────▶ sequence        floor: everything up to it is acknowledged, durable lazily
//
// A shard that was set aside is passed over from some record on, and the floor stays below that record.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import type { CommitMeter } from '../commit-meter.ts';
import type { CheckedRecord, Clock, Feed, FeedRecord, Pulled, Sequence } from '../ports.ts';
import { checked, endOf, readRecords, RECORD_COLUMNS, type RecordRow } from './record-rows.ts';

export interface SqliteFeedOptions {
  readonly path: string;
  readonly name: string;
  readonly clock: Clock;
  /** Of the journal's thread. */
  readonly committed: CommitMeter;
  readonly saveFloor: (name: string, floor: Sequence) => void;
  /** Records handed out and not acknowledged. */
  readonly inFlightMax: number;
  /** After so long without an acknowledgement a record is given out again. */
  readonly ackWaitMs: number;
}

interface HandedOut {
  readonly shard: number;
  readonly deliveries: number;
  /** Monotonic milliseconds. */
  readonly again: number;
}

const IDLE_WAIT_MS = 500;
const NAK_DELAY_MS = 100;
const FLOOR_SAVE_MS = 1_000;

export class SqliteFeed implements Feed {
  readonly #options: SqliteFeedOptions;
  readonly #database: DatabaseSync;
  readonly #readNew: StatementSync;
  readonly #readOne: StatementSync;
  readonly #readHead: StatementSync;
  readonly #handedOut = new Map<Sequence, HandedOut>();
  /** By shard: the first record that is passed over. */
  readonly #setAside = new Map<number, Sequence>();
  #next: Sequence;
  #savedFloor: Sequence;
  #floorSavedAt = 0;

  constructor(options: SqliteFeedOptions) {
    this.#options = options;
    this.#database = new DatabaseSync(options.path, { readOnly: true });
    this.#readNew = this.#database.prepare(
      `SELECT ${RECORD_COLUMNS} FROM records WHERE sequence > ? ORDER BY sequence`,
    );
    this.#readOne = this.#database.prepare(`SELECT ${RECORD_COLUMNS} FROM records WHERE sequence = ?`);
    this.#readHead = this.#database.prepare('SELECT max(sequence) AS head FROM records');
    const floor = this.#database.prepare('SELECT floor FROM feeds WHERE name = ?').get(options.name)?.[
      'floor'
    ];
    this.#savedFloor = Number(floor ?? 0);
    this.#next = this.#savedFloor + 1;
  }

  /**
   * Records that are not acknowledged, handed out or not. Sequences that a repair of the journal left out count as well, until
   * the feed has passed them; those of shards that are set aside do until then. NaN when it is closed.
   */
  get recordsBehind(): number {
    if (!this.#database.isOpen) return NaN;
    return this.#recordsUnread + this.#handedOut.size;
  }

  /** Begins anew behind `floor`: whoever works the records off knows better where it stands. */
  rewind(floor: Sequence): void {
    this.#handedOut.clear();
    this.#setAside.clear();
    this.#next = floor + 1;
  }

  async pull(recordsMax: number): Promise<Pulled> {
    const { committed } = this.#options;
    const seen = committed.commits;
    const records = await this.#takeNext(recordsMax);
    if (records.length > 0) return { records, hasMore: this.#recordsUnread > 0 };
    await committed.after(seen, IDLE_WAIT_MS);
    return { records: this.#take(recordsMax).records, hasMore: this.#recordsUnread > 0 };
  }

  ack(sequences: readonly Sequence[]): void {
    for (const sequence of sequences) this.#handedOut.delete(sequence);
    const now = this.#options.clock.monotonic();
    if (now - this.#floorSavedAt < FLOOR_SAVE_MS) return;
    this.#floorSavedAt = now;
    this.#saveFloor();
  }

  nak(sequences: readonly Sequence[]): void {
    const again = this.#options.clock.monotonic() + NAK_DELAY_MS;
    for (const sequence of sequences) {
      const handed = this.#handedOut.get(sequence);
      if (handed !== undefined) this.#handedOut.set(sequence, { ...handed, again });
    }
  }

  setAside(shard: number, from: Sequence): void {
    this.#setAside.set(shard, Math.min(from, this.#setAside.get(shard) ?? Infinity));
    for (const [sequence, handed] of this.#handedOut) {
      if (this.#isSetAside(handed.shard, sequence)) this.#handedOut.delete(sequence);
    }
  }

  close(): void {
    this.#saveFloor();
    this.#database.close();
  }

  get #recordsUnread(): number {
    const head = Number(this.#readHead.get()?.['head'] ?? 0);
    return Math.max(0, head - (this.#next - 1));
  }

  /** Passes over what was set aside, however much it is; others of this thread have their turn meanwhile. */
  async #takeNext(recordsMax: number): Promise<FeedRecord[]> {
    for (;;) {
      const { records, isAtEnd } = this.#take(recordsMax);
      if (records.length > 0 || isAtEnd) return records;
      await setImmediate();
    }
  }

  #take(recordsMax: number): { records: FeedRecord[]; isAtEnd: boolean } {
    const now = this.#options.clock.monotonic();
    const again = this.#redeliveries(now, recordsMax);
    const room = Math.min(recordsMax - again.length, this.#options.inFlightMax - this.#handedOut.size);
    const fresh = room > 0 ? readRecords(this.#readNew, [this.#next - 1], room) : [];
    if (fresh.length > 0) this.#next = endOf(fresh) + 1;
    // A damaged one at the end of what was read is read again with the next ones.
    const unseen = fresh.filter(
      ({ shard, sequence }) => !this.#handedOut.has(sequence) && !this.#isSetAside(shard, sequence),
    );
    const records = [...again, ...unseen.map((record) => this.#handOut(record, 1, now))];
    return { records, isAtEnd: fresh.length === 0 };
  }

  #isSetAside(shard: number, sequence: Sequence): boolean {
    const from = this.#setAside.get(shard);
    return from !== undefined && sequence >= from;
  }

  #redeliveries(now: number, recordsMax: number): FeedRecord[] {
    const due = [...this.#handedOut]
      .filter(([, { again }]) => again <= now)
      .sort(([one], [other]) => one - other);
    return due.slice(0, recordsMax).flatMap(([sequence, { deliveries }]) => {
      const row = this.#readOne.get(sequence) as unknown as RecordRow | undefined;
      return row === undefined ? [] : [this.#handOut(checked(row), deliveries + 1, now)];
    });
  }

  #handOut(record: CheckedRecord, deliveries: number, now: number): FeedRecord {
    const { sequence, shard } = record;
    this.#handedOut.set(sequence, { shard, deliveries, again: now + this.#options.ackWaitMs });
    return { ...record, deliveries };
  }

  #saveFloor(): void {
    let floor = this.#next - 1;
    for (const sequence of this.#handedOut.keys()) floor = Math.min(floor, sequence - 1);
    for (const from of this.#setAside.values()) floor = Math.min(floor, from - 1);
    if (floor === this.#savedFloor) return;
    this.#savedFloor = floor;
    this.#options.saveFloor(this.#options.name, floor);
  }
}
