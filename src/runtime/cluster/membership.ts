// A node's membership of its cluster: it joins, renews its lease, finds out who else has died, and joins anew when it was
// itself declared dead.
//
//   join      first beat ──▶ admitted into the document ──▶ a beat three times in a lease
//   lease     valid for leaseMs from the moment at which the last beat that was taken was sent
//   death     no beat seen for longer than a lease, while the own ones are seen ──▶ its life ended in the store ──▶ removed
//             from the document, and its shards go where they belong
//   archive   whoever makes one is a member, too, and never beside nodes: of the two, the second waits a lease, and does not
//             join when the first one lives
//   back      the own beat is refused: this life has ended ──▶ another life is drawn, and admitted
//
// Whoever ends a life does so against the beat that it saw last, and the store takes no later one of that life. So a member
// that is removed has no lease, whatever it believes: a lease counts from before the beat was sent, and its end from after
// the beat was seen, both on clocks that only run forward.

import { ExpectedError } from '../expected-error.ts';
import type { Clock, Random, Timers } from '../ports.ts';
import { ClockWatch } from './clock-watch.ts';
import {
  admit,
  ARCHIVER,
  memberNamed,
  memberOfNumber,
  remove,
  rivalsOf,
  takeShards,
  type ClusterDocument,
  type Member,
} from './cluster-document.ts';
import { ClusterUnavailable, type ClusterStore, type StoredBeat } from './cluster-store.ts';

/** Another process of this NODE_ID lives. */
export class NodeIdTaken extends ExpectedError {
  override readonly name = 'NodeIdTaken';
}

/** The document by which this node lived is not there any more: the node can be no member. */
class DocumentLost extends Error {
  override readonly name = 'DocumentLost';
}

/** An archive is made while no node runs: whoever came second does not join. */
export class ArchivingExcluded extends ExpectedError {
  override readonly name = 'ArchivingExcluded';
}

export interface MembershipListener {
  /** Of every change, in order; resolves when this node lives by it. */
  onDocument(document: ClusterDocument): Promise<void>;
  /** This node was declared dead by others, and joins anew. */
  onDeclaredDead(): void;
  /** @param strayMs how far the clock is from the others'; `isOff`: so far that the node gives its shards up */
  onClock(strayMs: number, isOff: boolean): void;
  /** Somebody is gone. */
  onRemoved(member: Member): void;
}

export interface MembershipOptions {
  readonly store: ClusterStore;
  readonly clock: Clock;
  readonly timers: Pick<Timers, 'after'>;
  readonly random: Random;
  readonly node: string;
  readonly workers: number;
  readonly projects: boolean;
  readonly leaseMs: number;
  /** The document of a cluster that has none yet. */
  readonly first: () => Promise<ClusterDocument>;
  /** @param until monotonic milliseconds; 0 when there is none */
  readonly setLease: (until: number) => void;
  readonly listener: MembershipListener;
}

const BEATS_IN_A_LEASE = 3;
const CHECKS_IN_A_LEASE = 20;
/** Of a lease, on top of it: clocks do not run alike. */
const MARGIN = 0.05;
/** Of a lease: whoever hears nothing of itself for longer does not judge others. */
const GAP = 0.6;
const RETRY_MS = 100;
const LIFE_CHARACTERS = 12;

interface Heard extends StoredBeat {
  /** Monotonic milliseconds. */
  readonly at: number;
}

