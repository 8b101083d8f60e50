// A node's part in its cluster: joins, lives by the document, fetches the shards that belong here, and speaks for the whole
// cluster to those who ask this node.
//
//   document changes ──▶ table of all threads ──▶ they stop what is others', open what is theirs ──▶ the rest is fetched
//
// Made before the worker threads, whose addresses begin with the member's number; they are attached when they are there.

import type { Logger } from 'pino';
import * as z from 'zod';
import type { Stock } from './actors/index.ts';
import type { ClusterConfig, Config } from './config.ts';
import type {
  NodeShard,
  PlacementApplied,
  PlacementPlan,
  PlacementRequest,
  PlacementStatus,
} from './http/index.ts';
import type { JetStreamStorage } from './jetstream-storage.ts';
import {
  addressOf,
  applyFile,
  ClusterBucket,
  factsOf,
  firstDocument,
  memberOf,
  Membership,
  NOBODY,
  NodeCalls,
  planOf,
  presentOf,
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
import type { Projecting } from './projecting.ts';
import { SeldomLog } from './seldom-log.ts';
import { listShards, productsByShard, toldBy, type ToldByNode } from './shard-list.ts';
import { wantedBy } from './wanted-placement.ts';
import type { WorkerPool } from './worker-pool.ts';
import type { LiveShard } from './worker.ts';

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
}

/** What a node tells the others of itself. */
interface MemberFigures extends ToldByNode {
  readonly longestPauseMs: number;
  readonly failures: PlacementStatus['failures'];
}

/** Shards that another node has taken over by the document of this revision. */
const ReleaseRequest = z.strictObject({
  worker: z.int().min(0),
  shards: z.array(z.int().min(0)),
  revision: z.int(),
});
const RestartNote = z.strictObject({ address: z.int().min(0) });

