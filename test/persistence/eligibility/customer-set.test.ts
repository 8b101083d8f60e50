// Whether a customer is on a list, as every purchase asks it.

import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { customerKeyOf, KEY_BYTES, type Key } from '../../../src/actors/index.ts';
import { CustomerSet } from '../../../src/persistence/index.ts';

function setOf(keys: readonly Key[]): CustomerSet {
  const sorted = [...new Set(keys)].toSorted((one, other) => (one < other ? -1 : 1));
  const bytes = new SharedArrayBuffer(sorted.length * KEY_BYTES);
  sorted.forEach((key, place) => new Uint8Array(bytes).set(Buffer.from(key, 'latin1'), place * KEY_BYTES));
  return new CustomerSet({ listId: 'l1', customers: sorted.length, bytes });
}

const many = (count: number, prefix: string): Key[] =>
  Array.from({ length: count }, (_, number) => customerKeyOf(`${prefix}-${number}`));

describe('a set of customers', () => {
  test.each([0, 1, 2, 3, 17, 1_000, 50_000])('of %i has those on it, and nobody else', (count) => {
    const set = setOf(many(count, 'customer'));
    expect(set.size).toBe(count);
    expect(many(count, 'customer').filter((key) => !set.has(key))).toEqual([]);
    expect(many(20_000, 'stranger').filter((key) => set.has(key))).toEqual([]);
  });

  test('tells keys apart by every one of their bytes', () => {
    const key = customerKeyOf('ada');
    const others = Array.from({ length: KEY_BYTES }, (_, at) => {
      const flipped = String.fromCharCode(key.charCodeAt(at) ^ 1);
      return key.slice(0, at) + flipped + key.slice(at + 1);
    });
    const alone = setOf([key]);
    expect(alone.has(key)).toBe(true);
    expect(others.filter((other) => alone.has(other))).toEqual([]);
    const rest = setOf(others);
    expect(rest.has(key)).toBe(false);
    expect(others.filter((other) => !rest.has(other))).toEqual([]);
  });

  test('finds keys that lie unevenly, at both ends, and with the same beginning', () => {
    const uneven = [
      '\0'.repeat(16),
      '\xff'.repeat(16),
      ...many(5_000, 'near').map((key) => `\x80\0\0\0${key.slice(4)}`),
      ...many(5_000, 'low').map((key) => `\0\0${key.slice(2)}`),
    ];
    const set = setOf(uneven);
    expect(uneven.filter((key) => !set.has(key))).toEqual([]);
    const strangers = many(5_000, 'stranger').flatMap((key) => [
      `\x80\0\0\0${key.slice(4)}`,
      `\0\0${key.slice(2)}`,
      `\xff\xff\xff\xff${key.slice(4)}`,
    ]);
    expect(strangers.filter((key) => set.has(key))).toEqual([]);
  });

  test('reads the keys as the hash of the customer’s id made them', () => {
    const set = setOf([hash('sha256', 'grace', 'binary').slice(0, KEY_BYTES)]);
    expect(set.has(customerKeyOf('grace'))).toBe(true);
  });

  test('is not made of keys that are cut off', () => {
    const bytes = new SharedArrayBuffer(KEY_BYTES + 3);
    expect(() => new CustomerSet({ listId: 'l1', customers: 1, bytes })).toThrow('19 bytes');
  });
});
