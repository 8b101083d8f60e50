// Moves records from the journal's feed into Postgres, and acknowledges them when they are there.
//
//   feed ──pull──▶ lanes (shard % workers) ──▶ threads ──▶ Postgres
//    ▲                                                        │
//    └────────────── ack; nak for what came too early ◀───────┘
//
// A record is acknowledged after its transaction, never before; whatever happens in between, it comes again and changes
// nothing. When Postgres is away the pump holds what it has, asks for no more, and tries until it is back. A shard with a
// record that can never be taken is set aside from that record on, and the others go on, however many of its records follow.
// `stop` ends the pump, and after that the feed may be closed.

import { Piscina } from 'piscina';
import { threadFile } from '../runtime/thread-file.ts';
import { JournalDamaged, type Clock, type Feed, type FeedRecord, type Sequence } from '../runtime/ports.ts';
import { Backoff } from './backoff.ts';
import type { PostgresConnection } from './connection.ts';
import { GapWait } from './gap-wait.ts';
import { Pauses } from './pauses.ts';
import { ProjectionHealth, type Logger } from './projection-health.ts';
import { ProjectionLane } from './projection-lane.ts';
import { RecordsInFlight } from './records-in-flight.ts';
import { packRecords } from './record-batch.ts';
import type { ProjectionOutcome, ProjectionTask, ProjectionWorkerData } from './projection-thread.ts';
import { ShardsSetAside, type ShardSetAside } from './shards-set-aside.ts';

export interface ProjectionPumpOptions {
  readonly feed: Feed;
  readonly connection: PostgresConnection;
  /** Threads, each with one client, and lanes. */
  readonly workers: number;
  readonly logger: Logger;
  /** Of one task as well. */
  readonly recordsPerPull?: number;
  readonly bytesPerTaskMax?: number;
  /** As many as the feed hands out; fewer when there are too few threads for them. */
  readonly recordsInFlightMax?: number;
  /** After so long the thread of a task is ended, and the task tried again. */
  readonly taskMsMax?: number;
  /** `stop` waits as long for what is in flight. */
  readonly stopMsMax?: number;
  /** A record whose predecessor does not come for so long, and no other of its shard, has none. */
  readonly gapMsMax?: number;
  /** Whether shoppers need the processor at this moment; then pulling waits, for `yieldMsMax` at most. */
  readonly isRush?: () => boolean;
  readonly clock?: Pick<Clock, 'now'>;
  /** Lists of products that were read before this version are out of date. It neither waits nor throws. */
  readonly onProducts?: (version: number) => void;
}

export interface ProjectionStats {
  readonly applied: number;
  readonly duplicates: number;
  readonly deferred: number;
  readonly failures: number;
  readonly inFlight: number;
  readonly bytesInFlight: number;
  /** The newest record that was applied: when it was journaled, epoch milliseconds; 0 for none. */
  readonly lastRecordAt: number;
  /** `unavailable` passes by itself; `incomplete` needs a person: some shards are set aside. */
  readonly state: 'working' | 'unavailable' | 'incomplete';
  readonly setAside: readonly ShardSetAside[];
}

export const PROJECTION_LIMITS = {
  recordsPerPull: 200,
  bytesPerTaskMax: 1024 * 1024,
  /** Above what one statement may take, so that a server that says nothing is told by its statement. */
  taskMsMax: 60_000,
  stopMsMax: 10_000,
  /** Between two pulls, unless the feed has more already. */
  gatherMs: 100,
  /** In a rush, between two pulls: then everything that gathered is worked off in one go. */
  yieldMsMax: 10_000,
  retryFirstMs: 50,
  retryMostMs: 5_000,
  /** Before a record that came too early is given back: its predecessor is likely on its way. */
  giveBackFirstMs: 20,
  giveBackMostMs: 500,
  gapMsMax: 30_000,
} as const;

export class ProjectionPump {
  readonly #feed: Feed;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #health: ProjectionHealth;
  readonly #lanes: ProjectionLane[];
  readonly #threads: Piscina<ProjectionTask, ProjectionOutcome>;
  readonly #inFlight: RecordsInFlight;
  readonly #setAside = new ShardsSetAside();
  readonly #gaps: GapWait;
  readonly #taskMsMax: number;
  readonly #stopMsMax: number;
  readonly #isRush: () => boolean;
  readonly #onProducts: (version: number) => void;
  readonly #giveBack = new Backoff(PROJECTION_LIMITS.giveBackFirstMs, PROJECTION_LIMITS.giveBackMostMs);
  readonly #pauses = new Pauses();
  #pulling: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #applied = 0;
  #duplicates = 0;
  #deferred = 0;
  #lastRecordAt = 0;
  #drainedAt = 0;