/** For others to say how they are. */
const FIGURES_MS_MAX = 2_500;
const PRODUCTS_MS_MAX = 5_000;
/** For a thread to read a shard beforehand. */
const PREPARE_MS_MAX = 60_000;
/** For a giver to finish what it has; then it is asked again. */
const RELEASE_MS_MAX = 2_000;
const TAKE_MS_MAX = 60_000;
/** For others to fetch what lives on a node that leaves. */
const HAND_OVER_MS_MAX = 10_000;
const LOOK_MS = 20;
/** The document, which the file is part of, is one message. */
const FILE_BYTES_MAX = 256 * 1024;

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #bucket: ClusterBucket;
  readonly #membership: Membership;
  readonly #target = new Target();
  readonly #refusals = new SeldomLog(systemClock, (reason, times) =>
    this.#options.logger.warn({ reason, times }, 'questions of another node were refused'),
  );
  readonly #failures = new Map<number, string>();
  #attached: Attached | undefined;
  #projecting: Projecting | undefined;
  /** Shards that were not where they belong when that began to be wanted. */
  #moves = { revision: -1, count: 0 };

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
      first: async () => firstDocument(config.shards, (await storage.highestRevision()) + 1),
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

  /** Shards whose giver has not stopped yet. */
  get underWay(): readonly number[] {
    return this.#attached?.rebalance.underWay ?? [];
  }

  /** The threads are there: from now on they live by the document. */
  async attach(workers: WorkerPool): Promise<void> {
    const { link, names } = this.#options.storage.store;
    const calls = new NodeCalls({
      link,
      names,
      self: this.member,
      handlers: {
        figures: () => this.#figures(),
        live: async () =>
          (await workers.live()).shards.map(({ stock, ...shard }) => ({ ...shard, stock: [...stock] })),
        products: async () => [...productsByShard((await workers.live()).shards)],
        release: (value) => this.#release(ReleaseRequest.parse(value)),
        restarted: async (value) => workers.ownersGone([RestartNote.parse(value).address]),
      },
      onRefused: (reason) => this.#refusals.tell(reason),
    });
    calls.start();
    this.#attached = { workers, calls, rebalance: this.#rebalanceWith(workers, calls) };
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
  project(projecting: Projecting): void {
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
    this.#attached?.calls.stop();
    await this.#membership.leave();
    this.#bucket.close();
  }

  async shards(): Promise<NodeShard[]> {
    return listShards(this.homes, await this.#everybodysFigures());
  }

  async status(): Promise<PlacementStatus> {
    const { wanted, homes } = this.#membership.document;
    const { revision, appliedAt, file } = wanted;
    const left = this.#misplaced(this.#membership.document).length;
    const told = [...(await this.#everybodysFigures()).values()];
    const moves = Math.max(this.#moves.count, left);
    return {
      revision,
      appliedAt,
      file,
      running: left > 0,
      moves,
      done: moves - left,
      failures: told.flatMap(({ failures }) => failures).filter(({ shard }) => shard < homes.length),
      longestPauseMs: Math.max(0, ...told.map(({ longestPauseMs }) => longestPauseMs)),
    };
  }

  async plan(file: string): Promise<PlacementPlan> {
    const { document } = this.#membership;
    const wanted = this.#wantedBy(file, document);
    if (wanted.outcome === 'refused') return wanted;
    const moves = planOf(presentOf(document), wanted.placement, await this.#products());
    return { outcome: 'planned', revision: document.wanted.revision, moves, notes: wanted.notes };
  }

  async apply({ file, revision }: Required<PlacementRequest>): Promise<PlacementApplied> {
    let refused: PlacementApplied | undefined;
    await this.#membership.change((document) => {
      const wanted = this.#wantedBy(file, document);
      if (wanted.outcome === 'refused') refused = wanted;
      else if (document.wanted.file === file && document.wanted.revision === revision + 1)
        refused = undefined;
      else if (document.wanted.revision !== revision)
        refused = { outcome: 'stale', revision: document.wanted.revision };
      else return applyFile(document, file, systemClock.now());
      return undefined;
    });
    return refused ?? { outcome: 'started', status: await this.status() };
  }

  /** Stock of the shards of other nodes, as far as these tell. */
  async othersLive(): Promise<LiveShard[]> {
    const { calls } = this.#attached!;
    type Told = Omit<LiveShard, 'stock'> & { readonly stock: readonly (readonly [string, Stock])[] };
    const others = this.#membership.document.members.filter(({ number }) => number !== this.member);
    const told = others.map(async ({ number }) => {
      const shards = await calls
        .ask<Told[]>(number, 'live', null, { withinMs: PRODUCTS_MS_MAX })
        .catch(() => []);
      return shards.map(({ stock, ...shard }) => ({ ...shard, stock: new Map(stock) }));
    });
    return (await Promise.all(told)).flat();
  }

  /** Asks for nothing more. */
  stop(): void {
    this.#attached?.rebalance.stop();
  }

  async #liveBy(document: ClusterDocument): Promise<void> {
    const { revision } = document.wanted;
    if (revision !== this.#moves.revision)
      this.#moves = { revision, count: this.#misplaced(document).length };
    if (this.#attached === undefined) return;
    const { workers, rebalance } = this.#attached;
    this.#tellProjecting(document);
    workers.placement.set(document.homes);
    // Whoever claims under a revision knows the homes of that revision.
    this.#options.board.revision = document.revision;
    rebalance.run();
    await workers.reconcile(rebalance.underWay);
  }

  #tellProjecting(document: ClusterDocument): void {
    this.#projecting?.want(projectorOf(document)?.number === this.member);
  }

  #misplaced(document: ClusterDocument): number[] {
    const target = this.#target.of(document);
    return [...document.homes.keys()].filter(
      (shard) => target[shard] !== NOBODY && target[shard] !== document.homes[shard],
    );
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
      release: async (from, shards) => {
        const { revision } = this.#membership.document;
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
        void workers.reconcile(this.underWay);
      },
    });
  }

  /** Before it knows of the document that asks for it, a thread would open the shard again. */
  async #release({ worker, shards, revision }: z.infer<typeof ReleaseRequest>): Promise<void> {
    const giveUpAt = systemClock.monotonic() + RELEASE_MS_MAX;
    const { workers, rebalance } = this.#attached!;
    while (this.#options.board.revision < revision || rebalance.awaits(shards)) {
      if (systemClock.monotonic() > giveUpAt)
        throw new Error('the new placement is not known here yet, or the shards have not come here yet');
      await pause(LOOK_MS / 10);
    }
    await workers.askWorker(worker, 'releaseAll', shards, RELEASE_MS_MAX);
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
    const { workers, rebalance } = this.#attached!;
    const told = toldBy(this.#options.config.nodeId, await workers.figures());
    const failures = [...this.#failures].map(([shard, why]) => ({ shard, why }));
    return { ...told, failures, longestPauseMs: Math.round(rebalance.longestPauseMs * 10) / 10 };
  }

  async #everybodysFigures(): Promise<Map<number, MemberFigures>> {
    const { calls } = this.#attached!;
    const told = this.#membership.document.members.map(
      async ({ number, node }): Promise<[number, MemberFigures]> => {
        if (number === this.member) return [number, await this.#figures()];
        try {
          return [
            number,
            await calls.ask<MemberFigures>(number, 'figures', null, { withinMs: FIGURES_MS_MAX }),
          ];
        } catch {
          return [number, { node, shards: [], silent: undefined, failures: [], longestPauseMs: 0 }];
        }
      },
    );
    return new Map(await Promise.all(told));
  }

  /** Of whoever tells. */
  async #products(): Promise<Map<number, readonly string[]>> {
    const { calls, workers } = this.#attached!;
    const told = this.#membership.document.members.map(
      async ({ number }): Promise<(readonly [number, readonly string[]])[]> => {
        if (number === this.member) return [...productsByShard((await workers.live()).shards)];
        return calls
          .ask<(readonly [number, readonly string[]])[]>(number, 'products', null, {
            withinMs: PRODUCTS_MS_MAX,
          })
          .catch(() => []);
      },
    );
    return new Map((await Promise.all(told)).flat());
  }

  #wantedBy(file: string, document: ClusterDocument): ReturnType<typeof wantedBy> {
    if (Buffer.byteLength(file) > FILE_BYTES_MAX) {
      const message = `the file has ${Buffer.byteLength(file)} bytes; ${FILE_BYTES_MAX} are the most in a cluster`;
      return { outcome: 'refused', mistakes: [{ line: 1, message }], more: 0 };
    }
    return wantedBy(file, factsOf(document));
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void systemTimers.after(ms, resolve));
