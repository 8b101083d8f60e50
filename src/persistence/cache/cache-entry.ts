// An entry as bytes. Others may write to the same server, and older and newer versions of this code do: what is not exactly
// such an entry is none.
//
//   │ format 1 │ version, float64 big-endian │ CRC-32 of key, version and value │ value, MessagePack; nothing: a tombstone │
//     0          1                             9                                  13
//
// The version stands outside the value so that the server's script compares it without unpacking anything. A change of this
// layout needs another format and another number in the keys' prefix.

import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import { CACHE_LIMITS } from './cache.ts';

export const FORMAT = 1;
export const VERSION_ENDS_AT = 9;
const SUM_AT = 9;
export const VALUE_AT = 13;
export const ENTRY_BYTES_MAX = VALUE_AT + CACHE_LIMITS.valueBytesMax;

// Without records: an entry explains itself to every thread.
const packr = new Packr({ useRecords: false });

/** @param value undefined for a tombstone @returns undefined when it is too large */
export function encodeEntry(key: string, version: number, value: unknown): Buffer | undefined {
  const packed = value === undefined ? Buffer.alloc(0) : packr.pack(value);
  if (packed.length > CACHE_LIMITS.valueBytesMax) return undefined;
  const entry = Buffer.allocUnsafe(VALUE_AT + packed.length);
  entry[0] = FORMAT;
  entry.writeDoubleBE(version, 1);
  packed.copy(entry, VALUE_AT);
  entry.writeUInt32BE(sumOf(key, entry), SUM_AT);
  return entry;
}

/** The value; undefined for a tombstone, another format, another key's entry and anything damaged. */
export function decodeEntry(key: string, entry: Buffer): unknown {
  if (entry.length <= VALUE_AT || entry.length > ENTRY_BYTES_MAX) return undefined;
  if (entry[0] !== FORMAT || entry.readUInt32BE(SUM_AT) !== sumOf(key, entry)) return undefined;
  try {
    return packr.unpack(entry.subarray(VALUE_AT));
  } catch {
    return undefined;
  }
}

/** With the key, so that an entry in another's place is none. */
function sumOf(key: string, entry: Buffer): number {
  return crc32(entry.subarray(VALUE_AT), crc32(entry.subarray(1, VERSION_ENDS_AT), crc32(key)));
}
