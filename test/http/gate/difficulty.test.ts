// How hard work is, how long a wait is, and what one wait leads to.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { customerKeyOf } from '../../../src/actors/index.ts';
import { DIFFICULTY, Rush, triesFor, WaitPasses } from '../../../src/http/gate/challenge/index.ts';

const STATUSES = ['active', 'new', 'restricted', 'blocked'] as const;
const ADA = customerKeyOf('ada');

class Hour {
  now = Date.UTC(2031, 4, 1, 12);
  readonly clock = { now: () => this.now, monotonic: () => this.now };
}

describe('work', () => {
  test('is the easiest for an active customer at a quiet hour', () => {
    expect(triesFor(0, 'active')).toBe(DIFFICULTY.triesMin);
    expect(triesFor(DIFFICULTY.easyPerSecond, 'active')).toBe(DIFFICULTY.triesMin);
  });

  test('doubles with the rush, and with the risk', () => {
    expect(triesFor(2 * DIFFICULTY.easyPerSecond, 'active')).toBe(2 * DIFFICULTY.triesMin);
    expect(triesFor(0, 'new')).toBe(2 * DIFFICULTY.triesMin);
    expect(triesFor(0, 'restricted')).toBe(4 * DIFFICULTY.triesMin);
    expect(triesFor(2 * DIFFICULTY.easyPerSecond, 'restricted')).toBe(8 * DIFFICULTY.triesMin);
  });

  test('never gets easier as load or risk grow, and stays in its bounds', () => {
    const rate = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(rate, rate, fc.nat(3), fc.nat(3), (one, other, status, worse) => {
        const easier = triesFor(Math.min(one, other), STATUSES[Math.min(status, worse)]!);
        const harder = triesFor(Math.max(one, other), STATUSES[Math.max(status, worse)]!);
        expect(easier).toBeGreaterThanOrEqual(DIFFICULTY.triesMin);
        expect(harder).toBeGreaterThanOrEqual(easier);
        expect(harder).toBeLessThanOrEqual(DIFFICULTY.triesMax);
        expect(Number.isInteger(harder)).toBe(true);
      }),
    );
  });
});

test('a rush is counted over the last second, and is over when nobody comes', () => {
  const hour = new Hour();
  const rush = new Rush(hour.clock);
  for (let count = 0; count < 100; count++) rush.count();
  expect(rush.perSecond()).toBe(100);
  hour.now += 1_500;
  expect(rush.perSecond()).toBe(50);
  hour.now += 499;
  expect(rush.perSecond()).toBeLessThan(1);
  for (let count = 0; count < 10; count++) rush.count();
  hour.now += 5_000;
  expect(rush.perSecond()).toBe(0);
});

describe('a pass of whoever waits', () => {
  test('is good after the wait, for a while, at every node that has the secret', () => {
    const hour = new Hour();
    const made = new WaitPasses('a secret', hour.clock).make(ADA, 'kettle', 30_000);
    const passes = new WaitPasses('a secret', hour.clock);
    const read = passes.read(made.pass, ADA, 'kettle')!;
    expect(read).toEqual(made);
    expect(read.goodFrom).toBe(hour.now + 30_000);
    expect(passes.stateOf(read)).toBe('early');
    hour.now += 30_000;
    expect(passes.stateOf(read)).toBe('good');
    hour.now = read.goodUntil;
    expect(passes.stateOf(read)).toBe('expired');
  });

  test('is none for another customer or product, under another secret, or with a letter changed', () => {
    const hour = new Hour();
    const passes = new WaitPasses('a secret', hour.clock);
    const { pass } = passes.make(ADA, 'kettle', 30_000);
    expect(passes.read(pass, customerKeyOf('bob'), 'kettle')).toBeUndefined();
    expect(passes.read(pass, ADA, 'camera')).toBeUndefined();
    expect(new WaitPasses('another', hour.clock).read(pass, ADA, 'kettle')).toBeUndefined();
    for (let at = 0; at < pass.length; at++) {
      const changed = pass.slice(0, at) + (pass[at] === 'A' ? 'B' : 'A') + pass.slice(at + 1);
      expect(passes.read(changed, ADA, 'kettle')).toBeUndefined();
      expect(passes.read(pass.slice(0, at), ADA, 'kettle')).toBeUndefined();
    }
  });

  test('is one of its stretch of time: a hundred asked for at once are good for one ticket', () => {
    const hour = new Hour();
    const passes = new WaitPasses('a secret', hour.clock);
    const stretches = new Set<string>();
    // As many as anybody wants, over ten waits.
    for (let count = 0; count < 300; count++) {
      stretches.add(passes.make(ADA, 'kettle', 30_000).stretch);
      hour.now += 1_000;
    }
    expect(stretches.size).toBeLessThanOrEqual(11);
    expect(passes.make(ADA, 'camera', 30_000).stretch).not.toBe(passes.make(ADA, 'kettle', 30_000).stretch);
  });

  test('that is asked for after another one was good leads to another ticket', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.nat(10_000_000), (waitSeconds, beginMs) => {
        const hour = new Hour();
        hour.now += beginMs;
        const passes = new WaitPasses('a secret', hour.clock);
        const first = passes.make(ADA, 'kettle', waitSeconds * 1_000);
        hour.now = first.goodFrom;
        expect(passes.make(ADA, 'kettle', waitSeconds * 1_000).stretch).not.toBe(first.stretch);
      }),
    );
  });
});