export class Membership {
  /** Resolves when this node can be no member any more. */
  readonly failed: Promise<Error>;
  readonly #fail: (error: Error) => void;
  readonly #options: MembershipOptions;
  readonly #beats = new Map<string, Heard>();
  /** The last that was heard of each node, also when it is over. */
  readonly #lives = new Map<string, string>();
  /** Since when each member is known, by its life; monotonic milliseconds. */
  readonly #knownSince = new Map<string, number>();
  #document: ClusterDocument | undefined;
  #life = '';
  #number = 0;
  #version = 0;
  #isAdmitted = false;
  #leaseUntil = 0;
  /** Resolves when this node lives by the newest document. */
  #lived: Promise<void> = Promise.resolve();
  #wantsShards = false;
  /** Of the last beat, by the monotonic clock. */
  #sentAt = 0;
  #lastBeat = 0;
  readonly #clockWatch: ClockWatch;
  /** Since when the own beats have come back without a gap; monotonic milliseconds. */
  #hearsSince = Infinity;
  #heardAt = -Infinity;
  readonly #isEnding = new Set<string>();
  #isTelling = false;
  #isStopped = false;
  #living: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.failed = promise;
    this.#fail = resolve;
    this.#clockWatch = new ClockWatch((strayMs, isOff) => {
      options.listener.onClock(strayMs, isOff);
      void this.#keepShardsTold();
    });
  }

  get document(): ClusterDocument {
    return this.#document!;
  }

  /** Of this process, for as long as it lives. */
  get number(): number {
    return this.#number;
  }

  get isMember(): boolean {
    return this.#isAdmitted;
  }

  /** @throws NodeIdTaken @throws ArchivingExcluded @throws ClusterUnavailable */
  async join(): Promise<void> {
    const { store, node, timers } = this.#options;
    this.#life = this.#draw();
    await store.watch({
      onDocument: (document) => void this.#onDocument(document),
      onBeat: (beat) => this.#onBeat(beat),
      onBeatGone: (gone) => this.#beats.delete(gone),
    });
    await this.#waitForNamesake();
    if (this.#document !== undefined) await this.#outlive(rivalsOf(this.#document, node));
    if (!(await this.#beat(0)))
      throw new NodeIdTaken(`Another node with NODE_ID ${node} joined at this moment.`);
    await this.#admit(this.#document ?? (await this.#firstDocument()));
    this.#living = this.#live();
    this.#watchOthers();
    // The lease begins with a beat that was sent as a member.
    while (!this.#hasLease && !this.#isStopped)
      await new Promise<void>((resolve) => void timers.after(10, resolve));
  }

  /** Whether this node may have shards, as far as it is up to the node. */
  async wantShards(wants: boolean): Promise<void> {
    this.#wantsShards = wants;
    await this.#tellShards();
  }

  /** Changes the document and learns of it at once. @throws ClusterUnavailable */
  async change(change: (document: ClusterDocument) => ClusterDocument | undefined): Promise<ClusterDocument> {
    const document = await this.#options.store.change((present) => {
      this.#assertSame(present);
      const changed = change(present);
      return changed === present ? undefined : changed;
    });
    await this.#onDocument(document);
    return document;
  }

  /** Gives the membership up; what lives here goes to others at once. */
  async leave(): Promise<void> {
    const { node, store, setLease } = this.#options;
    this.#isStopped = true;
    this.#wake();
    await this.#living;
    setLease(0);
    const me = { number: this.#number, life: this.#life };
    try {
      await this.change((document) => remove(document, me));
      await store.endBeat(node, this.#version);
    } catch (error) {
      // The others find out by themselves, or know nothing of this node.
      if (!(error instanceof ClusterUnavailable || error instanceof DocumentLost)) throw error;
    }
  }

  /** As a process that dies: says nothing to anybody. */
  stop(): void {
    this.#isStopped = true;
    this.#options.setLease(0);
  }

  get #hasLease(): boolean {
    return this.#isAdmitted && this.#options.clock.monotonic() < this.#leaseUntil;
  }

  /** Where there are claims there was a document: whoever lived by it notices within a lease that it is lost. */
  async #firstDocument(): Promise<ClusterDocument> {
    const { first, leaseMs, timers } = this.#options;
    const document = await first();
    if (document.revision === 1) return document;
    await new Promise<void>((resolve) => void timers.after(leaseMs * (1 + MARGIN), resolve));
    // They may have claimed meanwhile.
    return first();
  }

  /** A process that died a moment ago may still have its lease. @throws NodeIdTaken */
  async #waitForNamesake(): Promise<void> {
    const { node, store, leaseMs, timers } = this.#options;
    for (let seen = this.#beats.get(node); seen !== undefined;) {
      await new Promise<void>((resolve) => void timers.after(leaseMs * (1 + MARGIN), resolve));
      const now = this.#beats.get(node);
      if (now !== undefined && now.version !== seen.version) throw namesakeLives(node);
      if (now === undefined || (await store.endBeat(node, seen.version))) return;
      seen = this.#beats.get(node);
    }
  }

  /** Ends those that are silent for a lease. @throws ArchivingExcluded when one lives */
  async #outlive(rivals: readonly Member[]): Promise<void> {
    if (rivals.length === 0) return;
    const { node, store, leaseMs, timers } = this.#options;
    const seen = new Map(rivals.map((rival) => [rival, this.#beats.get(rival.node)]));
    await new Promise<void>((resolve) => void timers.after(leaseMs * (1 + MARGIN), resolve));
    const living: string[] = [];
    for (const [rival, beat] of seen) {
      const hasBeaten = this.#beats.get(rival.node)?.version !== beat?.version;
      if (hasBeaten || (beat !== undefined && !(await store.endBeat(rival.node, beat.version))))
        living.push(rival.node);
    }
    const { members } = this.document;
    const stay = rivals.filter(
      ({ node: of, number }) => living.includes(of) && members.some((member) => member.number === number),
    );
    if (stay.length > 0) throw excluded(node, stay);
    await this.change((document) => rivals.reduce(remove, document));
  }

  /** @param first when there is no document */
  async #admit(first?: ClusterDocument): Promise<void> {
    const { store, node, workers, projects } = this.#options;
    let rivals: readonly Member[] = [];
    const document = await store.change((present = first) => {
      this.#assertSame(present);
      rivals = rivalsOf(present, node);
      if (rivals.length > 0) return undefined;
      const namesake = memberNamed(present, node);
      if (namesake?.life === this.#life) return undefined;
      const others =
        namesake === undefined || namesake.number === this.#number ? present : remove(present, namesake);
      const member = { node, life: this.#life, workers, takesShards: this.#mayHaveShards, projects };
      return this.#number === 0 ? admit(others, member) : admit(others, member, this.#number);
    });
    if (rivals.length > 0) {
      // Whoever joined at this moment was first.
      await this.#onDocument(document);
      await this.#outlive(rivals);
      return this.#admit(first);
    }
    this.#number = memberNamed(document, node)!.number;
    await this.#onDocument(document);
    this.#isAdmitted = true;
    // Others may have ended this life meanwhile.
    if (!this.#isNamed) this.#declaredDead();
  }

  /** Whoever lives by a document that is lost has nothing in common with those who live by another: not even numbers. */
  #assertSame(present: ClusterDocument | undefined): asserts present is ClusterDocument {
    if (present === undefined) throw new DocumentLost('the cluster has no document any more');
    if (this.#document !== undefined && present.id !== this.#document.id)
      throw new DocumentLost('the document of the cluster was lost, and made anew');
  }

  /** Whether the newest document that is known here has this life for a member. */
  get #isNamed(): boolean {
    return this.document.members.some(({ number, life }) => number === this.#number && life === this.#life);
  }

  get #mayHaveShards(): boolean {
    return this.#wantsShards && !this.#clockWatch.isOff;
  }

  async #tellShards(): Promise<void> {
    await this.change((document) => takeShards(document, this.#number, this.#mayHaveShards));
  }

  async #live(): Promise<void> {
    const { leaseMs, clock } = this.#options;
    while (!this.#isStopped) {
      const from = clock.monotonic();
      let pauseMs = RETRY_MS;
      try {
        if (await this.#renew()) pauseMs = leaseMs / BEATS_IN_A_LEASE - (clock.monotonic() - from);
      } catch (error) {
        if (!(error instanceof ClusterUnavailable)) return this.#fail(error as Error);
      }
      if (!this.#isStopped) await this.#pause(Math.max(0, pauseMs));
    }
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#options.timers.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  /** @returns whether the lease is renewed */
  async #renew(): Promise<boolean> {
    if (!this.#isAdmitted) return this.#comeBack();
    if (!(await this.#beat(this.#version))) {
      this.#declaredDead();
      return false;
    }
    if (!this.#isAdmitted || this.#isStopped) return true;
    this.#setLease(this.#sentAt + this.#options.leaseMs);
    void this.#keepShardsTold();
    return true;
  }

  async #beat(after: number): Promise<boolean> {
    const { store, node, clock } = this.#options;
    this.#sentAt = clock.monotonic();
    const sentAt = clock.now();
    const number = ++this.#lastBeat;
    const beat = { node, life: this.#life, number, clockOffsetMs: this.#clockWatch.offsetMs };
    const version = await store.beat(beat, after);
    if (version === undefined) return false;
    this.#version = version;
    this.#clockWatch.took(number, sentAt, clock.now());
    return true;
  }

  #declaredDead(): void {
    if (!this.#isAdmitted) return;
    this.#isAdmitted = false;
    this.#setLease(0);
    this.#life = this.#draw();
    this.#version = 0;
    this.#options.listener.onDeclaredDead();
  }

  /** The lease begins again with the next beat. */
  async #comeBack(): Promise<boolean> {
    if (this.#version === 0 && !(await this.#beat(0))) {
      await this.#waitForNamesake();
      return false;
    }
    await this.#admit();
    return false;
  }

  #setLease(until: number): void {
    this.#leaseUntil = until;
    this.#options.setLease(until);
  }

  #onDocument(document: ClusterDocument): Promise<void> {
    const known = this.#document;
    if (known !== undefined && document.id !== known.id) {
      this.#fail(new DocumentLost('the document of the cluster was lost, and made anew'));
      return this.#lived;
    }
    if (known !== undefined && document.revision <= known.revision) return this.#lived;
    this.#document = document;
    const { listener, clock } = this.#options;
    const lives = new Set(document.members.map(({ life }) => life));
    for (const life of this.#knownSince.keys()) if (!lives.has(life)) this.#knownSince.delete(life);
    for (const life of lives) if (!this.#knownSince.has(life)) this.#knownSince.set(life, clock.monotonic());
    if (this.#isAdmitted && !this.#isNamed && !this.#isStopped) this.#declaredDead();
    this.#lived = listener.onDocument(document);
    for (const member of known?.members ?? []) {
      if (!document.members.some(({ number }) => number === member.number)) listener.onRemoved(member);
    }
    return this.#lived;
  }

  #onBeat(beat: StoredBeat): void {
    const { node, leaseMs, clock } = this.#options;
    const at = clock.monotonic();
    this.#beats.set(beat.node, { ...beat, at });
    this.#lives.set(beat.node, beat.life);
    if (beat.node !== node || beat.life !== this.#life) return;
    if (at - this.#heardAt > GAP * leaseMs) this.#hearsSince = at;
    this.#heardAt = at;
    this.#clockWatch.saw(beat, this.#othersOffsets());
  }

  #othersOffsets(): number[] {
    return [...this.#beats.values()].flatMap(({ node, clockOffsetMs }) =>
      node === this.#options.node || clockOffsetMs === null ? [] : [clockOffsetMs],
    );
  }

  /** What nobody answered may have been done late, behind what was told since: it is held against the document again and again. */
  async #keepShardsTold(): Promise<void> {
    const told = memberOfNumber(this.document, this.#number)?.takesShards ?? this.#mayHaveShards;
    if (this.#isTelling || told === this.#mayHaveShards) return;
    this.#isTelling = true;
    try {
      await this.#tellShards();
    } catch (error) {
      this.#failUnlessUnavailable(error);
    } finally {
      this.#isTelling = false;
    }
  }

  #watchOthers(): void {
    const { timers, leaseMs } = this.#options;
    if (this.#isStopped) return;
    this.#endSilent();
    timers.after(leaseMs / CHECKS_IN_A_LEASE, () => this.#watchOthers());
  }

  /** Only whoever hears itself may judge the silence of others, and only of the time since it does. */
  #endSilent(): void {
    const { leaseMs, node, clock } = this.#options;
    const now = clock.monotonic();
    const isHearing = now - this.#heardAt < GAP * leaseMs;
    if (!this.#hasLease || !isHearing || this.#document === undefined) return;
    for (const member of this.#document.members) {
      if (member.node === node || this.#isEnding.has(member.node)) continue;
      const beat = this.#beats.get(member.node);
      const last = beat?.life === member.life ? beat : undefined;
      // Its beat may not have been told here yet, and its lease may be valid.
      const isOver = beat === undefined && this.#lives.get(member.node) === member.life;
      const heardAt = last?.at ?? this.#knownSince.get(member.life)!;
      const silentMs = isOver ? Infinity : now - Math.max(heardAt, this.#hearsSince);
      if (silentMs > leaseMs * (1 + MARGIN)) void this.#end(member, last);
    }
  }

  async #end(member: Member, beat: StoredBeat | undefined): Promise<void> {
    this.#isEnding.add(member.node);
    try {
      if (beat !== undefined && !(await this.#options.store.endBeat(member.node, beat.version))) return;
      await this.change((document) => remove(document, member));
    } catch (error) {
      this.#failUnlessUnavailable(error);
    } finally {
      this.#isEnding.delete(member.node);
    }
  }

  /** What is unavailable is tried again. */
  #failUnlessUnavailable(error: unknown): void {
    if (!(error instanceof ClusterUnavailable)) this.#fail(error as Error);
  }

  #draw(): string {
    return Buffer.from(this.#options.random.characters(LIFE_CHARACTERS), 'latin1').toString('hex');
  }
}

const namesakeLives = (node: string): Error =>
  node === ARCHIVER
    ? new ArchivingExcluded('Another archive of this journal is being made. Run this again when it is over.')
    : new NodeIdTaken(
        `A node with NODE_ID ${node} lives already: give each node of a cluster a name of its own.`,
      );

const excluded = (node: string, living: readonly Member[]): ArchivingExcluded =>
  new ArchivingExcluded(
    node === ARCHIVER
      ? `Nodes of this cluster run: ${living.map(({ node: of }) => of).join(', ')}. Archives are made while none does: stop ` +
          'them all, and start them again afterwards.'
      : 'An archive of this journal is being made (npx doorbuster archive), and no node joins meanwhile. Start this one again ' +
          'when it is over; one that was killed is over a lease (LEASE_MS) later.',
  );
