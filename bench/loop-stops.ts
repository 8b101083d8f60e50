// The longest stops of this thread's event loop while something runs, told in three ways.
//
//   stop   from one turn to the next, by the clock: what a command in the mailbox waits, whatever the reason
//   busy   the same without the time in which the thread was ready and had no core (Linux counts it): what it worked, and
//          what it stood still for the disk, or for V8's helpers in a collection, who may have had no core either
//   cpu    the time that it ran in one turn, its own part of collections included
//
// On a machine whose cores are all taken the first two mostly tell of the machine.

import { openSync, closeSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Of the thread that opens it: nanoseconds on a core, nanoseconds ready and without one, turns on a core. */
const SCHEDULER_FILE = '/proc/thread-self/schedstat';
const TICK_MS = 1;

export interface Stops {
  readonly stopMs: number;
  /** Null where the system does not count it. */
  readonly busyMs: number | null;
  readonly cpuMs: number | null;
  readonly elapsedMs: number;
}

export async function longestStops(work: () => Promise<unknown>): Promise<Stops> {
  const startedAt = performance.now();
  const delays = monitorEventLoopDelay({ resolution: TICK_MS });
  const turns = LongestTurns.start();
  delays.enable();
  await work();
  delays.disable();
  turns?.end();
  const { busyMs = null, cpuMs = null } = turns ?? {};
  return { stopMs: delays.max / 1e6, busyMs, cpuMs, elapsedMs: performance.now() - startedAt };
}

class LongestTurns {
  busyMs = 0;
  cpuMs = 0;
  readonly #file: number;
  readonly #text = Buffer.alloc(64);
  readonly #timer: NodeJS.Timeout;
  #at: number;
  #known: Scheduled;

  private constructor(file: number) {
    this.#file = file;
    this.#at = performance.now();
    this.#known = this.#read();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  static start(): LongestTurns | undefined {
    try {
      return new LongestTurns(openSync(SCHEDULER_FILE, 'r'));
    } catch {
      return undefined;
    }
  }

  end(): void {
    this.#tick();
    clearInterval(this.#timer);
    closeSync(this.#file);
  }

  #tick(): void {
    const at = performance.now();
    const { ranMs, waitedMs } = this.#read();
    this.busyMs = Math.max(this.busyMs, at - this.#at - TICK_MS - (waitedMs - this.#known.waitedMs));
    this.cpuMs = Math.max(this.cpuMs, ranMs - this.#known.ranMs);
    this.#at = at;
    this.#known = { ranMs, waitedMs };
  }

  #read(): Scheduled {
    const bytes = readSync(this.#file, this.#text, 0, this.#text.length, 0);
    const [ran, waited] = this.#text.toString('latin1', 0, bytes).split(' ').map(Number);
    return { ranMs: ran! / 1e6, waitedMs: waited! / 1e6 };
  }
}

/** Since the thread began. */
interface Scheduled {
  readonly ranMs: number;
  readonly waitedMs: number;
}
