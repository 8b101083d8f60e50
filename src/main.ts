// One node: composes the journal, Postgres, the worker threads and the projection, starts them in order, and stops them
// in the opposite one. What is answered is always durable already, so a node may also simply be killed.
//
//   start   lock DATA_DIR → journal, and its mark → Postgres → shards of which anybody knows more than the journal refused →
//           the others claimed and replayed → projection → HTTP → ready
//   stop    not ready → requests finished → mailboxes drained → projection flushed → Postgres, journal → unlock

import { writeFileSync, rmSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import { Cluster } from './cluster.ts';
import type { Config } from './config.ts';
import { EmbeddedStorage } from './embedded-storage.ts';
import {
  supportsReusePort,
  type NodeReport,
  type NodeShard,
  type PlacementApplied,
  type PlacementPlan,
  type PlacementRequest,
  type PlacementStatus,
  type ProfileOutcome,
  type ProfileRequest,
  type SaleQuestion,
  type SaleWatched,
} from './http/index.ts';
import { openDemoPayments } from './demo-payments.ts';
import { JetStreamStorage } from './jetstream-storage.ts';
import { assertPortFree, hostOfUrl, holdPort } from './listen-port.ts';
import { Metrics } from './metrics.ts';
import { NodeAudit } from './node-audit.ts';
import { preparePostgres, startPostgres, type NodePostgres } from './node-postgres.ts';
import { PlacementStore } from './placement-store.ts';
import { openLimits } from './open-limits.ts';
import { openDoors, type OpenDoors } from './open-doors.ts';
import { followStatuses, type FollowedStatuses } from './open-risk.ts';
import { StatusTable } from './risk/index.ts';
import { Projecting } from './projecting.ts';
import { openCache, type PostgresConnection, type Whereabouts } from './persistence/index.ts';
import { placementAtStart, Resharding } from './resharding.ts';
import {
  ClusterUnavailable,
  lockDataFolder,
  memberOf,
  NodeBoard,
  placeShards,
  systemClock,
  systemTimers,
  workerOf,
  type Address,
  type DataFolder,
} from './runtime/index.ts';
import { listShards, productsByShard, toldBy } from './shard-list.ts';
import { messageOf, StartError } from './start-error.ts';
import { SaleSampler } from './sale-sampler.ts';
import type { Storage } from './storage.ts';
import { WorkerPool } from './worker-pool.ts';

export interface RunningNode {
  /** Undefined for a node without HTTP. */
  readonly url: string | undefined;
  /** Of orders and the catalogue. Undefined for a node that needs none. */
  readonly postgres: PostgresConnection | undefined;
  /** Resolves when a part of the node died: the process must end with an error. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

/** What commands on this machine need to reach the node; readable by its owner alone. */
export interface NodeFile {
  readonly url: string;
  readonly pid: number;
  readonly adminToken: string;
}

const BOARD_PERIOD_MS = 50;
const NOBODY_ELSE = { told: [], silent: [] };
const OWNER_ONLY = 0o600;

export async function startNode(config: Config): Promise<RunningNode> {
  // Journal and database hold customers' names: nobody else on this machine reads them.
  process.umask(0o077);
  const logger = pino({ level: config.logLevel });
  const folder = lockDataFolder(config.dataDir);
  /** Undone in the opposite order, at the stop and after a start that failed. */
  const undo: (() => Promise<void> | void)[] = [() => folder.release()];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    await assertPortFree(config);
    undo.push(await holdPort(config));
    return await compose(config, logger, folder, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function compose(
  config: Config,
  logger: Logger,
  folder: DataFolder,
  undo: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<RunningNode> {
  const board = new NodeBoard();
  const storage =
    config.cluster === undefined
      ? await EmbeddedStorage.open(config, folder, logger)
      : await JetStreamStorage.open(config, config.cluster, logger);
  undo.push(() => storage.stop());
  const preparing = openPostgres(config, storage, undo);
  // A node that cannot start would only move shards about.
  if (config.cluster !== undefined) await preparing;
  const cluster = await joinCluster(config, storage, board, logger);
  undo.push(() => cluster?.leave());
  const store = openPlacement(folder.placement);
  const limits = await openLimits(config, logger);
  undo.push(() => limits?.stop());

  const metrics = new Metrics();
  const member = cluster?.member ?? 0;
  const handlers = {
    shards: async (): Promise<NodeShard[]> => {
      if (cluster !== undefined) return cluster.control.shards();
      const told = toldBy(config.nodeId, await workers.figures());
      return listShards(workers.placement.owners, new Map([[member, told]]));
    },
    metrics: async (): Promise<string> => {
      const pool = await workers.figures();
      const own = [...workers.placement.owners].filter((owner) => memberOf(owner) === member);
      return metrics.render({
        pool,
        limits: limits?.figures(),
        openReviews: followed?.keeper.openReviews ?? NaN,
        openPayments: followed?.keeper.openPayments,
        silentShards: own.filter((owner) => pool.silent.includes(workerOf(owner))).length,
        hasLease: board.leaseUntil > systemClock.monotonic(),
        projection: projecting?.pump?.stats(),
        projectionLag:
          projecting === undefined
            ? { seconds: NaN, records: NaN }
            : {
                seconds: Math.max(0, systemClock.now() - board.projectedUpTo) / 1_000,
                records: storage.recordsBehind,
              },
      });
    },
    profile: (request: ProfileRequest): Promise<ProfileOutcome> => workers.profiler.take(request),
    placement: async (): Promise<PlacementStatus> => resharding.status(),
    planPlacement: ({ file }: PlacementRequest): Promise<PlacementPlan> => resharding.plan(file),
    applyPlacement: async (request: Required<PlacementRequest>): Promise<PlacementApplied> =>
      resharding.apply(request),
    sale: (question: SaleQuestion): Promise<SaleWatched> =>
      sale.watch(question, (asked) => cluster?.control.othersSale(asked) ?? Promise.resolve(NOBODY_ELSE)),
    audit: (): Promise<NodeReport> => audit.run(),
    whereIs: (productId: string): Promise<Whereabouts> => doors!.keeper.whereIs(productId),
    lookAtDoors: (): Promise<void> => doors!.keeper.look(),
    lookAtStatuses: (): Promise<void> => followed!.keeper.look(),
  };
  const statuses = StatusTable.make();
  const owners = cluster?.homes ?? ownersAtStart(config, store, logger);
  const workers = new WorkerPool({
    config,
    board,
    storage,
    statuses: statuses.shared,
    member,
    owners,
    awaited: () => cluster?.awaited ?? [],
    buckets: limits?.buckets,
    onReplaced: (address) => cluster?.restarted(address),
    handlers,
    logger,
  });
  undo.push(() => workers.terminate());
  const sale = new SaleSampler({ workers, clock: systemClock, timers: systemTimers });
  undo.push(() => sale.stop());
  await cluster?.attach(workers, sale);
  const resharding =
    cluster?.control ??
    new Resharding({
      node: config.nodeId,
      workers: config.workers,
      store,
      table: workers.placement,
      handover: workers.handover,
      products: async () => productsByShard((await workers.live()).shards),
      logger,
    });

  const postgres = await preparing;
  await orDeath(cluster?.open() ?? workers.open(), storage.died, workers.failed);
  undo.push(storage.makeSnapshots(logger, () => workers.statuses()));

  const { journalId } = storage;
  const { redis, prefix } = config.cache;
  const cache =
    redis !== undefined && config.roles.has('projection')
      ? await openCache({ address: redis, prefix, journalId, logger, clock: systemClock })
      : undefined;
  undo.push(async () => cache?.close());
  const projecting =
    postgres && new Projecting({ config, storage, connection: postgres.connection, cache, logger });
  if (config.roles.has('projection')) {
    if (cluster === undefined) await projecting?.start();
    else cluster.project(projecting);
  }
  const progress = setInterval(() => void tellProgress(board, projecting), BOARD_PERIOD_MS);
  undo.push(async () => {
    clearInterval(progress);
    await projecting?.stop();
  });
  /** Who takes the money. */
  let { provider } = config.payments;
  const audit = new NodeAudit({
    request: () => {
      if (postgres === undefined) throw new Error('this node has no Postgres to look into');
      const audited = provider && { ...provider, timeoutMs: config.payments.timeoutMs };
      return { ...storage.audited, connection: postgres.connection, provider: audited };
    },
    live: async () => {
      const { shards, silent } = await workers.live();
      return { shards: [...shards, ...((await cluster?.control.othersLive()) ?? [])], silent };
    },
    projectedUpTo: async () => (await projecting?.upTo()) ?? 0,
  });

  let url: string | undefined;
  let doors: OpenDoors | undefined;
  let followed: FollowedStatuses | undefined;
  if (postgres !== undefined && config.roles.has('http')) {
    const opened = (doors = await openDoors(postgres.connection, workers, logger));
    undo.push(() => opened.stop());
    workers.keepDoors(() => opened.keeper.whole());
    const demoPayments = await openDemoPayments(config);
    undo.push(() => demoPayments?.stop());
    provider ??= demoPayments?.provider;
    const following = (followed = await followStatuses(postgres.connection, statuses, logger));
    undo.push(() => following.stop());
    const reusePort = supportsReusePort && config.workers > 1;
    const serving = workers.serve({
      connection: postgres.connection,
      journalId,
      port: config.port,
      reusePort,
      provider,
    });
    const port = await orDeath(serving, storage.died, workers.failed);
    url = `http://${hostOfUrl(config.host)}:${port}`;
    demoPayments?.aim(url);
  }
  workers.settle();
  sale.start();
  undo.push(() => workers.stop());
  board.phase = 'ready';
  if (url !== undefined) announce(folder, { url, pid: process.pid, adminToken: config.adminToken });
  undo.push(async () => {
    board.phase = 'stopping';
    if (resharding instanceof Resharding) resharding.stop();
    rmSync(folder.nodeFile, { force: true });
    await cluster?.handOver();
  });
  const failures = [storage.died, workers.failed, postgres?.failed, cluster?.failed];
  return {
    url,
    postgres: postgres?.connection,
    failed: Promise.race(failures.filter((failure) => failure !== undefined)),
    stop,
  };
}

/** Of this very journal, which knows no less than it does. It takes a while, embedded: worker threads start meanwhile. */
function openPostgres(
  config: Config,
  storage: Storage,
  undo: (() => Promise<void> | void)[],
): Promise<NodePostgres | undefined> {
  const started = startPostgres(config);
  undo.push(async () => (await started.catch(() => undefined))?.stop());
  const opened = started.then(async (postgres) => {
    if (postgres !== undefined)
      await storage.holdAgainst(await preparePostgres(postgres.connection, storage.journalId));
    return postgres;
  });
  // Whoever waits for it hears of a failure.
  opened.catch(() => undefined);
  return opened;
}

/** Of a node by itself the lease never ends. */
async function joinCluster(
  config: Config,
  storage: Storage,
  board: NodeBoard,
  logger: Logger,
): Promise<Cluster | undefined> {
  if (config.cluster !== undefined && storage instanceof JetStreamStorage)
    return Cluster.join({ config, cluster: config.cluster, storage, board, logger });
  board.leaseUntil = Infinity;
  return undefined;
}

function ownersAtStart(config: Config, store: PlacementStore, logger: Logger): readonly Address[] {
  const { nodeId: node, workers, shards } = config;
  const { owners, misfit } = placementAtStart(store, { node, workers, shards });
  if (misfit !== undefined) {
    logger.warn(
      { misfit },
      'the placement file does not fit this node any more: its shards are dealt out evenly',
    );
  }
  return owners ?? placeShards(shards, workers);
}

/** @throws StartError */
function openPlacement(path: string): PlacementStore {
  try {
    return new PlacementStore(path);
  } catch (error) {
    throw new StartError(messageOf(error), { cause: error });
  }
}

/** A thread that dies now would leave what it was asked for without an answer for ever. @throws StartError */
async function orDeath<T>(work: Promise<T>, ...deaths: readonly Promise<Error>[]): Promise<T> {
  try {
    return await Promise.race([work, ...deaths.map((death) => death.then((error) => Promise.reject(error)))]);
  } catch (error) {
    if (error instanceof ClusterUnavailable) throw error;
    const why = `A thread died before the node was ready: ${messageOf(error)}.`;
    throw new StartError(`${why} Nothing was sold; start again when the cause is gone.`, { cause: error });
  }
}

function announce(folder: DataFolder, file: NodeFile): void {
  rmSync(folder.nodeFile, { force: true });
  writeFileSync(folder.nodeFile, JSON.stringify(file), { mode: OWNER_ONLY });
}

async function tellProgress(board: NodeBoard, projecting: Projecting | undefined): Promise<void> {
  try {
    board.projectedUpTo = (await projecting?.asOf()) ?? 0;
  } catch {
    // Nobody can say just now: what was known stays true.
  }
}
