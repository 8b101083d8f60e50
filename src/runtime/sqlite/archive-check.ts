// Nobody has to believe an archive: before records leave the journal, and before they come back, each of them is looked at.

import { decodeRecord } from '../../actors/index.ts';
import type { Sequence } from '../ports.ts';
import {
  ArchiveRefused,
  openArchive,
  RECORDS_OF_RANGE,
  type ArchiveAbout,
  type ArchivedRange,
  type OnRecord,
  type Row,
} from './archive-file.ts';
import type { ArchiveSource } from './archive-source.ts';

/**
 * Reads it back, every record and every column, beside the journal that it was made of.
 * @throws ArchiveRefused at the first difference, or where the chain of records is broken
 */
export async function assertSameAsJournal(
  path: string,
  source: Pick<ArchiveSource, 'rows'>,
  { ranges }: Pick<ArchiveAbout, 'ranges'>,
  onRecord: OnRecord,
): Promise<void> {
  const archive = openArchive(path);
  try {
    const select = archive.prepare(RECORDS_OF_RANGE);
    for (const range of ranges) {
      const { shard, first, last } = range;
      const chain = new RangeChain(range, path);
      const written = select.iterate(shard, first, last);
      for await (const kept of source.rows(range)) {
        const { done, value: row } = written.next();
        if (done === true)
          throw new ArchiveRefused(`${path} lacks records of shard ${shard} that the journal has.`);
        if (!isSameRow(row, kept)) throw notInJournal(path, row);
        chain.follow(row);
        onRecord();
      }
      const more = written.next();
      if (more.done !== true) throw notInJournal(path, more.value);
      chain.end();
    }
  } finally {
    archive.close();
  }
}

const notInJournal = (path: string, { sequence, shard }: Row): ArchiveRefused =>
  new ArchiveRefused(
    `${path}: record ${String(sequence)} of shard ${String(shard)} is not the one in the journal.`,
  );

function isSameRow(one: Row, other: Row): boolean {
  const columns = Object.keys(one);
  if (columns.length !== Object.keys(other).length) return false;
  return columns.every((column) => {
    const [left, right] = [one[column], other[column]];
    if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right) === 0;
    return left === right;
  });
}

/** Follows the records of a range: each names the one before it, and they are as many as the range says. */
export class RangeChain {
  readonly #range: ArchivedRange;
  readonly #path: string;
  #head: Sequence;
  #records = 0;
  #bytes = 0;

  constructor(range: ArchivedRange, path: string) {
    this.#range = range;
    this.#path = path;
    this.#head = range.previous;
  }

  /** @throws ArchiveRefused */
  follow(row: Row): void {
    const [sequence, bytes] = [row['sequence'] as Sequence, row['bytes'] as Uint8Array];
    const { shard, previous } = decodeRecord(bytes);
    if (shard !== this.#range.shard || previous !== this.#head) {
      throw new ArchiveRefused(
        `${this.#path}: record ${sequence} says shard ${shard} and ${previous} before it; it should be shard ` +
          `${this.#range.shard} and ${this.#head}.`,
      );
    }
    this.#head = sequence;
    this.#records++;
    this.#bytes += bytes.length;
  }

  /** @throws ArchiveRefused */
  end(): void {
    const { shard, last, records, bytes } = this.#range;
    if (this.#head === last && this.#records === records && this.#bytes === bytes) return;
    throw new ArchiveRefused(
      `${this.#path} has ${this.#records} records of shard ${shard} up to ${this.#head}; it should have ${records} up to ${last}.`,
    );
  }
}
