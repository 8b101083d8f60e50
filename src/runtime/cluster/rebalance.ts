// Brings shards to this node that belong here and are elsewhere, live: whoever is to have a shard fetches it.
//
//   read it beforehand ─▶ the document names the new home ─▶ the giver decides what it has, answers, stops ─▶ claim, open
//                         commands wait in the taker's mailbox from here on ──────────────────────────────▶ and are decided
//
// Safety rests on none of these steps: the taker's claim fences a giver that goes on. But a giver that is a member has a
// lease, under which it may answer without asking anybody; so it is waited for until it has stopped, or is a member no more.
// A few shards at a time; what fails before the document is changed leaves everything as it was.

import { memberOf, NOBODY, workerOf } from '../address.ts';
import type { Address, Clock, Timers } from '../ports.ts';
import { memberOfNumber, rehome, Target, type ClusterDocument } from './cluster-document.ts';
import { ClusterUnavailable } from './cluster-store.ts';

export interface RebalancePorts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Pick<Timers, 'after'>;
  /** Of this node. */
  readonly member: number;
  readonly document: () => ClusterDocument;
  readonly change: (
    change: (document: ClusterDocument) => ClusterDocument | undefined,
  ) => Promise<ClusterDocument>;
  /** Reads the shard on that thread of this node; commands may wait there from then on. */
  readonly prepare: (worker: number, shard: number) => Promise<void>;
  readonly abandon: (worker: number, shard: number) => Promise<void>;
  /** Opens the shards on that thread of this node. */
  readonly take: (worker: number, shards: readonly number[]) => Promise<void>;
  /** Resolves when that thread of that member has stopped them. */
  readonly release: (from: Address, shards: readonly number[]) => Promise<void>;
  readonly onFetched: (shards: readonly number[], pauseMs: number) => void;
  /** A giver does not stop: asked again. */
  readonly onWaiting: (from: Address, error: Error) => void;
  /** Nothing is under way of these any more; what is named for this node already has to be opened by the document. */
  readonly onFailed: (shards: readonly number[], error: Error) => void;
}

export const REBALANCE_LIMITS = {
  /** Fetched together. */
  shardsMax: 16,
  /** After a failure. */
  retryMs: 500,
  /** Between two questions to a giver that does not stop. */
  releaseRetryMs: 100,
} as const;

interface Fetched {
  readonly shard: number;
  readonly from: Address;
  readonly to: Address;
}

export class Rebalance {
  readonly #ports: RebalancePorts;
  readonly #underWay = new Set<number>();
  readonly #awaited = new Set<number>();
  readonly #target = new Target();
  #longestPauseMs = 0;
  #fetched = 0;
  #isRunning = false;
  #isStopped = false;

  constructor(ports: RebalancePorts) {
    this.#ports = ports;
  }

  /** Their giver has not stopped yet: nobody may open them because of the document alone. */
  get underWay(): readonly number[] {
    return [...this.#underWay];
  }

  /** Their giver has not stopped yet, also when they are to go on to others by now: this node cannot give them. */
  awaits(shards: readonly number[]): boolean {
    return shards.some((shard) => this.#awaited.has(shard));
  }

  /** From the change of the document to the moment at which the last shard of those fetched together was open. */
  get longestPauseMs(): number {
    return this.#longestPauseMs;
  }

  get fetched(): number {
    return this.#fetched;
  }

  /** The document changed: fetches what belongs here, until nothing is left. */
  run(): void {
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    void this.#fetchAll();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #fetchAll(): Promise<void> {
    const { onFailed } = this.#ports;
    for (let due = this.#due(); due.length > 0 && !this.#isStopped; due = this.#due()) {
      const shards = due.map(({ shard }) => shard);
      try {
        await this.#fetch(due);
        this.#over(shards);
      } catch (error) {
        await this.#abandonUnnamed(due);
        this.#over(shards);
        onFailed(shards, error as Error);
        await this.#pause(REBALANCE_LIMITS.retryMs);
      }
    }
    this.#isRunning = false;
  }

  #over(shards: readonly number[]): void {
    for (const shard of shards) {
      this.#underWay.delete(shard);
      this.#awaited.delete(shard);
    }
  }

  #due(): Fetched[] {
    const { document } = this.#ports;
    return this.#dueBy(document()).slice(0, REBALANCE_LIMITS.shardsMax);
  }

