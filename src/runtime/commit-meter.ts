// What the journal's thread committed, in memory that every thread of a node can read: how often, to wait for the next
// time, and how much, to see a rush. Both wrap around.

const COMMITS = 0;
const BYTES = 1;

export class CommitMeter {
  /** To hand to other threads. */
  readonly shared: SharedArrayBuffer;
  readonly #counts: Int32Array;

  constructor(shared = new SharedArrayBuffer(8)) {
    this.shared = shared;
    this.#counts = new Int32Array(shared);
  }

  get commits(): number {
    return Atomics.load(this.#counts, COMMITS);
  }

  /** Of records. */
  get bytes(): number {
    return Atomics.load(this.#counts, BYTES);
  }

  /** By the journal's owner alone, after each commit. */
  add(bytes: number): void {
    Atomics.add(this.#counts, BYTES, bytes);
    Atomics.add(this.#counts, COMMITS, 1);
    Atomics.notify(this.#counts, COMMITS);
  }

  /** Resolves when there were others after `seen` commits, or when the time is up. */
  async after(seen: number, waitMs: number): Promise<void> {
    await Atomics.waitAsync(this.#counts, COMMITS, seen, waitMs).value;
  }
}
