// A node's part in its cluster: joins, lives by the document, fetches the shards that belong here, and speaks for the whole
// cluster to those who ask this node.
//
//   document changes ──▶ table of all threads ──▶ they stop what is others', open what is theirs ──▶ the rest is fetched
//
// Made before the worker threads, whose addresses begin with the member's number; they are attached when they are there.

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import * as z from 'zod';
import { ClusterControl, type MemberFigures, type ToldLive, type ToldProducts } from './cluster-control.ts';
import type { ClusterConfig, Config } from './config.ts';
import type { JetStreamStorage } from './jetstream-storage.ts';
import type { Projecting } from './projecting.ts';
import {
  addressOf,
  ClusterBucket,
  firstDocument,
  highestRevision,
  memberOf,
  Membership,
  NOBODY,
  NodeCalls,
  projectorOf,
  Rebalance,
  systemClock,
  systemRandom,
  systemTimers,
  Target,
  workerOf,
  type Address,
  type ClusterDocument,
  type Member,
  type NodeBoard,
} from './runtime/index.ts';
import { SaleQuestion } from './http/index.ts';
import type { SaleSampler } from './sale-sampler.ts';
import { SeldomLog } from './seldom-log.ts';
import { productsByShard, toldBy } from './shard-list.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface ClusterOptions {
  readonly config: Config;
  readonly cluster: ClusterConfig;
  readonly storage: JetStreamStorage;
  readonly board: NodeBoard;
  readonly logger: Logger;
}

/** Threads and calls, when there are any. */
interface Attached {
  readonly workers: WorkerPool;
  readonly calls: NodeCalls;
  readonly rebalance: Rebalance;
  readonly control: ClusterControl;
  readonly sale: SaleSampler;
}

/** Shards that another node has taken over by the document of this revision. */
const ReleaseRequest = z.strictObject({
  worker: z.int().min(0),
  shards: z.array(z.int().min(0)),
  revision: z.int(),
});
const RestartNote = z.strictObject({ address: z.int().min(0) });

