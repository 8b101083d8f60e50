// The records of one task, packed for the way to a projection worker.
//
// Their bytes go into one buffer that changes hands. A structured clone of the records would copy the whole buffer that
// each of them is a slice of, which may be a network chunk many times as long.

import type { Sequence, StoredRecord } from '../runtime/ports.ts';

export interface RecordBatch {
  readonly sequences: readonly Sequence[];
  readonly shards: readonly number[];
  /** Of each record, in bytes. */
  readonly lengths: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export function packRecords(records: readonly StoredRecord[]): RecordBatch {
  const lengths = records.map((record) => record.bytes.length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const record of records) {
    bytes.set(record.bytes, at);
    at += record.bytes.length;
  }
  return {
    sequences: records.map((record) => record.sequence),
    shards: records.map((record) => record.shard),
    lengths,
    bytes,
  };
}

/** The records again, as slices of the batch. */
export function unpackRecords({ sequences, shards, lengths, bytes }: RecordBatch): StoredRecord[] {
  let at = 0;
  return sequences.map((sequence, index) => {
    const record = { sequence, shard: shards[index]!, bytes: bytes.subarray(at, at + lengths[index]!) };
    at += lengths[index]!;
    return record;
  });
}
