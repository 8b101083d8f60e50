// The real clock, timers and randomness.

import { randomFillSync } from 'node:crypto';
import type { Clock, Random, Timers } from './ports.ts';

/** Each thread's own origin of time would make moments of two threads incomparable. */
const ORIGIN = Number(process.hrtime.bigint()) / 1e6 - performance.now();
const sharedMonotonic = (): number => ORIGIN + performance.now();

/** A wall clock further than this from where it was expected has jumped. */
const JUMP_MS = 1_000;
/** A jump that lasts so long is believed. */
const BELIEVED_AFTER_MS = 10_000;

/**
 * The wall clock, not easily led astray: the journal's time never runs back, so one moment with the clock an hour ahead
 * would move a sale by an hour. A jump is followed only when it lasts; until then time goes on as the monotonic clock does.
 */
export class CalmClock implements Clock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  /** Wall clock less monotonic clock. */
  #offset: number;
  #strayingSince: number | undefined;

  constructor(wall = () => Date.now(), monotonic = sharedMonotonic) {
    this.#wall = wall;
    this.#monotonic = monotonic;
    this.#offset = wall() - monotonic();
  }

  now(): number {
    const wall = this.#wall();
    const monotonic = this.#monotonic();
    const isJump = Math.abs(wall - monotonic - this.#offset) > JUMP_MS;
    if (isJump) {
      this.#strayingSince ??= monotonic;
      if (monotonic - this.#strayingSince < BELIEVED_AFTER_MS) return Math.floor(monotonic + this.#offset);
    }
    this.#strayingSince = undefined;
    this.#offset = wall - monotonic;
    return wall;
  }

  monotonic(): number {
    return this.#monotonic();
  }
}

export const systemClock: Clock = new CalmClock();

/** What long work takes of one turn of the loop, whoever does it on this thread. */
const SLICE_MS = 5;

/** Deals turns of the thread's loop out to long work, one slice in each, one worker after the other. */
class Turns {
  readonly #waiting: (() => void)[] = [];
  #sliceEndsAt = 0;

  take(): Promise<void> {
    if (performance.now() < this.#sliceEndsAt) return Promise.resolve();
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(() => this.#deal());
    });
  }

  #deal(): void {
    this.#sliceEndsAt = performance.now() + SLICE_MS;
    this.#waiting.shift()!();
    if (this.#waiting.length > 0) setImmediate(() => this.#deal());
  }
}

const turns = new Turns();

/** What `soon` was asked for and has not been done yet. */
let due: (() => void)[] = [];

function doWhatIsDue(): void {
  const callbacks = due;
  due = [];
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      // A bug, and the end of this thread, as if each had had a turn of its own; the others still get theirs.
      throwApart(error);
    }
  }
}

/** Where nobody catches it: whoever happens to run at this moment has nothing to do with it. */
export function throwApart(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/** A decision, its answer, and the message that takes it to another thread are each asked for by the one before. */
const ROUNDS_MAX = 3;

/** Does now what `soon` was asked for, in the middle of a long turn of the loop. */
export function catchUp(): void {
  for (let round = 0; round < ROUNDS_MAX && due.length > 0; round++) doWhatIsDue();
}

export const systemTimers: Timers = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  soon(callback) {
    if (due.push(callback) === 1) setImmediate(doWhatIsDue);
  },
  giveWay: () => turns.take(),
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
