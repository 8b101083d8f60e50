// Records as rows of the file. Each carries a sum that was written with it, and whoever reads one checks it: a bit that
// turned on the disk is named, and never taken for an order.

import type { StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { JournalDamaged, type CheckedRecord, type Sequence, type StoredRecord } from '../ports.ts';

/** What a reading statement must select. */
export const RECORD_COLUMNS = 'sequence, shard, bytes, crc';

/** Null in a row that an older version wrote. */
export type RecordRow = StoredRecord & { readonly crc: number | null };

const READ_BYTES_MAX = 1024 * 1024;
const NO_BYTES = new Uint8Array();
const PLACE_BYTES = 12;
const place = Buffer.alloc(PLACE_BYTES);

/** CRC-32 of sequence (8 bytes, big-endian), shard (4 bytes, big-endian) and bytes. Never changes. */
export function sumOf({ sequence, shard, bytes }: StoredRecord): number {
  place.writeBigUInt64BE(BigInt(sequence), 0);
  place.writeUInt32BE(shard, 8);
  return crc32(bytes, crc32(place));
}

/** Up to `recordsMax` records and about a mebibyte, at least one when there is one. @throws JournalDamaged at a damaged one */
export function readSoundRecords(...parameters: Parameters<typeof readRecords>): StoredRecord[] {
  const records = readRecords(...parameters);
  for (const { damage } of records) if (damage !== undefined) throw new JournalDamaged(damage);
  return records;
}

/** The same, for those who go on behind a damaged record. */
export function readRecords(
  statement: StatementSync,
  parameters: readonly (number | bigint)[],
  recordsMax: number,
): CheckedRecord[] {
  const records: CheckedRecord[] = [];
  let bytesRead = 0;
  for (const row of statement.iterate(...parameters)) {
    const record = checked(row as unknown as RecordRow);
    records.push(record);
    bytesRead += record.bytes.length;
    if (bytesRead >= READ_BYTES_MAX || records.length >= recordsMax) break;
  }
  return records;
}

/** Where reading goes on: a damaged record's own sequence may be what is damaged, and counts only when there is no other. */
export function endOf(records: readonly CheckedRecord[]): Sequence {
  const sound = records.filter((record) => !isDamaged(record));
  return Math.max(...(sound.length > 0 ? sound : records).map(({ sequence }) => sequence));
}

export const isDamaged = ({ damage }: CheckedRecord): boolean => damage !== undefined;

export function checked({ crc, ...record }: RecordRow): CheckedRecord {
  const what = isRecord(record) ? wrongSum(record, crc) : 'it is no record at all';
  if (what === undefined) return record;
  const { sequence, shard } = record;
  const damage = `record ${sequence} of shard ${shard} is damaged: ${what}. See “When a shard is refused” in docs/operations.md.`;
  return { sequence, shard, bytes: record.bytes ?? NO_BYTES, damage };
}

function wrongSum(record: StoredRecord, crc: number | null): string | undefined {
  if (crc === null) return undefined;
  const found = sumOf(record);
  return found === crc ? undefined : `the sum of its bytes is ${hex(found)} and should be ${hex(crc)}`;
}

/** SQLite takes a damaged row as it is, whatever its columns should hold. */
function isRecord({ sequence, shard, bytes }: { [Column in keyof StoredRecord]: unknown }): boolean {
  return typeof sequence === 'number' && sequence > 0 && isShard(shard) && bytes instanceof Uint8Array;
}

const isShard = (shard: unknown): boolean => typeof shard === 'number' && shard === shard >>> 0;

const hex = (sum: number): string => sum.toString(16).padStart(8, '0');
