// The embedded journal's file: one SQLite table of records, committed in groups, synchronous to the disk, and the mark
// beside it that says how far it was acknowledged.
//
// Everything here is synchronous and belongs on the journal's own thread. A commit that fails leaves its records
// neither surely there nor surely not: the caller is told `unknown`, and the file decides at the next read.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { lostBefore } from '../lost-records.ts';
import { JournalDamaged, type AppendResult, type Sequence, type StoredRecord } from '../ports.ts';
import { HeadMark, markPathOf, readMark } from './head-mark.ts';
import { RECORD_COLUMNS, readSoundRecords, sumOf } from './record-rows.ts';
import { isCorruption, openJournalFile, type StoreOptions } from './schema.ts';

export interface Append {
  readonly shard: number;
  readonly bytes: Uint8Array;
  readonly expected: Sequence;
}

/** Which journal this is, and how far it goes. */
export interface JournalExtent {
  /** Drawn when the journal was made. */
  readonly id: string;
  /** Newest sequence of each shard that has one. */
  readonly heads: ReadonlyMap<number, Sequence>;
  /** It had records and no mark beside it: whether it is whole, only others can tell. */
  readonly wasUnmarked: boolean;
}

const NO_FLOORS: ReadonlyMap<string, Sequence> = new Map();

export class SqliteStore {
  readonly #id: string;
  readonly #shards: number;
  readonly #database: DatabaseSync;
  readonly #mark: HeadMark;
  readonly #wasUnmarked: boolean;
  readonly #insert: StatementSync;
  readonly #saveFloor: StatementSync;
  readonly #newestOf: StatementSync;
  readonly #read: StatementSync;
  /** Shards that nobody may touch, and why. */
  readonly #refused = new Map<number, string>();
  /** Newest sequence of each shard; unknown from a failed commit until it is read back. */
  #heads: Map<number, Sequence> | undefined;
  /** New sequences are above it: a number that somebody has seen is never given to another record. */
  #last: Sequence = 0;

