// The watchdog on a clock that the test moves.

import { describe, expect, test } from 'vitest';
import { Watchdog } from '../../src/runtime/watchdog.ts';
import { ManualTime } from './harness.ts';

const STALL_MS = 5_000;
const START_MS = 30_000;

/** Two threads that beat for as long as the test lets them. */
class Threads {
  readonly time = new ManualTime();
  readonly beats = [0, 0];
  readonly beating = new Set<number>();
  readonly stalled: number[] = [];
  readonly neverBegan: number[] = [];
  readonly watchdog = new Watchdog(this.time, this.time, {
    workers: 2,
    beatsOf: (worker) => this.beats[worker]!,
    stallMsMax: STALL_MS,
    startMsMax: START_MS,
    onStalled: (worker, hasBegun) => {
      this.stalled.push(worker);
      if (!hasBegun) this.neverBegan.push(worker);
    },
  });

  constructor() {
    this.#beat();
    this.watchdog.start();
  }

  /** The whole process stands still; when it goes on, the watchdog looks before any thread has beaten. */
  async sleep(durationMs: number): Promise<void> {
    const asleep = [...this.beating];
    this.beating.clear();
    await this.time.jump(durationMs);
    for (const worker of asleep) this.beating.add(worker);
  }

  succeed(worker: number): void {
    this.beats[worker] = 0;
    this.watchdog.begins(worker);
  }

  #beat(): void {
    for (const worker of this.beating) this.beats[worker]!++;
    this.time.after(250, () => this.#beat());
  }
}

describe('a watchdog', () => {
  test('tells once of a thread that makes no progress, after its time', async () => {
    const threads = new Threads();
    threads.beating.add(0).add(1);
    await threads.time.pass(60_000);
    expect(threads.stalled).toEqual([]);
    threads.beating.delete(1);
    await threads.time.pass(STALL_MS - 500);
    expect(threads.stalled).toEqual([]);
    await threads.time.pass(1_500);
    expect(threads.stalled).toEqual([1]);
    await threads.time.pass(60_000);
    expect(threads.stalled).toEqual([1]);
  });

  test('gives a thread longer until its first beat, and its successor as long again', async () => {
    const threads = new Threads();
    threads.beating.add(0);
    await threads.time.pass(START_MS - 1_000);
    expect(threads.stalled).toEqual([]);
    threads.beating.add(1);
    await threads.time.pass(1_000);
    threads.beating.delete(1);
    await threads.time.pass(STALL_MS + 1_000);
    expect([threads.stalled, threads.neverBegan]).toEqual([[1], []]);
    // It ends, and another one begins under its number.
    threads.succeed(1);
    await threads.time.pass(START_MS - 1_000);
    expect(threads.stalled).toEqual([1]);
    threads.beating.add(1);
    await threads.time.pass(60_000);
    expect(threads.stalled).toEqual([1]);
  });

  test('tells once of each thread that never begins, also of one that takes the place of another', async () => {
    const threads = new Threads();
    threads.beating.add(0);
    await threads.time.pass(START_MS - 1_000);
    expect(threads.stalled).toEqual([]);
    await threads.time.pass(60_000);
    expect([threads.stalled, threads.neverBegan]).toEqual([[1], [1]]);
    threads.succeed(1);
    await threads.time.pass(START_MS - 1_000);
    expect(threads.stalled).toEqual([1]);
    await threads.time.pass(60_000);
    expect([threads.stalled, threads.neverBegan]).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  test('begins anew with every progress', async () => {
    const threads = new Threads();
    threads.beating.add(0).add(1);
    await threads.time.pass(1_000);
    for (let round = 0; round < 10; round++) {
      threads.beating.delete(1);
      await threads.time.pass(STALL_MS - 1_000);
      threads.beating.add(1);
      await threads.time.pass(500);
    }
    expect(threads.stalled).toEqual([]);
  });

  test('accuses nobody because the whole process stood still', async () => {
    const threads = new Threads();
    threads.beating.add(0).add(1);
    await threads.time.pass(1_000);
    for (let nap = 0; nap < 15; nap++) {
      await threads.sleep(3_600_000);
      await threads.time.pass(600);
    }
    expect(threads.stalled).toEqual([]);
  });

  test('counts no time in which it did not look itself', async () => {
    const threads = new Threads();
    threads.beating.add(0);
    threads.beats[1] = 1;
    await threads.time.pass(STALL_MS / 2);
    await threads.sleep(3_600_000);
    expect(threads.stalled).toEqual([]);
    await threads.time.pass(STALL_MS);
    expect(threads.stalled).toEqual([1]);
  });

  test('looks no more once it is stopped', async () => {
    const threads = new Threads();
    threads.beats[1] = 1;
    await threads.time.pass(1_000);
    threads.watchdog.stop();
    await threads.time.pass(60_000);
    expect(threads.stalled).toEqual([]);
  });
});
