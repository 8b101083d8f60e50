// Records on their way to another thread: their bytes side by side in one buffer, which is handed over and not copied. A
// message of many small buffers costs the receiver, who is busy with a replay, several times as much.

import type { Sequence, StoredRecord } from '../ports.ts';

export interface PackedRecords {
  readonly shard: number;
  readonly sequences: readonly Sequence[];
  /** Where the bytes of each end. */
  readonly ends: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** @param records of one shard */
export function packRecords(shard: number, records: readonly StoredRecord[]): PackedRecords {
  const sequences = records.map(({ sequence }) => sequence);
  let end = 0;
  const ends = records.map(({ bytes }) => (end += bytes.length));
  const packed = new Uint8Array(end);
  records.forEach(({ bytes }, at) => packed.set(bytes, ends[at]! - bytes.length));
  return { shard, sequences, ends, bytes: packed };
}

export function unpackRecords({ shard, sequences, ends, bytes }: PackedRecords): StoredRecord[] {
  return sequences.map((sequence, at) => ({
    sequence,
    shard,
    bytes: bytes.subarray(at === 0 ? 0 : ends[at - 1], ends[at]),
  }));
}