  /** @throws JournalMismatch when the file cannot be this journal; nothing is changed then */
  constructor(path: string, options: StoreOptions) {
    const markPath = markPathOf(path);
    const { database, id } = openJournalFile(path, options, readMark(markPath)?.journalId);
    this.#database = database;
    this.#id = id;
    this.#shards = options.shards;
    this.#insert = database.prepare(`INSERT INTO records (${RECORD_COLUMNS}) VALUES (?, ?, ?, ?)`);
    this.#saveFloor = database.prepare(
      'INSERT INTO feeds VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET floor = excluded.floor',
    );
    this.#newestOf = database.prepare('SELECT max(sequence) AS head FROM records WHERE shard = ?');
    this.#read = database.prepare(
      `SELECT ${RECORD_COLUMNS} FROM records WHERE shard = ? AND sequence BETWEEN ? AND ? ORDER BY sequence`,
    );
    const heads = this.#knownHeads();
    const mark = HeadMark.find(markPath);
    this.#wasUnmarked = mark === undefined && heads.size > 0;
    this.#mark = mark ?? HeadMark.make(markPath, id, this.#everyHead(heads));
    this.#last = Math.max(this.#last, this.#newestOfAll(), ...this.#mark.heads.values());
    this.#refuseBehindMark(heads);
  }

  get extent(): JournalExtent {
    return { id: this.#id, heads: new Map(this.#knownHeads()), wasUnmarked: this.#wasUnmarked };
  }

  /**
   * From now on nobody reads these shards or appends to them: what others know of them is not in the journal.
   * @param above no new record gets this sequence or a lower one
   */
  refuse(reasons: ReadonlyMap<number, string>, above: Sequence): void {
    for (const [shard, reason] of reasons) this.#refuse(shard, reason);
    this.#last = Math.max(this.#last, above);
  }

  /** 0 for none. @throws JournalDamaged */
  headOf(shard: number): Sequence {
    this.#assertSound(shard);
    return this.#knownHeads().get(shard) ?? 0;
  }

  /**
   * Appends a group in one transaction, with one sync of the journal and one of its mark, and tells the fate of each.
   * @param floors of feeds, saved along the way
   */
  commit(appends: readonly Append[], floors: ReadonlyMap<string, Sequence> = NO_FLOORS): AppendResult[] {
    const heads = new Map<number, Sequence>();
    let last = this.#last;
    let writing: number | undefined;
    try {
      const known = this.#knownHeads();
      this.#database.exec('BEGIN IMMEDIATE');
      const results = appends.map(({ shard, bytes, expected }): AppendResult => {
        const refusal = this.#refused.get(shard);
        if (refusal !== undefined) return { kind: 'unknown', cause: refusal };
        if ((heads.get(shard) ?? known.get(shard) ?? 0) !== expected) return { kind: 'fenced' };
        writing = shard;
        const sequence = ++last;
        this.#insert.run(sequence, shard, bytes, sumOf({ sequence, shard, bytes }));
        heads.set(shard, sequence);
        return { kind: 'appended', sequence };
      });
      writing = undefined;
      for (const [name, floor] of floors) this.#saveFloor.run(name, floor);
      this.#database.exec('COMMIT');
      this.#last = last;
      for (const [shard, head] of heads) known.set(shard, head);
      return this.#marked(results, heads);
    } catch (error) {
      this.#rollBack();
      if (isCorruption(error)) this.#refuseCorrupt(writing, error);
      return appends.map(() => ({ kind: 'unknown', cause: messageOf(error) }));
    }
  }

  /** The newest record of the shard. @throws JournalDamaged */
  head(shard: number): StoredRecord | undefined {
    const sequence = this.headOf(shard);
    if (sequence === 0) return undefined;
    const [head] = this.read(shard, sequence, sequence);
    if (head !== undefined) return head;
    throw new JournalDamaged(corrupt(shard, new Error(`record ${sequence} is listed and not there`)));
  }

  /** @throws JournalDamaged */
  read(shard: number, from: Sequence, to: Sequence): StoredRecord[] {
    this.#assertSound(shard);
    try {
      return readSoundRecords(this.#read, [shard, from, to], Infinity);
    } catch (error) {
      throw isCorruption(error) ? new JournalDamaged(corrupt(shard, error)) : error;
    }
  }

  close(): void {
    this.#database.close();
    this.#mark.close();
  }

  /** Without a mark what is durable could be lost unnoticed, so nobody hears of it: its owner reads it back. */
  #marked(results: AppendResult[], heads: ReadonlyMap<number, Sequence>): AppendResult[] {
    if (heads.size === 0) return results;
    try {
      this.#mark.advance(heads);
      return results;
    } catch (error) {
      const cause = `the mark of the journal cannot be written: ${messageOf(error)}`;
      return results.map((result) => (result.kind === 'appended' ? { kind: 'unknown', cause } : result));
    }
  }

  #rollBack(): void {
    this.#heads = undefined;
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // The transaction is gone already; what is in the file is read back.
    }
  }

  #knownHeads(): Map<number, Sequence> {
    this.#heads ??= this.#readHeads();
    return this.#heads;
  }

  #readHeads(): Map<number, Sequence> {
    const heads = new Map<number, Sequence>();
    for (let shard = 0; shard < this.#shards; shard++) {
      try {
        const head = this.#newestOf.get(shard)?.['head'];
        if (typeof head === 'number') heads.set(shard, head);
      } catch (error) {
        if (!isCorruption(error)) throw error;
        this.#refuse(shard, corrupt(shard, error));
      }
    }
    this.#last = Math.max(this.#last, ...heads.values());
    return heads;
  }

  /** Where every append goes: without it there is none. */
  #newestOfAll(): Sequence {
    try {
      return Number(this.#database.prepare('SELECT max(sequence) AS last FROM records').get()?.['last'] ?? 0);
    } catch (error) {
      if (!isCorruption(error)) throw error;
      this.#refuseCorrupt(undefined, error);
      return 0;
    }
  }

  #everyHead(heads: ReadonlyMap<number, Sequence>): Sequence[] {
    return Array.from({ length: this.#shards }, (_, shard) => heads.get(shard) ?? 0);
  }

  #refuseBehindMark(heads: ReadonlyMap<number, Sequence>): void {
    for (const [shard, reason] of lostBefore(heads, 'the mark beside the journal knows', this.#mark.heads)) {
      if (!this.#refused.has(shard)) this.#refuse(shard, reason);
    }
  }

  /** @param writing the shard whose record could not be inserted; otherwise it may be any of them */
  #refuseCorrupt(writing: number | undefined, error: unknown): void {
    const [from, to] = writing === undefined ? [0, this.#shards - 1] : [writing, writing];
    for (let shard = from; shard <= to; shard++) this.#refuse(shard, corrupt(shard, error));
  }

  #refuse(shard: number, reason: string): void {
    const known = this.#refused.get(shard);
    if (known?.includes(reason)) return;
    this.#refused.set(shard, known === undefined ? reason : `${known} Also: ${reason}`);
  }

  #assertSound(shard: number): void {
    const reason = this.#refused.get(shard);
    if (reason !== undefined) throw new JournalDamaged(reason);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const corrupt = (shard: number, error: unknown): string =>
  `records of shard ${shard} cannot be read or written, because the journal’s file is damaged: ${messageOf(error)}. ` +
  'See “When a shard is refused” in docs/operations.md.';
