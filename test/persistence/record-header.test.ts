import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRecordHeader, encodeRecord, keyOf } from '../../src/actors/index.ts';
import { packRecords, unpackRecords } from '../../src/persistence/record-batch.ts';
import { arrayLiteral, quoted } from '../../src/persistence/array-literal.ts';

const number = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32),
);

describe('the head of a record', () => {
  test('says the same as the whole record', () => {
    const header = fc.record({
      shard: fc.nat(65_535),
      epoch: number,
      number,
      previous: number,
      revision: number,
      at: number,
    });
    fc.assert(
      fc.property(header, (header) => {
        const whole = { ...header, owner: keyOf(String(header.at)) };
        expect(decodeRecordHeader(encodeRecord(whole, []))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  test('of another version is refused', () => {
    expect(() => decodeRecordHeader(Uint8Array.of(2, 0x98))).toThrow('version 2');
  });
});

test('records are the same after they were packed, whatever buffer they were slices of', () => {
  const pool = Buffer.from('....first.second......');
  const records = [
    { sequence: 5, shard: 1, bytes: pool.subarray(4, 9) },
    { sequence: 9, shard: 2, bytes: pool.subarray(10, 16) },
  ];
  const unpacked = unpackRecords(packRecords(records));
  expect(unpacked.map(({ bytes, ...rest }) => ({ ...rest, text: Buffer.from(bytes).toString() }))).toEqual([
    { sequence: 5, shard: 1, text: 'first' },
    { sequence: 9, shard: 2, text: 'second' },
  ]);
});

test('an array literal quotes what would end or change an element', () => {
  expect(arrayLiteral(['a', 'b"c', 'd\\e', '{f,g}', 'NULL', ''].map(quoted))).toBe(
    String.raw`{"a","b\"c","d\\e","{f,g}","NULL",""}`,
  );
});
