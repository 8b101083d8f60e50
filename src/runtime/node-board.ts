// The few facts that every thread of a node reads at every request: shared memory, written by the main thread alone.

export type NodePhase = 'starting' | 'ready' | 'stopping';

const PHASES: readonly NodePhase[] = ['starting', 'ready', 'stopping'];

export class NodeBoard {
  /** To hand to other threads. */
  readonly shared: SharedArrayBuffer;
  readonly #phase: Int32Array;
  readonly #projectedUpTo: BigInt64Array;
  readonly #leaseUntil: BigInt64Array;
  readonly #revision: Int32Array;

  constructor(shared = new SharedArrayBuffer(24)) {
    this.shared = shared;
    this.#phase = new Int32Array(shared, 0, 1);
    this.#revision = new Int32Array(shared, 4, 1);
    this.#projectedUpTo = new BigInt64Array(shared, 8, 1);
    this.#leaseUntil = new BigInt64Array(shared, 16, 1);
  }

  /** Monotonic milliseconds up to which nobody takes anything over from this node; 0 for no lease. */
  get leaseUntil(): number {
    return Number(Atomics.load(this.#leaseUntil, 0));
  }

  set leaseUntil(monotonicMs: number) {
    Atomics.store(this.#leaseUntil, 0, BigInt(Math.floor(Math.min(monotonicMs, Number.MAX_SAFE_INTEGER))));
  }

  /** Of the placement document by which the shards are where the table says. */
  get revision(): number {
    return Atomics.load(this.#revision, 0);
  }

  set revision(revision: number) {
    Atomics.store(this.#revision, 0, revision);
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
