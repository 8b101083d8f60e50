// The pause before the next try of something that failed: twice as long each time, up to a bound.

import type { Timers } from './ports.ts';

export interface BackOffLimits {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** @param tries that failed before this one */
export function backOff(
  timers: Pick<Timers, 'after'>,
  tries: number,
  { firstMs, mostMs }: BackOffLimits,
): Promise<void> {
  const delayMs = Math.min(firstMs * 2 ** Math.min(tries, 16), mostMs);
  return new Promise((resolve) => void timers.after(delayMs, resolve));
}
