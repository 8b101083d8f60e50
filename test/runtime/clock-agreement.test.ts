// Whose clock is off: by the store alone while there are few to ask, by the median once two members can be asked.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLOCK_OFFSET_MS_MAX, strayOf } from '../../src/runtime/cluster/clock-agreement.ts';

const isOff = (own: number, others: readonly number[]): boolean =>
  Math.abs(strayOf(own, others)) > CLOCK_OFFSET_MS_MAX;

describe('how far a clock is from the others', () => {
  test('is what the store says while no other member can be asked', () => {
    expect(strayOf(700, [])).toBe(700);
    expect(strayOf(-3, [])).toBe(-3);
  });

  test('is the way to the middle one of three', () => {
    expect(strayOf(700, [10])).toBe(690);
    expect(strayOf(10, [700])).toBe(0);
  });

  test('is the way to between the middle ones of four', () => {
    expect(strayOf(0, [100, 200])).toBe(-50);
  });

  test('condemns nobody when the store’s clock alone is wrong', () => {
    const wrong = 60_000;
    const members = [wrong + 20, wrong - 30, wrong];
    for (const [at, own] of members.entries()) expect(isOff(own, members.toSpliced(at, 1))).toBe(false);
  });

  test('condemns the one that is wrong, and not the others', () => {
    const members = [0, 30, 9_000];
    expect(members.map((own, at) => isOff(own, members.toSpliced(at, 1)))).toEqual([false, false, true]);
  });

  test('is nothing among clocks that agree, whatever their order and number', () => {
    const offsets = fc.array(fc.integer({ min: -200, max: 200 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: -200, max: 200 }), offsets, (own, others) => {
        expect(isOff(own, others)).toBe(false);
        expect(strayOf(own, others)).toBe(strayOf(own, others.toReversed()));
      }),
    );
  });

  test('moves with the own clock while most others stay', () => {
    const others = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(others, fc.integer({ min: 1_000, max: 100_000 }), (members, offMs) => {
        expect(isOff(offMs, members)).toBe(true);
        expect(isOff(-offMs, members)).toBe(true);
      }),
    );
  });
});
