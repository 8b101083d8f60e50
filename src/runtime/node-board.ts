// The few facts that every thread of a node reads at every request: shared memory, written by the main thread alone.

export type NodePhase = 'starting' | 'ready' | 'stopping';

const PHASES: readonly NodePhase[] = ['starting', 'ready', 'stopping'];

export class NodeBoard {
  /** To hand to other threads. */
  readonly shared: SharedArrayBuffer;
  readonly #phase: Int32Array;
  readonly #projectedUpTo: BigInt64Array;

  constructor(shared = new SharedArrayBuffer(16)) {
    this.shared = shared;
    this.#phase = new Int32Array(shared, 0, 1);
    this.#projectedUpTo = new BigInt64Array(shared, 8, 1);
  }

  get phase(): NodePhase {
    return PHASES[Atomics.load(this.#phase, 0)]!;
  }

  set phase(phase: NodePhase) {
    Atomics.store(this.#phase, 0, PHASES.indexOf(phase));
  }

  /** Epoch milliseconds up to which Postgres has everything. */
  get projectedUpTo(): number {
    return Number(Atomics.load(this.#projectedUpTo, 0));
  }

  set projectedUpTo(epochMs: number) {
    Atomics.store(this.#projectedUpTo, 0, BigInt(Math.floor(epochMs)));
  }
}
