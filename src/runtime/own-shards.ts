// The shards of one thread: opens what placement gives it, and claims a shard that it lost again for as long as placement
// says that it is its own. A claim can be lost without any rival: the last append of a dead owner may land between the
// look at the journal's head and the claim.
//
// A handover between two living threads, asked for by the main one (src/handover.ts):
//
//   taker   prepare ─────────────────┐             take: claim, read the rest, open
//   table                            └▶ taker ┐    ▲
//   giver   open ─────────────────────────────┴▶ release: drained

import { backOff, type BackOffLimits } from './back-off.ts';
import type { Address, Timers } from './ports.ts';
import type { Shard } from './shard.ts';
import type { ShardStatus } from './shard-status.ts';

const RECLAIM: BackOffLimits = { firstMs: 20, mostMs: 1_000 };

export interface OwnShardsOptions {
  readonly self: Address;
  readonly shards: number;
  /** Where a shard lives at this moment. */
  readonly ownerOf: (shard: number) => Address;
  /** The revision that put it there; 0 always in a node by itself. */
  readonly sinceOf?: (shard: number) => number;
  readonly timers: Timers;
  readonly make: (shard: number, onPhase: (status: ShardStatus) => void) => Shard;
  /** Hears of every change of phase. */
  readonly onPhase?: (status: ShardStatus) => void;
}

export class OwnShards {
  /** For the router; also those that were lost, which answer `moved`. */
  readonly byNumber = new Map<number, Shard>();
  readonly #options: OwnShardsOptions;
  readonly #opening = new Map<number, Promise<void>>();
  /** Those that finish what they have. */
  readonly #releasing = new Map<number, Promise<void>>();
  /** Those that another owner is about to hand over. */
  readonly #prepared = new Map<number, Shard>();
  #draining = false;
  /** Of shards that are here no more. */
  #fencedBefore = 0;

  constructor(options: OwnShardsOptions) {
    this.#options = options;
  }

  /**
   * Takes every shard that placement gives to this thread and that it has not, at once; resolves when they are open.
   * @param except those that are being handed over: they are taken when their giver has stopped
   */
  async adopt(except: readonly number[] = []): Promise<void> {
    const { shards } = this.#options;
    const others = new Set(except);
    const all = Array.from({ length: shards }, (_, shard) => shard);
    await this.take(all.filter((shard) => !others.has(shard)));
  }

