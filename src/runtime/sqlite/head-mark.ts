// How far the journal was acknowledged, shard by shard, in a file of its own beside it. SQLite drops the end of a damaged
// write-ahead log without a word; here somebody notices.
//
//   slot 0   generation 6, whole     ◀─ what a crash leaves
//   slot 1   generation 7, torn      ◀─ was being written: nothing that rests on it was answered
//
// Written after a commit is durable and before anybody hears of it. So after any crash the journal is at its mark or
// beyond it; a journal below its mark has lost what was acknowledged. A slot never changes its layout:
//
//   DBMARK01 │ journal's id, 36 │ shards, 4 │ generation, 8 │ newest sequence of each shard, 8 each │ CRC-32 of all that, 4

import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Sequence } from '../ports.ts';
import { JournalMismatch } from './journal-mismatch.ts';

const MAGIC = 'DBMARK01';
const ID_AT = 8;
const SHARDS_AT = 44;
const GENERATION_AT = 48;
const HEADS_AT = 56;
const HEAD_BYTES = 8;
const SUM_BYTES = 4;
/** A slot begins and ends with a page of the file system: writing one never touches the other. */
const SLOT_PAGE_BYTES = 4_096;
const OWNER_ONLY = 0o600;

/** `journal.mark` for `journal.sqlite`. */
export const markPathOf = (journalPath: string): string => `${journalPath.replace(/\.sqlite$/, '')}.mark`;

export class HeadMark {
  /** The newest slot, as it is in the file or about to be. */
  readonly #slot: Buffer;
  readonly #file: number;
  #generation: number;

  private constructor(path: string, slot: Buffer) {
    this.#slot = slot;
    this.#generation = Number(slot.readBigUInt64LE(GENERATION_AT));
    this.#file = openSync(path, 'r+');
  }

  /** @returns undefined when there is none @throws JournalMismatch when neither slot is whole: no crash does that */
  static find(path: string): HeadMark | undefined {
    const slot = newestSlot(path);
    return slot && new HeadMark(path, slot);
  }

  /** Appears whole or not at all, whenever the machine dies. @param heads durable ones */
  static make(path: string, journalId: string, heads: readonly Sequence[]): HeadMark {
    const writing = `${path}.writing`;
    const slots = [0, 1].map((generation) => encodeSlot(journalId, heads, generation));
    writeFileSync(writing, Buffer.concat(slots), { mode: OWNER_ONLY, flush: true });
    renameSync(writing, path);
    syncPath(dirname(path));
    return new HeadMark(path, slots[1]!);
  }

  /** Newest acknowledged sequence of each shard, 0 for none. */
  get heads(): ReadonlyMap<number, Sequence> {
    return headsIn(this.#slot);
  }

  /**
   * Durable when it returns. If it throws, nobody may hear of these heads yet; they are written with the next ones, into
   * the same slot, because the other is the only one that is surely whole.
   */
  advance(heads: ReadonlyMap<number, Sequence>): void {
    for (const [shard, head] of heads) setHead(this.#slot, shard, head);
    const generation = this.#generation + 1;
    seal(this.#slot, generation);
    const bytes = this.#slot.length;
    const written = writeSync(this.#file, this.#slot, 0, bytes, (generation % 2) * bytes);
    if (written < bytes) throw new Error(`only ${written} of ${bytes} bytes of the head mark were written`);
    fdatasyncSync(this.#file);
    this.#generation = generation;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** What the mark beside a journal says, as of one moment; for those who read beside a running node. */
export function readMark(path: string): { journalId: string; heads: Map<number, Sequence> } | undefined {
  const slot = newestSlot(path);
  if (slot === undefined) return undefined;
  return { journalId: slot.toString('latin1', ID_AT, SHARDS_AT), heads: headsIn(slot) };
}

/** A file, or the names in a folder, as they are now: also what a process that was killed had left in memory. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function newestSlot(path: string): Buffer | undefined {
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  const middle = bytes.length / 2;
  const whole = [bytes.subarray(0, middle), bytes.subarray(middle)].filter(isWhole);
  const [newest] = whole.toSorted((one, other) => generationOf(other) - generationOf(one));
  if (newest !== undefined) return newest;
  throw new JournalMismatch(
    `${path} is damaged, both copies in it: it says how far the journal was acknowledged, and without it nobody can tell ` +
      'whether the journal is whole. See “When a shard is refused” in docs/operations.md.',
  );
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new JournalMismatch(`${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}

function encodeSlot(journalId: string, heads: readonly Sequence[], generation: number): Buffer {
  const slot = Buffer.alloc(slotBytesFor(heads.length));
  slot.write(MAGIC, 'latin1');
  slot.write(journalId, ID_AT, SHARDS_AT - ID_AT, 'latin1');
  slot.writeUInt32LE(heads.length, SHARDS_AT);
  heads.forEach((head, shard) => setHead(slot, shard, head));
  seal(slot, generation);
  return slot;
}

function isWhole(slot: Buffer): boolean {
  if (slot.length < HEADS_AT || slot.toString('latin1', 0, ID_AT) !== MAGIC) return false;
  if (slot.length !== slotBytesFor(slot.readUInt32LE(SHARDS_AT))) return false;
  const sumAt = sumPlaceOf(slot);
  return slot.readUInt32LE(sumAt) === crc32(slot.subarray(0, sumAt));
}

function seal(slot: Buffer, generation: number): void {
  slot.writeBigUInt64LE(BigInt(generation), GENERATION_AT);
  const sumAt = sumPlaceOf(slot);
  slot.writeUInt32LE(crc32(slot.subarray(0, sumAt)), sumAt);
}

const slotBytesFor = (shards: number): number =>
  Math.ceil((HEADS_AT + shards * HEAD_BYTES + SUM_BYTES) / SLOT_PAGE_BYTES) * SLOT_PAGE_BYTES;

const sumPlaceOf = (slot: Buffer): number => HEADS_AT + slot.readUInt32LE(SHARDS_AT) * HEAD_BYTES;

const generationOf = (slot: Buffer): number => Number(slot.readBigUInt64LE(GENERATION_AT));

function headsIn(slot: Buffer): Map<number, Sequence> {
  const heads = new Map<number, Sequence>();
  for (let shard = 0; shard < slot.readUInt32LE(SHARDS_AT); shard++) {
    heads.set(shard, Number(slot.readBigUInt64LE(HEADS_AT + shard * HEAD_BYTES)));
  }
  return heads;
}

function setHead(slot: Buffer, shard: number, head: Sequence): void {
  slot.writeBigUInt64LE(BigInt(head), HEADS_AT + shard * HEAD_BYTES);
}
