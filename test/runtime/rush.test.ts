import { expect, test } from 'vitest';
import { CommitMeter, rushOf } from '../../src/runtime/index.ts';

const BYTES_OF_A_RUSH = 50_000;

function rush(before = 0) {
  const committed = new CommitMeter();
  committed.add(before);
  const time = { now: 0, monotonic: () => time.now };
  const isRush = rushOf(committed, time);
  return (ms: number, bytes: number): boolean => {
    time.now += ms;
    committed.add(bytes);
    return isRush();
  };
}

test('many bytes since the last question are a rush, few are none', () => {
  const after = rush();
  expect(after(1_000, BYTES_OF_A_RUSH)).toBe(false);
  expect(after(1_000, BYTES_OF_A_RUSH + 1)).toBe(true);
  expect(after(100, BYTES_OF_A_RUSH / 10 + 1)).toBe(true);
  expect(after(1_000, 0)).toBe(false);
});

test('a meter that wraps around changes nothing', () => {
  const after = rush(2 ** 31 - 10);
  expect(after(1_000, BYTES_OF_A_RUSH)).toBe(false);
  expect(after(1_000, BYTES_OF_A_RUSH + 1)).toBe(true);
});
