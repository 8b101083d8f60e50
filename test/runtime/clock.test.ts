import { describe, expect, test } from 'vitest';
import { CalmClock } from '../../src/runtime/index.ts';

const HOUR_MS = 3_600_000;

describe('the clock', () => {
  let wall = 1_700_000_000_000;
  let monotonic = 5_000;
  const pass = (ms: number): void => {
    wall += ms;
    monotonic += ms;
  };
  const clockNow = (): CalmClock =>
    new CalmClock(
      () => wall,
      () => monotonic,
    );

  test('follows the wall clock and its small corrections', () => {
    const clock = clockNow();
    pass(1_000);
    expect(clock.now()).toBe(wall);
    wall += 400;
    expect(clock.now()).toBe(wall);
    wall -= 900;
    expect(clock.now()).toBe(wall);
  });

  test('does not follow a jump that does not last', () => {
    const clock = clockNow();
    const before = wall;
    wall += HOUR_MS;
    expect(clock.now()).toBe(before);
    pass(300);
    expect(clock.now()).toBe(before + 300);
    wall -= HOUR_MS;
    expect(clock.now()).toBe(wall);
  });

  test('believes a jump that lasts', () => {
    const clock = clockNow();
    wall -= HOUR_MS;
    clock.now();
    pass(9_000);
    expect(clock.now()).toBe(wall + HOUR_MS);
    pass(1_500);
    expect(clock.now()).toBe(wall);
  });
});
