// The real clock, timers and randomness.

import { randomFillSync } from 'node:crypto';
import type { Clock, Random, Timers } from './ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

export const systemTimers: Timers = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
};

const POOL_BYTES = 4_096;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Drawn from the operating system a page at a time, since one call costs more than the bytes. */
export const systemRandom: Random = {
  characters(count) {
    if (used + count > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    used += count;
    return pool.toString('latin1', used - count, used);
  },
};
