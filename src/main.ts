// One node: composes the journal, Postgres, the worker threads and the projection, starts them in order, and stops them
// in the opposite one. What is answered is always durable already, so a node may also simply be killed.
//
//   start   lock DATA_DIR → journal, and its mark → Postgres → shards of which anybody knows more than the journal refused →
//           the others claimed and replayed → projection → HTTP → ready
//   stop    not ready → requests finished → mailboxes drained → projection flushed → Postgres, journal → unlock

import { writeFileSync, rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { pino, type Logger } from 'pino';
import type { AuditReport, AuditRequest } from './audit.ts';
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
} from './http/index.ts';
import { JetStreamStorage } from './jetstream-storage.ts';
import { Metrics } from './metrics.ts';
import {
  assertBelongsTogether,
  migrate,
  openPool,
  PostgresOfAnotherJournal,
  SchemaRefused,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type PostgresConnection,
  type ProjectionPump,
} from './persistence/index.ts';
import {
  lockDataFolder,
  memberOf,
  NodeBoard,
  placeShards,
  systemClock,
  threadFile,
  workerOf,
  type Address,
  type DataFolder,
  type ShardStatus,
} from './runtime/index.ts';
import { assertPortFree, hostOfUrl, holdPort } from './listen-port.ts';
import { listShards, productsByShard, toldBy } from './shard-list.ts';
import { PlacementStore } from './placement-store.ts';
import { Projecting } from './projecting.ts';
import { placementAtStart, Resharding } from './resharding.ts';
import { StartError } from './start-error.ts';
import type { Storage } from './storage.ts';
import { WorkerPool } from './worker-pool.ts';

export interface RunningNode {
  /** Undefined for a node without HTTP. */
  readonly url: string | undefined;
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

const CAUGHT_UP_WAIT_MS = 30_000;
const BOARD_PERIOD_MS = 50;
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
  const cluster = await joinCluster(config, storage, board, logger);
  undo.push(() => cluster?.leave());
  const store = openPlacement(folder.placement);

  const metrics = new Metrics();
  let projecting: Projecting | undefined;
  let auditing: Promise<NodeReport> | undefined;
  const auditNow = async (): Promise<NodeReport> => {
    const { shards: own, silent: silentWorkers } = await workers.live();
    const live = [...own, ...((await cluster?.othersLive()) ?? [])];
    await caughtUp(async () => (await storage.projectedUpTo()) ?? projecting?.pump?.caughtUpTo ?? 0);
    if (postgres === undefined) throw new Error('this node has no Postgres to look into');
    const report = await runAudit({ ...storage.audited, connection: postgres.connection, live });
    return { ...report, silentWorkers };
  };
  const handlers = {
    shards: async (): Promise<NodeShard[]> => {
      if (cluster !== undefined) return cluster.shards();
      return listShards(
        workers.placement.owners,
        new Map([[0, toldBy(config.nodeId, await workers.figures())]]),
      );
    },
    metrics: async (): Promise<string> => {
      const pool = await workers.figures();
      const own = [...workers.placement.owners].filter((owner) => memberOf(owner) === member);
      return metrics.render({
        pool,
        silentShards: own.filter((owner) => pool.silent.includes(workerOf(owner))).length,
        hasLease: board.leaseUntil > systemClock.monotonic(),
        projection: projecting?.pump?.stats(),
        projectionLagSeconds: Math.max(0, systemClock.now() - board.projectedUpTo) / 1_000,
      });
    },
    profile: (request: ProfileRequest): Promise<ProfileOutcome> => workers.profiler.take(request),
    placement: async (): Promise<PlacementStatus> => resharding.status(),
    planPlacement: ({ file }: PlacementRequest): Promise<PlacementPlan> => resharding.plan(file),
    applyPlacement: async (request: Required<PlacementRequest>): Promise<PlacementApplied> =>
      resharding.apply(request),
    audit: (): Promise<NodeReport> => {
      // It reads everything: whoever asks meanwhile gets the same answer.
      auditing ??= auditNow().finally(() => (auditing = undefined));
      return auditing;
    },
  };
  const member = cluster?.member ?? 0;
  const owners = cluster?.homes ?? ownersAtStart(config, store, logger);
  const onReplaced = (address: Address): void => cluster?.restarted(address);
  const underWay = (): readonly number[] => cluster?.underWay ?? [];
  const workers = new WorkerPool({
    config,
    board,
    storage,
    member,
    owners,
    underWay,
    onReplaced,
    handlers,
    logger,
  });
  undo.push(() => workers.terminate());
  const resharding =
    cluster ??
    new Resharding({
      node: config.nodeId,
      workers: config.workers,
      store,
      table: workers.placement,
      handover: workers.handover,
      products: async () => productsByShard((await workers.live()).shards),
      logger,
    });
  await cluster?.attach(workers);

