import { expect, test } from 'vitest';
import { ClockWatch } from '../../src/runtime/cluster/clock-watch.ts';

interface Turn {
  readonly strayMs: number;
  readonly isOff: boolean;
}

function watched(): { watch: ClockWatch; turns: Turn[] } {
  const turns: Turn[] = [];
  return { watch: new ClockWatch((strayMs, isOff) => turns.push({ strayMs, isOff })), turns };
}

let beats = 0;
/** A beat that is stored when the store's clock shows 10,000. */
function beat(watch: ClockWatch, offsetMs: number, others: readonly number[] = [0, 10], tookMs = 20): void {
  const number = ++beats;
  const sentAt = 10_000 + offsetMs - tookMs / 2;
  watch.took(number, sentAt, sentAt + tookMs);
  watch.saw({ number, storedAt: 10_000 }, others);
}

test('a clock that is far from the others’ is off after three beats, and on again after three that agree', () => {
  const { watch, turns } = watched();
  for (const offset of [900, 900]) beat(watch, offset);
  expect([watch.isOff, watch.offsetMs, turns]).toEqual([false, 900, []]);
  beat(watch, 900);
  expect(turns).toEqual([{ strayMs: 895, isOff: true }]);
  for (const offset of [100, 100]) beat(watch, offset);
  expect(watch.isOff).toBe(true);
  beat(watch, 100);
  expect(turns.at(-1)).toEqual({ strayMs: 95, isOff: false });
});

test('one beat that strays condemns nobody', () => {
  const { watch, turns } = watched();
  for (const offset of [900, 900, 0, 900, 900, 0]) beat(watch, offset);
  expect(turns).toEqual([]);
});

test('a beat that took long, or that is not the last one, measures nothing', () => {
  const { watch } = watched();
  beat(watch, 900, [], 201);
  expect(watch.offsetMs).toBeNull();
  watch.took(7_001, 0, 1);
  watch.saw({ number: 7_000, storedAt: 10_000 }, []);
  expect(watch.offsetMs).toBeNull();
});
