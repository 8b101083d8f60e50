// All buckets of one node, in memory that its threads share: no lock, and nothing allocated. A bucket is the moment at which it would be
// full again (the generic cell rate algorithm): taking a request moves that moment on, and one that lies behind the present is a full
// bucket, so that forgetting it loses nothing.
//
//   low bits of the hash ──▶ a set: one line of the processor's cache
//                            ┌────────────────────┬────────────────────┐      tag       high bits of the hash, 0: free
//                            │ tag of 8 slots     │ full at, of 8      │      full at   when it is full again
//                            └────────────────────┴────────────────────┘      untold    taken; other nodes have not heard of it
//
// A thread that takes a slot over while another still charges whoever had it charges the wrong one a request: there are never more such
// errors than threads at that moment. Times are 32 bits of 10 µs on the clock that all threads share; differences wrap with it.

const SET_BITS = 15;
const WAYS = 8;
/** Buckets of a node. When all of a set are in use, the one that is nearest to full makes room. */
export const BUCKETS_MAX = 2 ** SET_BITS * WAYS;
const SET_MASK = 2 ** SET_BITS - 1;
const PER_MILLISECOND = 100;
/** 3 hours; what seems to be further ahead was left behind long ago. */
const AHEAD_UNITS_MAX = 2 ** 30;
/** Other threads may take slots over at the same time; then any will do. */
const CLAIM_TRIES_MAX = 8;

const EVICTED = 0;
const HEAD_WORDS = 16;

/** What one bucket has to do with. */
export interface BucketRate {
  /** Between two requests of a bucket that is empty. */
  readonly unitsPerRequest: number;
  /** Of the whole bucket. */
  readonly unitsMax: number;
}

/** A full bucket has exactly `count` requests; how long it takes to fill is right to half a unit for each of them. */
export const bucketRate = (count: number, windowMs: number): BucketRate => {
  const unitsPerRequest = Math.max(1, Math.round((windowMs * PER_MILLISECOND) / count));
  return { unitsPerRequest, unitsMax: unitsPerRequest * count };
};

/** What other nodes have to hear of. */
export interface Spent {
  readonly slot: number;
  readonly tag: number;
  readonly units: number;
}

export class BucketTable {
  /** To hand to other threads. */
  readonly shared: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #sets: Int32Array;
  readonly #untold: Int32Array;
  readonly #isTold: boolean;

  /** @param isTold whether somebody takes what is untold away */
  constructor(isTold: boolean, shared = new SharedArrayBuffer((HEAD_WORDS + 3 * BUCKETS_MAX) * 4)) {
    this.shared = shared;
    this.#isTold = isTold;
    this.#head = new Int32Array(shared, 0, HEAD_WORDS);
    this.#sets = new Int32Array(shared, HEAD_WORDS * 4, 2 * BUCKETS_MAX);
    this.#untold = new Int32Array(shared, (HEAD_WORDS + 2 * BUCKETS_MAX) * 4, BUCKETS_MAX);
  }