  const postgres = await startPostgres(config, undo);
  if (postgres !== undefined)
    await storage.holdAgainst(await preparePostgres(postgres.connection, storage.journalId));
  await orDeath(cluster?.open() ?? workers.open(), storage.died, workers.failed);
  const ownShards = async (): Promise<ShardStatus[]> =>
    [...(await workers.figures()).answered.values()].flatMap(({ shards }) => shards);
  undo.push(storage.makeSnapshots(logger, ownShards));

  if (postgres !== undefined && config.roles.has('projection')) {
    const { connection } = postgres;
    projecting = new Projecting({ config, storage, connection, logger });
    if (cluster === undefined) await projecting.start();
    else cluster.project(projecting);
  }
  const stopTelling = tellProgress(board, storage, () => projecting?.pump);
  undo.push(async () => {
    stopTelling();
    await projecting?.stop();
  });

  let port = 0;
  if (postgres !== undefined && config.roles.has('http')) {
    const reusePort = supportsReusePort && config.workers > 1;
    const serving = workers.serve({ connection: postgres.connection, port: config.port, reusePort });
    port = await orDeath(serving, storage.died, workers.failed);
  }
  workers.settle();
  undo.push(() => workers.stop());
  board.phase = 'ready';
  const url = port === 0 ? undefined : `http://${hostOfUrl(config.host)}:${port}`;
  if (url !== undefined) announce(folder, { url, pid: process.pid, adminToken: config.adminToken });
  undo.push(async () => {
    board.phase = 'stopping';
    resharding.stop();
    rmSync(folder.nodeFile, { force: true });
    await cluster?.handOver();
  });
  const failures = [storage.died, workers.failed, postgres?.failed, cluster?.failed].filter(
    (one) => one !== undefined,
  );
  return { url, failed: Promise.race(failures), stop };
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
    const why = `A thread died before the node was ready: ${messageOf(error)}.`;
    throw new StartError(`${why} Nothing was sold; start again when the cause is gone.`, { cause: error });
  }
}

async function startPostgres(
  config: Config,
  undo: (() => Promise<void> | void)[],
): Promise<Pick<EmbeddedPostgres, 'connection' | 'failed'> | undefined> {
  if (config.databaseUrl !== undefined) {
    return { connection: { connectionString: config.databaseUrl }, failed: new Promise(() => undefined) };
  }
  if (config.cluster !== undefined) return undefined;
  const embedded = await startEmbeddedPostgres(config.dataDir);
  undo.push(() => embedded.stop());
  return embedded;
}

/** Tables as this version wants them, of this very journal. @returns how far it is, for each shard */
async function preparePostgres(
  connection: PostgresConnection,
  journalId: string,
): Promise<Map<number, number>> {
  const pool = openPool(connection, 1, 'doorbuster start');
  try {
    await migrate(pool);
    return await assertBelongsTogether(pool, journalId);
  } catch (error) {
    if (error instanceof SchemaRefused || error instanceof PostgresOfAnotherJournal) throw error;
    throw new StartError(
      `Postgres cannot be used: ${messageOf(error)}. Check DATABASE_URL, and that the server runs.`,
      {
        cause: error,
      },
    );
  } finally {
    await pool.end();
  }
}

/** A refused connection is an AggregateError whose own message is empty. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

function announce(folder: DataFolder, file: NodeFile): void {
  rmSync(folder.nodeFile, { force: true });
  writeFileSync(folder.nodeFile, JSON.stringify(file), { mode: OWNER_ONLY });
}

/** @returns what ends it */
function tellProgress(
  board: NodeBoard,
  storage: Storage,
  pumpNow: () => ProjectionPump | undefined,
): () => void {
  let isAsking = false;
  const tell = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    try {
      const all = await storage.projectedUpTo();
      const pump = pumpNow();
      board.projectedUpTo =
        all === undefined ? (pump?.asOf ?? 0) : Math.min(all, pump?.setAsideAt ?? Infinity);
    } catch {
      // Nobody can say just now: what was known stays true.
    }
    isAsking = false;
  };
  const timer = setInterval(() => void tell(), BOARD_PERIOD_MS);
  return () => clearInterval(timer);
}

/** Waits until Postgres has what was journaled before now, or for a bounded time: an audit tells how far it is. */
async function caughtUp(upTo: () => Promise<number>): Promise<void> {
  const from = systemClock.now();
  while ((await upTo()) < from && systemClock.now() - from < CAUGHT_UP_WAIT_MS) {
    await new Promise((resolve) => setTimeout(resolve, BOARD_PERIOD_MS));
  }
}

function runAudit(request: AuditRequest): Promise<AuditReport> {
  const worker = new Worker(threadFile('./audit-thread', import.meta.url), {
    workerData: request,
    name: 'audit',
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
