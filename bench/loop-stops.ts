// The longest stops of this thread's event loop while something runs, told two ways.
//
//   stop   from one turn to the next, by the clock: what a command in the mailbox waits, whatever the reason
//   busy   the same without the time in which the thread was ready to run and other threads had the cores (Linux counts it):
//          what it worked, collected garbage, or waited for V8's helpers to do so. The part that the code answers for
//
// On a machine whose cores are all taken the first one mostly tells of the machine.

import { openSync, closeSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Of the thread that opens it: nanoseconds on a core, nanoseconds ready and without one, turns on a core. */
const SCHEDULER_FILE = '/proc/thread-self/schedstat';
const TICK_MS = 1;

export interface Stops {
  readonly stopMs: number;
  /** Null where the system does not count it. */
  readonly busyMs: number | null;
  readonly elapsedMs: number;
}

export async function longestStops(work: () => Promise<unknown>): Promise<Stops> {
  const startedAt = performance.now();
  const delays = monitorEventLoopDelay({ resolution: TICK_MS });
  const busy = BusyStops.start();
  delays.enable();
  await work();
  delays.disable();
  const busyMs = busy?.end() ?? null;
  return { stopMs: delays.max / 1e6, busyMs, elapsedMs: performance.now() - startedAt };
}

class BusyStops {
  readonly #file: number;
  readonly #text = Buffer.alloc(64);
  readonly #timer: NodeJS.Timeout;
  #longestMs = 0;
  #at: number;
  #waitedMs: number;

  private constructor(file: number) {
    this.#file = file;
    this.#at = performance.now();
    this.#waitedMs = this.#readWaitedMs();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  static start(): BusyStops | undefined {
    try {
      return new BusyStops(openSync(SCHEDULER_FILE, 'r'));
    } catch {
      return undefined;
    }
  }

  end(): number {
    this.#tick();
    clearInterval(this.#timer);
    closeSync(this.#file);
    return this.#longestMs;
  }

  #tick(): void {
    const at = performance.now();
    const waitedMs = this.#readWaitedMs();
    this.#longestMs = Math.max(this.#longestMs, at - this.#at - TICK_MS - (waitedMs - this.#waitedMs));
    this.#at = at;
    this.#waitedMs = waitedMs;
  }

  #readWaitedMs(): number {
    const bytes = readSync(this.#file, this.#text, 0, this.#text.length, 0);
    const waitedNanos = Number(this.#text.toString('latin1', 0, bytes).split(' ')[1]);
    if (!Number.isFinite(waitedNanos))
      throw new Error(`${SCHEDULER_FILE} does not say how long the thread waited`);
    return waitedNanos / 1e6;
  }
}