  /** Those of these that placement gives to this thread and that it has not. */
  async take(numbers: readonly number[]): Promise<void> {
    const { self, ownerOf } = this.#options;
    const due = numbers.filter((number) => ownerOf(number) === self);
    for (const number of due) {
      // Placement may have gone and come back without this thread's notice: what it has is another owner's by now.
      if (this.#isStale(number)) void this.#stop(number);
      if (this.#isMissing(number)) this.#begin(number);
    }
    await Promise.all(due.flatMap((number) => this.#opening.get(number) ?? []));
  }

  /** Stops what placement gives to others by now, unless it is about to come here. */
  async releaseOthers(): Promise<void> {
    const { self, ownerOf } = this.#options;
    const others = [...this.byNumber.keys()].filter(
      (number) => ownerOf(number) !== self && !this.#prepared.has(number),
    );
    await Promise.all(others.map((number) => this.release(number)));
  }

  /** Makes ready to take a shard over: reads it, claims nothing yet, and lets commands wait in it. */
  async prepare(number: number): Promise<void> {
    await this.#settled(number);
    // What it was here before is not stopped yet: placement may have gone and come back without this thread's notice.
    await this.#stop(number);
    if (!this.#isMissing(number)) return;
    const shard = this.#make(number);
    this.#prepared.set(number, shard);
    await shard.prewarm();
  }

  /** The handover was called off. Nobody was sent here yet. */
  abandon(number: number): void {
    const shard = this.#prepared.get(number);
    this.#prepared.delete(number);
    if (shard !== undefined && this.byNumber.get(number) === shard) this.byNumber.delete(number);
  }

  /**
   * Takes nothing more for the shard, and resolves when all that it had taken is durable and answered.
   * @throws when placement gives it to this thread: whoever asks knows an older one
   */
  async release(number: number): Promise<void> {
    const { self, ownerOf } = this.#options;
    if (ownerOf(number) === self) throw new Error(`shard ${number} lives here`);
    await this.#stop(number);
  }

  /** What waits is decided and durable; nothing is taken any more. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.all([...this.byNumber.values()].map((shard) => shard.drain()));
  }

  /** Appends that were refused since somebody else owned the shard by then. */
  get fenced(): number {
    let count = this.#fencedBefore;
    for (const { fenced } of this.byNumber.values()) count += fenced;
    return count;
  }

  status(): ShardStatus[] {
    return [...this.byNumber.values()].map((shard) => shard.status());
  }

  /** It neither opens nor stops under an earlier placement any more. */
  async #settled(number: number): Promise<void> {
    for (;;) {
      const underWay = this.#releasing.get(number) ?? this.#opening.get(number);
      if (underWay === undefined) return;
      await underWay;
    }
  }

  async #stop(number: number): Promise<void> {
    const shard = this.byNumber.get(number);
    if (shard === undefined || this.#prepared.has(number)) return;
    const stopped =
      this.#releasing.get(number) ??
      this.#drained(number, shard).finally(() => this.#releasing.delete(number));
    this.#releasing.set(number, stopped);
    await stopped;
  }

  async #drained(number: number, shard: Shard): Promise<void> {
    await shard.drain();
    if (this.byNumber.get(number) === shard) this.#forget(number, shard);
  }

  #isStale(number: number): boolean {
    const shard = this.byNumber.get(number);
    const since = this.#options.sinceOf?.(number) ?? 0;
    const isSettled = shard !== undefined && !this.#opening.has(number) && !this.#prepared.has(number);
    return isSettled && shard.phase !== 'refused' && shard.claimedUnder < since;
  }

  #isMissing(shard: number): boolean {
    const owned = this.byNumber.get(shard);
    if (this.#opening.has(shard)) return false;
    if (this.#releasing.has(shard)) return true;
    return owned === undefined || owned.phase === 'lost' || this.#prepared.has(shard);
  }

  #begin(number: number): void {
    // It may be on its way out still, and come back.
    const released = this.#releasing.get(number);
    const begun = released === undefined ? this.#open(number) : released.then(() => this.#open(number));
    const opened = begun.finally(() => this.#opening.delete(number));
    this.#opening.set(number, opened);
  }

  async #open(number: number): Promise<void> {
    const { self, ownerOf, timers } = this.#options;
    for (let tries = 0; ownerOf(number) === self && !this.#draining; tries++) {
      const shard = this.#prepared.get(number) ?? this.#make(number);
      this.#prepared.delete(number);
      await shard.open();
      if (shard.phase !== 'lost') break;
      await backOff(timers, tries, RECLAIM);
    }
  }

  #make(number: number): Shard {
    const before = this.byNumber.get(number);
    if (before !== undefined) this.#forget(number, before);
    const shard = this.#options.make(number, (status) => this.#heardOf(status));
    this.byNumber.set(number, shard);
    return shard;
  }

  #forget(number: number, shard: Shard): void {
    this.#fencedBefore += shard.fenced;
    this.byNumber.delete(number);
  }

  #heardOf(status: ShardStatus): void {
    this.#options.onPhase?.(status);
    const { shard, phase } = status;
    if (phase !== 'lost' || this.#opening.has(shard) || this.#releasing.has(shard)) return;
    // It was open, and somebody wrote to it: the owner by placement, or nobody who has a right to.
    const { self, ownerOf } = this.#options;
    if (ownerOf(shard) !== self) return;
    const again = backOff(this.#options.timers, 0, RECLAIM).then(() => this.#open(shard));
    this.#opening.set(
      shard,
      again.finally(() => this.#opening.delete(shard)),
    );
  }
}