  async #fetch(due: readonly Fetched[]): Promise<void> {
    const { clock, prepare } = this.#ports;
    for (const { shard } of due) this.#underWay.add(shard);
    await Promise.all(due.map(({ shard, to }) => prepare(workerOf(to), shard)));
    const since = clock.monotonic();
    for (const { shard } of due) this.#awaited.add(shard);
    const document = await this.#name(due);
    if (document === undefined) return;
    const named = due.filter(({ shard, to }) => document.homes[shard] === to);
    for (const one of due) if (!named.includes(one)) this.#awaited.delete(one.shard);
    await this.#abandonUnnamed(due);
    await Promise.all(
      [...Map.groupBy(named, ({ from }) => from)].map(([from, of]) => this.#whenReleased(from, of)),
    );
    await Promise.all([...Map.groupBy(named, ({ to }) => to)].map(([to, of]) => this.#take(to, of)));
    const fetched = named.filter((one) => this.#isStillHere(one)).map(({ shard }) => shard);
    if (fetched.length === 0) return;
    const pauseMs = clock.monotonic() - since;
    this.#fetched += fetched.length;
    this.#longestPauseMs = Math.max(this.#longestPauseMs, pauseMs);
    this.#ports.onFetched(fetched, pauseMs);
  }

  async #abandonUnnamed(due: readonly Fetched[]): Promise<void> {
    const { document, abandon } = this.#ports;
    const { homes } = document();
    const unnamed = due.filter(({ shard, to }) => homes[shard] !== to);
    await Promise.allSettled(unnamed.map(({ shard, to }) => abandon(workerOf(to), shard)));
  }

  /**
   * Those that still are where they were, and belong here. A change that nobody answered may have been made, or be made yet:
   * it is asked for until there is an answer, and until then the shards stay under way. @returns undefined when stopped
   */
  async #name(due: readonly Fetched[]): Promise<ClusterDocument | undefined> {
    const { change, onFailed } = this.#ports;
    while (!this.#isStopped) {
      try {
        return await change((document) => this.#naming(due, document));
      } catch (error) {
        if (!(error instanceof ClusterUnavailable)) throw error;
        onFailed(
          due.map(({ shard }) => shard),
          error,
        );
        await this.#pause(REBALANCE_LIMITS.retryMs);
      }
    }
    return undefined;
  }

  #naming(due: readonly Fetched[], document: ClusterDocument): ClusterDocument | undefined {
    const still = new Map(this.#dueBy(document).map((one) => [one.shard, one]));
    const homes = due.flatMap(({ shard, from, to }): [number, Address][] => {
      const now = still.get(shard);
      return now?.from === from && now.to === to ? [[shard, to]] : [];
    });
    return homes.length === 0 ? undefined : rehome(document, new Map(homes));
  }

  /**
   * Resolves when their giver has stopped, or is a member no more, or has them back. Those that are to go on to others are
   * waited for, too, since these ask this node alone.
   */
  async #whenReleased(from: Address, due: readonly Fetched[]): Promise<void> {
    const { document, release, onWaiting } = this.#ports;
    for (;;) {
      const { homes } = document();
      const shards = due.map(({ shard }) => shard).filter((shard) => homes[shard] !== from);
      const isOver = memberOfNumber(document(), memberOf(from)) === undefined || shards.length === 0;
      if (from === NOBODY || isOver) break;
      try {
        await release(from, shards);
        break;
      } catch (error) {
        onWaiting(from, error as Error);
        // It hangs, or its thread has died; or it cannot be reached, and will be a member no more.
        await this.#pause(REBALANCE_LIMITS.releaseRetryMs);
      }
    }
    for (const { shard } of due) this.#awaited.delete(shard);
  }

  /** Its thread may die meanwhile: then another one takes them. */
  async #take(to: Address, due: readonly Fetched[]): Promise<void> {
    const { take, onFailed } = this.#ports;
    for (;;) {
      const shards = due.filter((one) => this.#isStillHere(one)).map(({ shard }) => shard);
      if (shards.length === 0) return;
      try {
        return await take(workerOf(to), shards);
      } catch (error) {
        onFailed(shards, error as Error);
        await this.#pause(REBALANCE_LIMITS.retryMs);
      }
    }
  }

  #isStillHere({ shard, to }: Fetched): boolean {
    return this.#ports.document().homes[shard] === to;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#ports.timers.after(delayMs, resolve));
  }

  #dueBy(document: ClusterDocument): Fetched[] {
    const { member } = this.#ports;
    return this.#target.of(document).flatMap((to, shard): Fetched[] => {
      const from = document.homes[shard]!;
      return memberOf(to) === member && to !== from ? [{ shard, from, to }] : [];
    });
  }
}
