import { beforeEach, expect, test } from 'vitest';
import { Breaker } from '../../../src/persistence/cache/breaker.ts';
import { CACHE_LIMITS } from '../../../src/persistence/cache/index.ts';

const { failuresMax, failingMs, retryFirstMs, retryMostMs } = CACHE_LIMITS;

let now = 0;
let breaker: Breaker;

beforeEach(() => {
  now = 1_000;
  breaker = new Breaker({ monotonic: () => now });
});

const fail = (times: number): void => {
  for (let time = 0; time < times; time++) breaker.failed();
};
const open = (): void => {
  fail(failuresMax);
  now += failingMs;
  fail(1);
  expect(breaker.isOpen).toBe(true);
};

test('many failures at once do not open it, nor few that last', () => {
  fail(failuresMax * 100);
  expect(breaker.isOpen).toBe(false);
  breaker.succeeded();
  fail(failuresMax - 2);
  now += failingMs * 100;
  fail(1);
  expect(breaker.isOpen).toBe(false);
  fail(1);
  expect(breaker.isOpen).toBe(true);
});

test('an answer in between begins the count anew: of a Cluster with one primary down most reads hit', () => {
  for (let round = 0; round < 100; round++) {
    fail(failuresMax - 1);
    now += failingMs;
    breaker.succeeded();
    expect(breaker.permits()).toBe(true);
  }
  fail(1);
  now += failingMs;
  fail(1);
  expect(breaker.isOpen).toBe(false);
});

test('while it is open, one question goes through after each pause, and pauses grow up to a bound', () => {
  open();
  expect(breaker.permits()).toBe(false);
  const pauses: number[] = [];
  for (let question = 0; question < 12; question++) {
    const since = now;
    while (!breaker.permits()) now++;
    expect(breaker.permits(), 'a second one at once').toBe(false);
    breaker.failed();
    pauses.push(now - since);
  }
  expect(pauses[0]).toBeGreaterThanOrEqual(retryFirstMs / 2);
  expect(pauses[0]).toBeLessThanOrEqual(retryFirstMs);
  for (const [at, pause] of pauses.entries()) {
    // Between half of the step and all of it, and up to the millisecond.
    const stepMs = Math.min(retryMostMs, retryFirstMs * 2 ** at);
    expect(pause).toBeGreaterThanOrEqual(stepMs / 2);
    expect(pause).toBeLessThanOrEqual(stepMs + 1);
  }
});

test('the question that is answered closes it; the next time it opens, pauses begin short', () => {
  open();
  for (let question = 0; question < 12; question++) {
    while (!breaker.permits()) now++;
    breaker.failed();
  }
  while (!breaker.permits()) now++;
  breaker.succeeded();
  expect(breaker.isOpen).toBe(false);
  expect([breaker.permits(), breaker.permits()]).toEqual([true, true]);
  open();
  const since = now;
  while (!breaker.permits()) now++;
  expect(now - since).toBeLessThanOrEqual(retryFirstMs);
});
