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
    const { timers, onFailed } = this.#ports;
    for (let due = this.#due(); due.length > 0 && !this.#isStopped; due = this.#due()) {
      const shards = due.map(({ shard }) => shard);
      try {
        await this.#fetch(due);
        for (const shard of shards) this.#underWay.delete(shard);
      } catch (error) {
        await this.#abandonUnnamed(due);
        for (const shard of shards) this.#underWay.delete(shard);
        onFailed(shards, error as Error);
        await new Promise<void>((resolve) => void timers.after(REBALANCE_LIMITS.retryMs, resolve));
      }
    }
    this.#isRunning = false;
  }

  #due(): Fetched[] {
    const { document } = this.#ports;
    return this.#dueBy(document()).slice(0, REBALANCE_LIMITS.shardsMax);
  }

  async #fetch(due: readonly Fetched[]): Promise<void> {
    const { clock, member, prepare, take } = this.#ports;
    for (const { shard } of due) this.#underWay.add(shard);
    await Promise.all(due.map(({ shard, to }) => prepare(workerOf(to), shard)));
    const since = clock.monotonic();
    const document = await this.#name(due);
    const named = due.filter(({ shard, to }) => document.homes[shard] === to);
    await this.#abandonUnnamed(due);
    await Promise.all(
      [...Map.groupBy(named, ({ from }) => from)].map(([from, of]) =>
        this.#whenReleased(
          from,
          of.map(({ shard }) => shard),
        ),
      ),
    );
    await Promise.all(
      [...Map.groupBy(named, ({ to }) => to)].map(([to, of]) =>
        take(
          workerOf(to),
          of.map(({ shard }) => shard),
        ),
      ),
    );
    if (named.length === 0 || memberOfNumber(document, member) === undefined) return;
    const pauseMs = clock.monotonic() - since;
    this.#fetched += named.length;
    this.#longestPauseMs = Math.max(this.#longestPauseMs, pauseMs);
    this.#ports.onFetched(
      named.map(({ shard }) => shard),
      pauseMs,
    );
  }

  async #abandonUnnamed(due: readonly Fetched[]): Promise<void> {
    const { document, abandon } = this.#ports;
    const { homes } = document();
    const unnamed = due.filter(({ shard, to }) => homes[shard] !== to);
    await Promise.allSettled(unnamed.map(({ shard, to }) => abandon(workerOf(to), shard)));
  }

  /** Those that still are where they were, and belong here. */
  #name(due: readonly Fetched[]): Promise<ClusterDocument> {
    const { change } = this.#ports;
    return change((document) => {
      const still = new Map(this.#dueBy(document).map((one) => [one.shard, one]));
      const homes = due.flatMap(({ shard, from, to }): [number, Address][] => {
        const now = still.get(shard);
        return now?.from === from && now.to === to ? [[shard, to]] : [];
      });
      return homes.length === 0 ? undefined : rehome(document, new Map(homes));
    });
  }

  async #whenReleased(from: Address, shards: readonly number[]): Promise<void> {
    const { document, release, timers, onWaiting } = this.#ports;
    if (from === NOBODY) return;
    while (memberOfNumber(document(), memberOf(from)) !== undefined) {
      try {
        return await release(from, shards);
      } catch (error) {
        onWaiting(from, error as Error);
        // It hangs, or its thread has died; or it cannot be reached, and will be a member no more.
        await new Promise<void>((resolve) => void timers.after(REBALANCE_LIMITS.releaseRetryMs, resolve));
      }
    }
  }

  #dueBy(document: ClusterDocument): Fetched[] {
    const { member } = this.#ports;
    return this.#target.of(document).flatMap((to, shard): Fetched[] => {
      const from = document.homes[shard]!;
      return memberOf(to) === member && to !== from ? [{ shard, from, to }] : [];
    });
  }
}