  /** Buckets that made room while they were not full. */
  get evicted(): number {
    return Atomics.load(this.#head, EVICTED);
  }

  /** @param low, high of a hash @param now as `unitsOf` tells it @returns the bucket, its owner's until somebody needs the room */
  slotOf(low: number, high: number, now: number): number {
    const first = (low & SET_MASK) * WAYS;
    const tag = tagOf(high);
    for (let slot = first; slot < first + WAYS; slot++)
      if (Atomics.load(this.#sets, tagAt(slot)) === tag) return slot;
    return this.#claim(first, tag, now);
  }

  /** Takes one request. @returns units that the bucket is away from full, or, when it has none, less than 0: units to wait, negated */
  take(slot: number, { unitsPerRequest, unitsMax }: BucketRate, now: number): number {
    for (;;) {
      const before = Atomics.load(this.#sets, fullAt(slot));
      const ahead = aheadOf(before, now) + unitsPerRequest;
      if (ahead > unitsMax) return unitsMax - ahead;
      if (Atomics.compareExchange(this.#sets, fullAt(slot), before, (now + ahead) | 0) !== before) continue;
      if (this.#isTold) Atomics.add(this.#untold, slot, unitsPerRequest);
      return ahead;
    }
  }

  /** Gives back what was taken in vain. */
  giveBack(slot: number, { unitsPerRequest }: BucketRate): void {
    Atomics.sub(this.#sets, fullAt(slot), unitsPerRequest);
    if (this.#isTold) Atomics.sub(this.#untold, slot, unitsPerRequest);
  }

  /** Takes away what is untold, from a slot on. @returns where to go on: 0 after the last one */
  takeUntold(from: number, countMax: number, into: Spent[]): number {
    for (let slot = from; slot < BUCKETS_MAX; slot++) {
      if (this.#untold[slot] === 0) continue;
      if (into.length >= countMax) return slot;
      const units = Atomics.exchange(this.#untold, slot, 0);
      if (units > 0) into.push({ slot, tag: Atomics.load(this.#sets, tagAt(slot)), units });
    }
    return 0;
  }

  /** Other nodes took from it, too. @param ahead units by which it is away from full */
  raise(slot: number, tag: number, ahead: number, now: number): void {
    const until = (now + Math.min(ahead, AHEAD_UNITS_MAX)) | 0;
    for (;;) {
      if (Atomics.load(this.#sets, tagAt(slot)) !== tag) return;
      const before = Atomics.load(this.#sets, fullAt(slot));
      if (aheadOf(before, now) >= aheadOf(until, now)) return;
      if (Atomics.compareExchange(this.#sets, fullAt(slot), before, until) === before) return;
    }
  }

  /** Frees what is full, before its moment comes round again. @returns buckets that are in use */
  sweep(now: number): number {
    let used = 0;
    for (let slot = 0; slot < BUCKETS_MAX; slot++) {
      const tag = Atomics.load(this.#sets, tagAt(slot));
      if (tag === 0) continue;
      if (aheadOf(Atomics.load(this.#sets, fullAt(slot)), now) > 0 || Atomics.load(this.#untold, slot) !== 0)
        used++;
      else Atomics.compareExchange(this.#sets, tagAt(slot), tag, 0);
    }
    return used;
  }

  #claim(first: number, tag: number, now: number): number {
    for (let tries = 0; ; tries++) {
      let chosen = first;
      let chosenTag = 0;
      let chosenFull = 0;
      let least = Infinity;
      for (let slot = first; slot < first + WAYS; slot++) {
        // First what the claim depends on: whoever claims the slot after this look at its name changes it, and is seen below.
        const full = Atomics.load(this.#sets, fullAt(slot));
        const slotTag = Atomics.load(this.#sets, tagAt(slot));
        // Another thread was faster.
        if (slotTag === tag) return slot;
        const ahead = slotTag === 0 ? 0 : aheadOf(full, now);
        if (ahead >= least) continue;
        chosen = slot;
        chosenTag = slotTag;
        chosenFull = full;
        least = ahead;
      }
      if (tries === CLAIM_TRIES_MAX) return chosen;
      // Full before it has its name: from then on others take from it.
      if (Atomics.compareExchange(this.#sets, fullAt(chosen), chosenFull, now) !== chosenFull) continue;
      const untold = Atomics.load(this.#untold, chosen);
      if (Atomics.compareExchange(this.#sets, tagAt(chosen), chosenTag, tag) !== chosenTag) continue;
      if (untold !== 0) Atomics.sub(this.#untold, chosen, untold);
      if (least > 0) Atomics.add(this.#head, EVICTED, 1);
      return chosen;
    }
  }
}

/** The name of a bucket for all nodes. */
export const bucketName = ({ slot, tag }: Spent): string =>
  Math.floor(slot / WAYS)
    .toString(16)
    .padStart(4, '0') + (tag >>> 0).toString(16).padStart(8, '0');

/** @param monotonicMs of the clock that all threads of the machine share */
export const unitsOf = (monotonicMs: number): number => Math.floor(monotonicMs * PER_MILLISECOND) | 0;

export const unitsToMs = (units: number): number => units / PER_MILLISECOND;

/** Where of a slot the words stand in its set. */
const tagAt = (slot: number): number => ((slot & ~(WAYS - 1)) << 1) | (slot & (WAYS - 1));
const fullAt = (slot: number): number => tagAt(slot) + WAYS;

/** 0 is the sign of a free slot. */
const tagOf = (high: number): number => (high === 0 ? 1 : high);

/** By how much a moment is ahead of now; 0 when it is past. */
function aheadOf(moment: number, now: number): number {
  const ahead = (moment - now) | 0;
  return ahead > 0 && ahead <= AHEAD_UNITS_MAX ? ahead : 0;
}
