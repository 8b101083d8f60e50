// The worker threads of a node: started and joined to each other and to the journal, asked, watched, replaced when they
// die, and ended.
//
//   a thread dies ──▶ its shards go to the living: table changed, each told ──▶ they claim, replay, and take its requests
//                 └─▶ another thread in its place: ports to all others, HTTP at once; shards only if nobody else lives
//
// Before all of them serve, and when they die too often, a death is the node's.

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { ProductReading } from './actors/index.ts';
import { Handover } from './handover.ts';
import type { TrafficWindow } from './http/index.ts';
import type { DoorsTold } from './persistence/index.ts';
import {
  addressOf,
  dealOut,
  Heartbeats,
  PlacementTable,
  RestartBudget,
  systemClock,
  systemTimers,
  Watchdog,
  type Address,
  type Handlers,
  type NodeBoard,
  type ShardStatus,
} from './runtime/index.ts';
import type { Storage } from './storage.ts';
import { ThreadProfiler } from './thread-profiler.ts';
import { DEATH_REASONS, WorkerThread, type Death, type DeathReason } from './worker-thread.ts';
import type { LiveShard, MeetRequest, ServeRequest, WorkerData, WorkerFigures } from './worker.ts';

export interface WorkerPoolOptions {
  readonly config: Config;
  readonly board: NodeBoard;
  readonly storage: Pick<Storage, 'forWorker'>;
  /** Of customers' statuses, for all threads. */
  readonly statuses: SharedArrayBuffer;
  /** 0 for a node by itself. */
  readonly member: number;
  /** By shard, at the start. */
  readonly owners: readonly Address[];
  /** In a cluster: shards that somebody else may answer for still, and that are not to be opened yet. */
  readonly awaited?: () => readonly number[];
  /** In a cluster: a thread that died was replaced, and has its shards again. */
  readonly onReplaced?: (address: Address) => void;
  /** Undefined: requests are not limited. */
  readonly buckets: SharedArrayBuffer | undefined;
  /** What a thread may ask of the main one. */
  readonly handlers: Handlers;
  readonly logger: Logger;
}

/** What the threads say of themselves; who says nothing is `silent`. */
export interface PoolFigures {
  readonly answered: ReadonlyMap<number, WorkerFigures>;
  readonly silent: readonly number[];
  /** Appends that came too late, and were refused. */
  readonly fenced: number;
  /** Of all threads that there ever were, as far as they told. */
  readonly orders: ReadonlyMap<string, number>;
  /** What checks did, by `check/outcome`. */
  readonly gate: ReadonlyMap<string, number>;
  readonly payments: ReadonlyMap<string, number>;
  readonly repeated: number;
  /** Of the cache, by `kind/result`. */
  readonly cacheReads: ReadonlyMap<string, number>;
  readonly deaths: ReadonlyMap<DeathReason, number>;
  readonly takeovers: number;
}

const DEATHS_MAX = 5;
const DEATHS_PERIOD_MS = 60_000;
const FIGURES_MS_MAX = 2_000;
const LIVE_MS_MAX = 10_000;
const SAMPLE_MS_MAX = 800;
/** Longer than a thread takes for each step of a stop by itself. */
const STOP_STEP_MS_MAX = 15_000;

