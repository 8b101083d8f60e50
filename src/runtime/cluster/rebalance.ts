// Brings shards to this node that belong here and are elsewhere, live: whoever is to have a shard fetches it.
//
//   read it beforehand ─▶ the document names the new home ─▶ the giver decides what it has, answers, stops ─▶ claim, open
//                         commands wait in the taker's mailbox from here on ──────────────────────────────▶ and are decided
//
// Safety rests on none of these steps: the taker's claim fences a giver that goes on. But a giver that is a member has a
// lease, under which it may answer without asking anybody; so it is waited for until it has stopped, or is a member no more.
// A few shards at a time; what fails before the document is changed leaves everything as it was.

import { addressOf, memberOf, NOBODY, workerOf } from '../address.ts';
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
  /** Resolves when that member lives by the document of this revision, and that thread of it has stopped the shards, if any. */
  readonly release: (from: Address, shards: readonly number[], revision: number) => Promise<void>;
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

interface Naming {
  readonly document: ClusterDocument;
  /** Of the first try. */
  readonly revision: number;
  /** A try had no answer. */
  readonly isDoubtful: boolean;
}

export class Rebalance {
  readonly #ports: RebalancePorts;
  readonly #underWay = new Set<number>();
  /**
   * Of those under way: somebody else may answer for them still. With the revision that named this node, which nobody knows
   * while the change has no answer.
   */
  readonly #awaited = new Map<number, number | undefined>();
  /** Of those under way: they came here since their home is gone. */
  readonly #inherited = new Set<number>();
  #homes: readonly Address[] = [];
  readonly #target = new Target();
  #longestPauseMs = 0;
  /** What was wanted then: the next file, or member, begins anew. */
  #pausesOf = -1;
  #isRunning = false;
  #isStopped = false;

  constructor(ports: RebalancePorts) {
    this.#ports = ports;
  }

  /** Their giver has not stopped yet: nobody may open them because of the document alone. */
  get underWay(): readonly number[] {
    return [...this.#underWay];
  }

  /** Of those under way: nobody may open them yet, not even a thread that takes a dead one's place. */
  get awaited(): readonly number[] {
    return [...this.#awaited.keys()];
  }

  /**
   * Whether this node cannot give them yet to whoever was named by that revision, since they have not come here. What they are
   * awaited for by a later one is no matter: they are to come back then.
   */
  awaits(shards: readonly number[], revision: number): boolean {
    return shards.some((shard) => this.#awaited.has(shard) && (this.#awaited.get(shard) ?? 0) < revision);
  }

  /** From the change of the document to the moment at which the last shard of those fetched together was open. */
  get longestPauseMs(): number {
    return this.#longestPauseMs;
  }

  /** The document changed: fetches what belongs here, until nothing is left. */
  run(): void {
    this.#inheritNew();
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
        this.#inherit(due.filter((one) => this.#isStillHere(one)));
        this.#over(shards);
        onFailed(shards, error as Error);
        await this.#pause(REBALANCE_LIMITS.retryMs);
      }
    }
    this.#isRunning = false;
  }

  #over(shards: readonly number[]): void {
    for (const shard of shards) if (!this.#inherited.has(shard)) this.#isOver(shard);
  }

  #due(): Fetched[] {
    const { document } = this.#ports;
    const due = this.#dueBy(document()).filter(({ shard }) => !this.#inherited.has(shard));
    return due.slice(0, REBALANCE_LIMITS.shardsMax);
  }

