import { expect, test } from 'vitest';
import { rushOf } from '../../src/runtime/index.ts';

test('many commits since the last question are a rush, few are none', () => {
  const commits = new SharedArrayBuffer(4);
  const time = { now: 0, monotonic: () => time.now };
  const isRush = rushOf(commits, time);
  const after = (ms: number, count: number): boolean => {
    time.now += ms;
    Atomics.add(new Int32Array(commits), 0, count);
    return isRush();
  };
  expect(after(1_000, 200)).toBe(false);
  expect(after(1_000, 201)).toBe(true);
  expect(after(100, 21)).toBe(true);
  expect(after(1_000, 0)).toBe(false);
});