/** For a thread to read a shard beforehand. */
const PREPARE_MS_MAX = 60_000;
/** For a giver to finish what it has; then it is asked again. */
const RELEASE_MS_MAX = 2_000;
const TAKE_MS_MAX = 60_000;
/** For others to fetch what lives on a node that leaves. */
const HAND_OVER_MS_MAX = 10_000;
const LOOK_MS = 20;

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #bucket: ClusterBucket;
  readonly #membership: Membership;
  readonly #target = new Target();
  readonly #refusals = new SeldomLog(systemClock, (reason, times) =>
    this.#options.logger.warn({ reason, times }, 'questions of another node were refused'),
  );
  readonly #failures = new Map<number, string>();
  #calls: NodeCalls | undefined;
  #attached: Attached | undefined;
  #projecting: Projecting | undefined;

  private constructor(options: ClusterOptions, bucket: ClusterBucket) {
    this.#options = options;
    this.#bucket = bucket;
    const { config, cluster, board, storage, logger } = options;
    this.#membership = new Membership({
      store: bucket,
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      node: config.nodeId,
      workers: config.workers,
      projects: config.roles.has('projection'),
      leaseMs: cluster.leaseMs,
      first: async () =>
        firstDocument(config.shards, (await highestRevision(storage.store)) + 1, randomUUID()),
      setLease: (until) => (board.leaseUntil = until),
      listener: {
        onDocument: (document) => this.#liveBy(document),
        onDeclaredDead: () =>
          logger.error('the other nodes declared this one dead, and have its shards: it joins anew'),
        onClock: (strayMs, isOff) => this.#tellClock(strayMs, isOff),
        onRemoved: (member) => this.#removed(member),
      },
    });
  }

  /** As a member without shards. @throws NodeIdTaken @throws ClusterUnavailable */
  static async join(options: ClusterOptions): Promise<Cluster> {
    const { link, names } = options.storage.store;
    const cluster = new Cluster(options, await ClusterBucket.open(link, names, systemTimers));
    try {
      await cluster.#membership.join();
      cluster.#calls = cluster.#listen();
    } catch (error) {
      cluster.#bucket.close();
      throw error;
    }
    return cluster;
  }

  get member(): number {
    return this.#membership.number;
  }

  /** Resolves when this node can be no member any more. */
  get failed(): Promise<Error> {
    return this.#membership.failed;
  }

  get homes(): readonly Address[] {
    return this.#membership.document.homes;
  }

  /** Shards for which somebody else may answer still: not even a thread that takes a dead one's place may open them. */
  get awaited(): readonly number[] {
    return this.#attached?.rebalance.awaited ?? [];
  }

  /** From `attach` on. */
  get control(): ClusterControl {
    return this.#attached!.control;
  }

  /** The threads are there: from now on they live by the document. */
  async attach(workers: WorkerPool, sale: SaleSampler): Promise<void> {
    const calls = this.#calls!;
    const control = new ClusterControl({
      membership: this.#membership,
      calls,
      workers,
      figures: () => this.#figures(),
    });
    this.#attached = { workers, calls, rebalance: this.#rebalanceWith(workers, calls), control, sale };
    await this.#liveBy(this.#membership.document);
  }

  /** Shards come here from now on; resolves when those are open that nobody has to hand over. */
  async open(): Promise<void> {
    const { config } = this.#options;
    if (!config.roles.has('actors')) return;
    await this.#membership.wantShards(true);
    const { workers, rebalance } = this.#attached!;
    await workers.open(rebalance.underWay);
  }

  /** The projection works whenever it is this node's turn. */
  project(projecting: Projecting | undefined): void {
    this.#projecting = projecting;
    this.#tellProjecting(this.#membership.document);
  }

  /** A thread of this node was replaced: what others had sent to its predecessor is lost. */
  restarted(address: Address): void {
    this.#attached?.calls.tellAll('restarted', { address });
  }

  /** Others fetch what lives here, while it sells. */
  async handOver(): Promise<void> {
    const { logger } = this.#options;
    try {
      await this.#membership.wantShards(false);
    } catch (error) {
      return logger.warn({ err: error }, 'the shards of this node cannot be handed over: others take them');
    }
    const giveUpAt = systemClock.monotonic() + HAND_OVER_MS_MAX;
    while (this.#hasShardsToGive && systemClock.monotonic() < giveUpAt) await pause(LOOK_MS);
  }

  /** What still lives here goes to others at once. */
  async leave(): Promise<void> {
    this.#attached?.rebalance.stop();
    this.#calls?.stop();
    await this.#membership.leave();
    this.#bucket.close();
  }

  /** From the moment at which this node is a member: others may wait for it to live by a placement. */
  #listen(): NodeCalls {
    const { link, names } = this.#options.storage.store;
    const calls = new NodeCalls({
      link,
      names,
      self: this.member,
      handlers: {
        figures: async () => this.#figures(),
        live: async (): Promise<ToldLive[]> =>
          (await this.#working.workers.live()).shards.map(({ stock, ...shard }) => ({
            ...shard,
            stock: [...stock],
          })),
        products: async (): Promise<ToldProducts> => [
          ...productsByShard((await this.#working.workers.live()).shards),
        ],
        sale: async (value) => this.#working.sale.tell(SaleQuestion.parse(value)),
        release: (value) => this.#release(ReleaseRequest.parse(value)),
        restarted: async (value) => this.#attached?.workers.ownersGone([RestartNote.parse(value).address]),
      },
      onRefused: (reason) => this.#refusals.tell(reason),
    });
    calls.start();
    return calls;
  }

  /** @throws before the threads are there */
  get #working(): Attached {
    if (this.#attached === undefined) throw new Error('this node is starting');
    return this.#attached;
  }

  async #liveBy(document: ClusterDocument): Promise<void> {
    if (this.#attached === undefined) return;
    const { workers, rebalance, control } = this.#attached;
    control.saw(document);
    this.#tellProjecting(document);
    workers.placement.set(document.homes, document.since);
    // Whoever claims under a revision knows the homes of that revision.
    this.#options.board.revision = document.revision;
    rebalance.run();
    await workers.reconcile(rebalance.underWay);
  }

  #tellProjecting(document: ClusterDocument): void {
    this.#projecting?.want(projectorOf(document)?.number === this.member);
  }

  #rebalanceWith(workers: WorkerPool, calls: NodeCalls): Rebalance {
    const { logger } = this.#options;
    return new Rebalance({
      clock: systemClock,
      timers: systemTimers,
      member: this.member,
      document: () => this.#membership.document,
      change: (change) => this.#membership.change(change),
      prepare: (worker, shard) => workers.askWorker(worker, 'prepare', shard, PREPARE_MS_MAX),
      abandon: (worker, shard) => workers.askWorker(worker, 'abandon', shard, RELEASE_MS_MAX),
      take: (worker, shards) => workers.askWorker(worker, 'take', shards, TAKE_MS_MAX),
      release: async (from, shards, revision) => {
        const request = { worker: workerOf(from), shards: [...shards], revision };
        if (memberOf(from) === this.member) return this.#release(request);
        await calls.ask(memberOf(from), 'release', request, { withinMs: RELEASE_MS_MAX });
      },
      onFetched: (shards, pauseMs) => {
        for (const shard of shards) this.#failures.delete(shard);
        logger.info({ shards, pauseMs: Math.round(pauseMs) }, 'shards came to this node');
      },
      onWaiting: (from, error) =>
        logger.warn(
          { member: memberOf(from), err: error },
          'shards are waited for: their giver has not stopped',
        ),
      onFailed: (shards, error) => {
        for (const shard of shards) this.#failures.set(shard, error.message);
        logger.warn({ shards, err: error }, 'shards could not be fetched; tried again');
        void workers.reconcile(this.#attached?.rebalance.underWay ?? []);
      },
    });
  }

  /** Before it knows of the document that asks for it, a thread would open the shard again. */
  async #release({ worker, shards, revision }: z.infer<typeof ReleaseRequest>): Promise<void> {
    const giveUpAt = systemClock.monotonic() + RELEASE_MS_MAX;
    // Without threads it answers for nothing.
    if (this.#attached === undefined) return;
    const { workers, rebalance } = this.#attached;
    while (this.#options.board.revision < revision || rebalance.awaits(shards, revision)) {
      if (systemClock.monotonic() > giveUpAt)
        throw new Error('the new placement is not known here yet, or the shards have not come here yet');
      await pause(LOOK_MS / 10);
    }
    if (shards.length > 0) await workers.askWorker(worker, 'releaseAll', shards, RELEASE_MS_MAX);
  }

  #removed(member: Member): void {
    if (member.number === this.member) return;
    this.#options.logger.warn({ node: member.node }, 'a node is gone from the cluster');
    const addresses = Array.from({ length: member.workers }, (_, worker) => addressOf(member.number, worker));
    this.#attached?.workers.ownersGone(addresses);
  }

  #tellClock(strayMs: number, isOff: boolean): void {
    const { logger } = this.#options;
    const figures = { strayMs: Math.round(strayMs) };
    if (isOff)
      logger.error(
        figures,
        'the clock of this node is too far from the others’: it owns nothing until that is mended',
      );
    else logger.warn(figures, 'the clock of this node agrees with the others’ again: it may own shards');
  }

  get #hasShardsToGive(): boolean {
    const { document } = this.#membership;
    const target = this.#target.of(document);
    return document.homes.some(
      (home, shard) => memberOf(home) === this.member && target[shard] !== home && target[shard] !== NOBODY,
    );
  }

  async #figures(): Promise<MemberFigures> {
    const { workers, rebalance } = this.#working;
    const told = toldBy(this.#options.config.nodeId, await workers.figures());
    const failures = [...this.#failures].map(([shard, why]) => ({ shard, why }));
    const longestPauseMs = Math.round(rebalance.longestPauseMs * 10) / 10;
    return { ...told, failures, longestPauseMs, underWay: rebalance.underWay.length };
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void systemTimers.after(ms, resolve));