  #isOver(shard: number): void {
    this.#underWay.delete(shard);
    this.#awaited.delete(shard);
  }

  /** Those that the document gave to this node because their home is gone, without being asked. */
  #inheritNew(): void {
    const { document, member } = this.#ports;
    const before = this.#homes;
    this.#homes = document().homes;
    const inherited = this.#homes.flatMap((to, shard): Fetched[] => {
      if (memberOf(to) !== member || memberOf(before[shard] ?? NOBODY) === member) return [];
      if (!this.#underWay.has(shard)) return [{ shard, from: NOBODY, to }];
      // It was about to be fetched, or was named already.
      this.#awaited.set(shard, this.#awaited.get(shard));
      return [];
    });
    if (document().members.length > 1) this.#inherit(inherited);
  }

  /**
   * Whoever is gone may have been about to fetch them, from somebody who knows of nothing yet and has a lease: they are opened
   * when every member knows that they are here.
   */
  #inherit(due: readonly Fetched[]): void {
    if (due.length === 0) return;
    for (const { shard } of due) {
      this.#underWay.add(shard);
      this.#awaited.set(shard, this.#ports.document().revision);
      this.#inherited.add(shard);
    }
    void this.#takeInherited(due);
  }

  async #takeInherited(due: readonly Fetched[]): Promise<void> {
    await this.#whenAllKnow();
    for (const { shard } of due) this.#awaited.delete(shard);
    await Promise.all([...Map.groupBy(due, ({ to }) => to)].map(([to, of]) => this.#take(to, of)));
    for (const { shard } of due) {
      this.#inherited.delete(shard);
      this.#isOver(shard);
    }
    this.run();
  }

  /** The present placement; or they are members no more. */
  async #whenAllKnow(): Promise<void> {
    const { document, member } = this.#ports;
    const { members, revision } = document();
    const others = members.filter(({ number }) => number !== member);
    await Promise.all(others.map(({ number }) => this.#whenGiven(addressOf(number, 0), () => [], revision)));
  }

  async #fetch(due: readonly Fetched[]): Promise<void> {
    const { clock, prepare } = this.#ports;
    for (const { shard } of due) this.#underWay.add(shard);
    await Promise.all(due.map(({ shard, to }) => prepare(workerOf(to), shard)));
    const since = clock.monotonic();
    for (const { shard } of due) this.#awaited.set(shard, this.#awaited.get(shard));
    const naming = await this.#name(due);
    if (naming === undefined) return;
    const { document, revision, isDoubtful } = naming;
    // What was named without an answer may have gone on to others, who ask this node for it.
    const named = due.filter(({ shard, from, to }) => {
      const home = document.homes[shard];
      return home === to || (isDoubtful && home !== from);
    });
    for (const one of due) {
      if (named.includes(one)) this.#awaited.set(one.shard, revision);
      else this.#awaited.delete(one.shard);
    }
    await this.#abandonUnnamed(due);
    await Promise.all(
      [...Map.groupBy(named, ({ from }) => from)].map(([from, of]) => this.#whenReleased(from, of, revision)),
    );
    await Promise.all([...Map.groupBy(named, ({ to }) => to)].map(([to, of]) => this.#take(to, of)));
    const fetched = named.filter((one) => this.#isStillHere(one)).map(({ shard }) => shard);
    if (fetched.length === 0) return;
    const pauseMs = clock.monotonic() - since;
    const { revision: wanted } = document.wanted;
    const before = this.#pausesOf === wanted ? this.#longestPauseMs : 0;
    this.#pausesOf = wanted;
    this.#longestPauseMs = Math.max(before, pauseMs);
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
  async #name(due: readonly Fetched[]): Promise<Naming | undefined> {
    const { change, onFailed } = this.#ports;
    let revision: number | undefined;
    let isDoubtful = false;
    while (!this.#isStopped) {
      try {
        const document = await change((present) => {
          const changed = this.#naming(due, present);
          if (changed !== undefined) revision ??= changed.revision;
          return changed;
        });
        return { document, revision: revision ?? document.revision, isDoubtful };
      } catch (error) {
        if (!(error instanceof ClusterUnavailable)) throw error;
        isDoubtful ||= revision !== undefined;
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
  async #whenReleased(from: Address, due: readonly Fetched[], revision: number): Promise<void> {
    const { document } = this.#ports;
    const stillToGive = (): number[] | undefined => {
      const { homes } = document();
      const shards = due.map(({ shard }) => shard).filter((shard) => homes[shard] !== from);
      return shards.length === 0 ? undefined : shards;
    };
    const isGiven = await this.#whenGiven(from, stillToGive, revision);
    // It may have been about to fetch them itself.
    if (!isGiven) await this.#whenAllKnow();
    for (const { shard } of due) this.#awaited.delete(shard);
  }

  /** @param shards undefined when there is nothing left to wait for @returns false when the giver is no member */
  async #whenGiven(
    from: Address,
    shards: () => readonly number[] | undefined,
    revision: number,
  ): Promise<boolean> {
    const { document, release, onWaiting } = this.#ports;
    while (memberOfNumber(document(), memberOf(from)) !== undefined) {
      const asked = shards();
      if (asked === undefined) return true;
      try {
        await release(from, asked, revision);
        return true;
      } catch (error) {
        onWaiting(from, error as Error);
        // It hangs, or its thread has died; or it cannot be reached, and will be a member no more.
        await this.#pause(REBALANCE_LIMITS.releaseRetryMs);
      }
    }
    return false;
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