  constructor(options: ProjectionPumpOptions) {
    const { feed, connection, workers, logger, clock = Date } = options;
    const recordsPerPull = options.recordsPerPull ?? PROJECTION_LIMITS.recordsPerPull;
    const bytesPerTaskMax = options.bytesPerTaskMax ?? PROJECTION_LIMITS.bytesPerTaskMax;
    this.#feed = feed;
    this.#clock = clock;
    this.#health = new ProjectionHealth(logger, clock);
    this.#isRush = options.isRush ?? (() => false);
    this.#taskMsMax = options.taskMsMax ?? PROJECTION_LIMITS.taskMsMax;
    this.#onProducts = options.onProducts ?? (() => undefined);
    this.#stopMsMax = options.stopMsMax ?? PROJECTION_LIMITS.stopMsMax;
    this.#gaps = new GapWait(options.gapMsMax ?? PROJECTION_LIMITS.gapMsMax);
    // One task that runs and one that gathers, for each lane.
    this.#inFlight = new RecordsInFlight(
      Math.min(recordsPerPull * workers * 2, options.recordsInFlightMax ?? Infinity),
      bytesPerTaskMax * workers * 2,
      recordsPerPull,
    );
    const limits = { ...PROJECTION_LIMITS, recordsPerTaskMax: recordsPerPull, bytesPerTaskMax };
    this.#lanes = Array.from({ length: workers }, () => new ProjectionLane(this.#lanePorts(), limits));
    const workerData: ProjectionWorkerData = { connection };
    this.#threads = new Piscina({
      filename: threadFile('./projection-thread', import.meta.url).href,
      workerData,
      minThreads: workers,
      maxThreads: workers,
      maxQueue: workers,
      atomics: 'disabled',
    });
    // A thread that dies between two tasks is replaced; one that dies in a task fails it. Both show as a failure.
    this.#threads.on('error', (error: Error) => this.#health.failed(error.message));
  }

  start(): void {
    this.#pulling ??= this.#pullOn();
  }

  /** Finishes what is in flight, gives the rest back, and ends the threads; bounded in time. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stopOnce());
  }

  stats(): ProjectionStats {
    const setAside = this.#setAside.list;
    return {
      applied: this.#applied,
      duplicates: this.#duplicates,
      deferred: this.#deferred,
      failures: this.#health.failures,
      inFlight: this.#inFlight.records,
      bytesInFlight: this.#inFlight.bytes,
      lastRecordAt: this.#lastRecordAt,
      state: this.#health.isUnavailable ? 'unavailable' : setAside.length > 0 ? 'incomplete' : 'working',
      setAside,
    };
  }

  /**
   * Epoch milliseconds up to which Postgres is known to be complete, as far as this pump has seen the feed; by the clocks of
   * the shards' owners. 0 until that is known.
   */
  get asOf(): number {
    return Math.min(this.caughtUpTo, this.setAsideAt ?? Infinity);
  }

  /** When the oldest record was journaled that will not reach Postgres; epoch milliseconds. */
  get setAsideAt(): number | undefined {
    return this.#setAside.oldestAt;
  }

  /** The same, without the shards that are set aside. */
  get caughtUpTo(): number {
    return this.#inFlight.oldestAt() ?? Math.max(this.#drainedAt, this.#lastRecordAt);
  }

  async #pullOn(): Promise<void> {
    const backoff = new Backoff(PROJECTION_LIMITS.retryFirstMs, PROJECTION_LIMITS.retryMostMs);
    while (this.#stopping === undefined) {
      const room = this.#inFlight.room();
      if (room === 0) {
        await this.#inFlight.changed();
        continue;
      }
      // Asked, not answered: a record may be journaled while an empty answer is on its way.
      const askedAt = this.#clock.now();
      try {
        const { records, hasMore } = await this.#feed.pull(room);
        backoff.reset();
        for (const record of records) this.#accept(record);
        if (records.length > 0 && !hasMore) await this.#gather();
        if (records.length === 0 && this.#inFlight.records === 0) {
          this.#drainedAt = askedAt;
          this.#inFlight.forgetGivenBack();
        }
      } catch (error) {
        this.#health.failed(`the feed: ${String(error)}`);
        await this.#pauses.wait(backoff.nextMs());
      }
    }
  }

  /**
   * A record holds few orders and a transaction costs much: the next ones gather for a moment. In a rush they gather until it
   * is over, since shoppers need the processor and nobody needs the rows yet. What gathered is worked off before the next ones
   * gather, however small the pieces in which the feed brings it: the feed says when there is no more.
   */
  async #gather(): Promise<void> {
    let waitedMs = 0;
    do {
      await this.#pauses.wait(PROJECTION_LIMITS.gatherMs);
      waitedMs += PROJECTION_LIMITS.gatherMs;
    } while (this.#stopping === undefined && waitedMs < PROJECTION_LIMITS.yieldMsMax && this.#isRush());
  }

  #accept(record: FeedRecord): void {
    if (this.#setAside.covers(record)) return;
    try {
      if (record.damage !== undefined) throw new JournalDamaged(record.damage);
      const at = this.#inFlight.add(record);
      // Handed out again while it is still here: the acknowledgement to come is for both.
      if (at === undefined) return;
      this.#setAside.passed(at);
      this.#laneOf(record.shard)!.add(record);
    } catch (error) {
      // Damaged, or another version's. If its shard is what is damaged, that one waits for nothing, and the true one meets a gap.
      this.#health.failures++;
      this.#putAside(record, error instanceof Error ? error.message : String(error));
    }
  }

  /** Its shard stands still at this record. What came before it is still taken. */
  #putAside(place: Pick<FeedRecord, 'shard' | 'sequence'>, cause: string): void {
    const { shard, sequence } = place;
    const isNew = this.#setAside.add(place, this.#inFlight.atOf(sequence));
    this.#laneOf(shard)?.forget(shard, sequence);
    this.#inFlight.forget(shard, sequence);
    this.#tellFeed(() => this.#feed.setAside(shard, sequence));
    if (isNew) this.#health.setAside(place, cause);
  }

  /** Undefined for a number that damage has made. */
  #laneOf(shard: number): ProjectionLane | undefined {
    return this.#lanes[shard % this.#lanes.length];
  }

  #lanePorts(): ConstructorParameters<typeof ProjectionLane>[0] {
    return {
      run: (records) => this.#run(records),
      settled: (records, outcome) => this.#settle(records, outcome),
      failed: (cause) => {
        this.#gaps.restart();
        this.#health.failed(cause);
      },
      refused: (record, cause) => {
        this.#health.succeeded();
        this.#health.failures++;
        this.#putAside(record, cause);
      },
      isSetAside: (record) => this.#setAside.covers(record),
      pause: (delayMs) => this.#pauses.wait(delayMs),
    };
  }

  async #run(records: readonly FeedRecord[]): Promise<ProjectionOutcome> {
    // It ends the thread, and with it the thread's connection: whatever hangs there, the records can be tried again.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.#taskMsMax);
    try {
      const batch = packRecords(records);
      // An array is what it takes; its types read Node's in another way.
      const transferList = [batch.bytes.buffer] as never;
      return await this.#threads.run({ records: batch }, { transferList, signal: late.signal });
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      const cause = late.signal.aborted
        ? `a batch took longer than ${this.#taskMsMax} ms, and its thread was ended`
        : failure;
      return { kind: 'unavailable', cause };
    } finally {
      clearTimeout(timer);
    }
  }

  #settle(records: readonly FeedRecord[], outcome: ProjectionOutcome & { kind: 'projected' }): void {
    this.#health.succeeded();
    this.#applied += outcome.applied;
    this.#duplicates += outcome.duplicates;
    this.#deferred += outcome.deferred.length;
    if (outcome.productsVersion !== undefined) this.#onProducts(outcome.productsVersion);
    if (outcome.applied > 0) this.#giveBack.reset();
    const deferred = new Set(outcome.deferred);
    const done = records.filter(({ sequence }) => !deferred.has(sequence));
    if (done.length > 0) {
      for (const { shard } of done) this.#gaps.ended(shard);
      const sequences = done.map(({ sequence }) => sequence);
      this.#tellFeed(() => this.#feed.ack(sequences));
      this.#lastRecordAt = Math.max(this.#lastRecordAt, this.#inFlight.remove(sequences));
    }
    const early = records.filter(({ sequence }) => deferred.has(sequence));
    if (early.length > 0) this.#defer(early.toSorted((one, other) => one.sequence - other.sequence));
  }

  /** They came before their predecessors: these are on their way, or are not in the journal. @param early oldest first */
  #defer(early: readonly FeedRecord[]): void {
    const oldest = new Map(early.toReversed().map((record) => [record.shard, record]));
    for (const [shard, record] of oldest) {
      const sequence = this.#gaps.over(record);
      if (sequence !== undefined)
        this.#putAside({ shard, sequence }, `the record before record ${sequence} is not in the journal`);
    }
    const waiting = early.filter((record) => !this.#setAside.covers(record));
    if (waiting.length > 0) void this.#giveBackLater(waiting.map(({ sequence }) => sequence));
  }

  async #giveBackLater(sequences: readonly Sequence[]): Promise<void> {
    await this.#pauses.wait(this.#giveBack.nextMs());
    this.#inFlight.giveBack(sequences);
    this.#tellFeed(() => this.#feed.nak(sequences));
  }

  /** What the feed does not hear it hands out again, when the time for an answer is over. */
  #tellFeed(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#health.failed(`the feed: ${String(error)}`);
    }
  }

  async #stopOnce(): Promise<void> {
    // In the next turn, so that everybody who is woken sees that it is stopping.
    await Promise.resolve();
    this.#pauses.endAll();
    this.#inFlight.wake();
    const { promise: late, resolve: giveUp } = Promise.withResolvers<void>();
    const timer = setTimeout(giveUp, this.#stopMsMax);
    await Promise.race([Promise.all([this.#pulling, ...this.#lanes.map((lane) => lane.stop())]), late]);
    clearTimeout(timer);
    await this.#threads.destroy();
    const left = this.#inFlight.sequences();
    if (left.length > 0) this.#tellFeed(() => this.#feed.nak(left));
  }
}