export class WorkerPool {
  readonly placement: PlacementTable;
  readonly profiler: ThreadProfiler;
  readonly handover: Handover;
  /** Resolves when the node cannot go on. */
  readonly failed: Promise<Error>;
  readonly #options: WorkerPoolOptions;
  readonly #heartbeats: Heartbeats;
  readonly #watchdog: Watchdog;
  /** All that was told of doors, for a thread that takes the place of another. */
  #doors: (() => DoorsTold) | undefined;
  readonly #budget = new RestartBudget(systemClock, DEATHS_MAX, DEATHS_PERIOD_MS);
  /** Those that live, by number. */
  readonly #threads = new Map<number, WorkerThread>();
  readonly #fail: (error: Error) => void;
  readonly #deaths = new Map<DeathReason, number>(DEATH_REASONS.map((reason) => [reason, 0]));
  readonly #ordersOfDead = new Map<string, number>();
  readonly #gateOfDead = new Map<string, number>();
  readonly #paymentsOfDead = new Map<string, number>();
  readonly #cacheReadsOfDead = new Map<string, number>();
  #repeatedOfDead = 0;
  #fencedOfDead = 0;
  #takeovers = 0;
  /** Whoever is asked for something that each could answer takes turns. */
  #asked = 0;
  #serving: ServeRequest | undefined;
  /** From this moment on a thread that dies is replaced. */
  #isSteady = false;
  #isStopping = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.failed = promise;
    this.#fail = resolve;
    const { workers, limits } = options.config;
    this.placement = PlacementTable.of(options.owners);
    this.#heartbeats = Heartbeats.of(workers);
    this.profiler = new ThreadProfiler(workers, (worker) => this.#threads.get(worker));
    this.handover = new Handover(this.placement, (worker) => this.#threads.get(worker));
    this.#watchdog = new Watchdog(systemClock, systemTimers, {
      workers,
      beatsOf: (worker) => this.#heartbeats.of(worker),
      stallMsMax: limits.workerStallMs,
      startMsMax: limits.workerStartMs,
      onStalled: (worker, hasBegun) => void this.#endStalled(worker, hasBegun),
    });
    for (let number = 0; number < workers; number++) this.#start(number);
    this.#watchdog.start();
  }

  /** Shards are claimed and replayed. @param except those that are being handed over @throws when a thread dies */
  async open(except: readonly number[] = []): Promise<void> {
    await Promise.all(this.#living.map(({ link }) => link.ask('open', except)));
  }

  /** The table changed: threads stop what is others' by now, and begin to open what is theirs. */
  async reconcile(except: readonly number[]): Promise<void> {
    await Promise.allSettled(this.#living.map(({ link }) => link.ask('reconcile', except)));
  }

  /** What threads are told from now on is what `whole` tells. */
  keepDoors(whole: () => DoorsTold): void {
    this.#doors = whole;
  }

  tellDoors(told: DoorsTold): void {
    for (const { link } of this.#living) link.ask('doors', told).catch(ignore);
  }

  /** These threads of other nodes will answer nothing any more of what they were sent. */
  ownersGone(addresses: readonly Address[]): void {
    for (const { link } of this.#living) link.ask('ownersGone', addresses).catch(ignore);
  }

  /** @throws when the thread is not there, or has not done it in time */
  async askWorker(worker: number, name: string, value: unknown, withinMs: number): Promise<void> {
    const thread = this.#threads.get(worker);
    if (thread === undefined) throw new Error(`worker ${worker} is being replaced`);
    await thread.link.ask(name, value, { withinMs });
  }

  /** @returns the port on which all of them listen. @throws when a thread dies */
  async serve(request: ServeRequest): Promise<number> {
    const [first, ...others] = this.#living;
    const port = await first!.link.ask<number>('serve', request);
    const serving = { ...request, port };
    if (request.reusePort) await Promise.all(others.map(({ link }) => link.ask('serve', serving)));
    this.#serving = serving;
    return port;
  }

  /** All threads work; one that dies from now on is replaced, and does not end the node. */
  settle(): void {
    this.#isSteady = true;
  }

  async figures(): Promise<PoolFigures> {
    const answered = await this.#askEach<WorkerFigures>('figures', FIGURES_MS_MAX);
    const orders = new Map(this.#ordersOfDead);
    const gate = new Map(this.#gateOfDead);
    const payments = new Map(this.#paymentsOfDead);
    const cacheReads = new Map(this.#cacheReadsOfDead);
    let repeated = this.#repeatedOfDead;
    let fenced = this.#fencedOfDead;
    for (const thread of this.#living) {
      thread.counted = answered.get(thread.number) ?? thread.counted;
      addCounts(orders, thread.counted.orders);
      addCounts(gate, thread.counted.gate);
      addCounts(payments, thread.counted.payments);
      addCounts(cacheReads, thread.counted.cache?.reads ?? NONE);
      repeated += thread.counted.repeated;
      fenced += thread.counted.fenced;
    }
    const silent = this.#silent(answered);
    return {
      answered,
      silent,
      orders,
      gate,
      payments,
      cacheReads,
      repeated,
      fenced,
      deaths: this.#deaths,
      takeovers: this.#takeovers,
    };
  }

  /** Of all shards, as far as their threads tell. */
  async statuses(): Promise<ShardStatus[]> {
    return [...(await this.figures()).answered.values()].flatMap(({ shards }) => shards);
  }

  async live(): Promise<{ shards: LiveShard[]; silent: number[] }> {
    const answered = await this.#askEach<LiveShard[]>('live', LIVE_MS_MAX);
    return { shards: [...answered.values()].flat(), silent: this.#silent(answered) };
  }

  /** What threads answered to purchases since they told it last; without those that say nothing in time. */
  async traffic(): Promise<TrafficWindow['products'][]> {
    const windows = this.#living.map(async (thread) => {
      const { link, windowReceived } = thread;
      const window = await link.ask<TrafficWindow>('traffic', windowReceived, { withinMs: SAMPLE_MS_MAX });
      thread.windowReceived = window.number;
      return window.products;
    });
    return (await Promise.allSettled(windows)).flatMap((told) =>
      told.status === 'fulfilled' ? [told.value] : [],
    );
  }

  /** Products as their actors say, wherever these are. @throws when the thread that is asked says nothing in time */
  readings(productIds: readonly string[]): Promise<ProductReading[]> {
    const living = this.#living;
    const thread = living[this.#asked++ % living.length];
    if (thread === undefined) return Promise.reject(new Error('no worker thread lives'));
    return thread.link.ask('readings', productIds, { withinMs: SAMPLE_MS_MAX });
  }

  /** Requests finish, then mailboxes drain. A thread that hangs or dies meanwhile is not waited for. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const willing = await this.#askEach('stopServing', STOP_STEP_MS_MAX);
    await this.#askEach('drain', STOP_STEP_MS_MAX, (number) => willing.has(number));
    await this.terminate();
  }

  async terminate(): Promise<void> {
    this.#isStopping = true;
    this.#watchdog.stop();
    await Promise.all(this.#living.map((thread) => thread.end()));
  }

  get #living(): WorkerThread[] {
    return [...this.#threads.values()];
  }

  #start(number: number): WorkerThread {
    const { config, board, storage, statuses, member, handlers, buckets } = this.#options;
    const peers = new Map<number, MessagePort>();
    for (const { number: other, link } of this.#living) {
      const { port1, port2 } = new MessageChannel();
      peers.set(addressOf(member, other), port1);
      const request: MeetRequest = { worker: number, port: port2 };
      link.ask('meet', request, { transfer: [port2] }).catch(ignore);
    }
    this.#heartbeats.reset(number);
    this.#watchdog.begins(number);
    const workerData: WorkerData = {
      config,
      worker: number,
      member,
      board: board.shared,
      placement: this.placement.shared,
      heartbeats: this.#heartbeats.shared,
      buckets,
      storage: storage.forWorker(),
      statuses,
      peers,
    };
    const thread = new WorkerThread(workerData, handlers);
    this.#threads.set(number, thread);
    void thread.ended.then((death) => this.#died(thread, death));
    return thread;
  }

  async #endStalled(worker: number, hasBegun: boolean): Promise<void> {
    const thread = this.#threads.get(worker);
    if (thread === undefined) return;
    const { workerStallMs, workerStartMs } = this.#options.config.limits;
    const error = new Error(
      hasBegun
        ? `worker ${worker} made no progress for ${workerStallMs} ms`
        : `worker ${worker} gave no sign of life within ${workerStartMs} ms of its start`,
    );
    const hasEnded = await thread.end({ reason: 'hang', error });
    if (!hasEnded && !this.#isStopping) this.#fail(new Error(`${error.message}, and cannot be ended`));
  }

  #died(thread: WorkerThread, { reason, error }: Death): void {
    const { number } = thread;
    this.#threads.delete(number);
    if (this.#isStopping) return;
    this.#deaths.set(reason, this.#deaths.get(reason)! + 1);
    addCounts(this.#ordersOfDead, thread.counted.orders);
    addCounts(this.#gateOfDead, thread.counted.gate);
    addCounts(this.#paymentsOfDead, thread.counted.payments);
    addCounts(this.#cacheReadsOfDead, thread.counted.cache?.reads ?? NONE);
    this.#repeatedOfDead += thread.counted.repeated;
    this.#fencedOfDead += thread.counted.fenced;
    const { logger } = this.#options;
    logger.error({ worker: number, reason, err: error }, 'a worker thread died');
    if (!this.#isSteady) return this.#fail(error);
    if (!this.#budget.take()) {
      const often = `more than ${DEATHS_MAX} worker threads died within ${DEATHS_PERIOD_MS / 1_000} s`;
      return this.#fail(new Error(`${often}, the last one by this: ${error.message}`));
    }
    if (this.#options.member === 0) this.#replace(number);
    else void this.#replaceInPlace(number);
  }

  /** In a cluster the document says where shards are: they wait for the thread that comes. */
  async #replaceInPlace(number: number): Promise<void> {
    const { member, awaited, onReplaced } = this.#options;
    const address = addressOf(member, number);
    for (const { link } of this.#living) link.ask('disconnect', address).catch(ignore);
    const successor = this.#start(number);
    void this.#serveAgain(successor);
    await this.#whenTaken(number, [successor.link.ask('open', awaited?.() ?? [])]);
    this.ownersGone([address]);
    onReplaced?.(address);
  }

  #replace(number: number): void {
    const heirs = this.#living;
    // The table first: whoever hears of the death finds the heirs in it. Without heirs it names the successor already.
    const changes = dealOut(
      this.placement.owners,
      number,
      heirs.map((heir) => heir.number),
    );
    this.placement.change(changes);
    const taking = heirs.map(({ link }) => link.ask('takeOver', number));
    const successor = this.#start(number);
    void this.#whenTaken(number, [...taking, successor.link.ask('open', [])]);
    void this.#serveAgain(successor);
  }

  async #whenTaken(number: number, taking: readonly Promise<unknown>[]): Promise<void> {
    const { logger } = this.#options;
    const since = systemClock.monotonic();
    try {
      await Promise.all(taking);
    } catch {
      return; // one of them died, too, and its own takeover is under way
    }
    this.#takeovers++;
    const tookMs = Math.round(systemClock.monotonic() - since);
    logger.warn({ worker: number, tookMs }, 'the shards of the worker thread that died are open again');
  }

  async #serveAgain(successor: WorkerThread): Promise<void> {
    const { number, link } = successor;
    const serving = this.#serving;
    // Where threads cannot share a port, the first one listens alone.
    if (serving === undefined || !(serving.reusePort || number === 0)) return;
    try {
      if (this.#doors !== undefined) link.ask('doors', this.#doors()).catch(ignore);
      await link.ask('serve', serving);
      this.#options.logger.warn({ worker: number }, 'another worker thread serves in its place');
    } catch (error) {
      await successor.end({ reason: 'error', error: error as Error });
    }
  }

  /** Answers by thread; without those that fail, or say nothing in time. */
  async #askEach<T>(
    name: string,
    withinMs: number,
    isAsked: (number: number) => boolean = () => true,
  ): Promise<Map<number, T>> {
    const answers = new Map<number, T>();
    const asked = this.#living
      .filter(({ number }) => isAsked(number))
      .map(async ({ number, link }) => {
        answers.set(number, await link.ask<T>(name, undefined, { withinMs }));
      });
    await Promise.allSettled(asked);
    return answers;
  }

  #silent(answered: ReadonlyMap<number, unknown>): number[] {
    const { workers } = this.#options.config;
    return Array.from({ length: workers }, (_, number) => number).filter((number) => !answered.has(number));
  }
}

const ignore = (): void => undefined;
const NONE: ReadonlyMap<string, number> = new Map();

function addCounts(into: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [name, count] of counts) into.set(name, (into.get(name) ?? 0) + count);
}
