// A worker thread: its share of the shards, the router to all others, and its own HTTP listener. Made, asked and ended
// by main.ts; it composes real clocks, ports and threads with code that knows only their interfaces.

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { pino } from 'pino';
import type { Stock } from './actors/index.ts';
import type { Config } from './config.ts';
import {
  Auth,
  Counters,
  createApp,
  listen,
  loadAssets,
  ProductHub,
  type Listener,
  type NodeReport,
  type NodeShard,
  type PlacementApplied,
  type PlacementPlan,
  type PlacementStatus,
  type ProfileOutcome,
} from './http/index.ts';
import { openPool, OrderReads, ProductReads, type PostgresConnection } from './persistence/index.ts';
import {
  BEAT_PERIOD_MS,
  catchUp,
  dataFiles,
  Heartbeats,
  NodeBoard,
  OwnShards,
  PlacementTable,
  Router,
  Shard,
  SnapshotFiles,
  SqliteJournal,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  ThreadLink,
  ThreadTransport,
  throwApart,
  type ShardStatus,
} from './runtime/index.ts';

export interface WorkerData {
  readonly config: Config;
  readonly worker: number;
  readonly board: SharedArrayBuffer;
  readonly placement: SharedArrayBuffer;
  readonly heartbeats: SharedArrayBuffer;
  readonly journal: MessagePort;
  /** Ports to the other workers that live, by their numbers. */
  readonly peers: ReadonlyMap<number, MessagePort>;
}

/** A thread was started under this number. */
export interface MeetRequest {
  readonly worker: number;
  readonly port: MessagePort;
}

export interface ServeRequest {
  readonly connection: PostgresConnection;
  readonly port: number;
  readonly reusePort: boolean;
}

/** Counters and gauges of one thread. */
export interface WorkerFigures {
  readonly orders: ReadonlyMap<string, number>;
  /** Commands sent again after the death of another thread. */
  readonly repeated: number;
  readonly streams: number;
  readonly pending: number;
  readonly shards: readonly ShardStatus[];
}

/** Stock of the products of one shard, exactly as of one journal sequence. */
export interface LiveShard {
  readonly shard: number;
  readonly sequence: number;
  readonly stock: ReadonlyMap<string, Stock>;
}

const CONNECTIONS_PER_THREAD = 2;
const DRAIN_MAX_MS = 10_000;
const AHEAD_TOLD_MS = 1_000;

const { config, worker, journal: journalPort, peers, ...shared } = workerData as WorkerData;
const logger = pino({ level: config.logLevel, base: { worker } });
const board = new NodeBoard(shared.board);
const { owners } = new PlacementTable(shared.placement);
const ownerOf = (shard: number): number => owners[shard]!;
const snapshots = new SnapshotFiles(dataFiles(config.dataDir).snapshots, ({ shard, sequence }, why) =>
  logger.warn({ shard, sequence, why }, 'a damaged snapshot was set aside; the journal takes its place'),
);
const journal = new SqliteJournal(journalPort);
const shardPorts = { journal, snapshots, clock, timers, random };
const transport = new ThreadTransport(peers);
const shards = new OwnShards({
  self: worker,
  shards: config.shards,
  ownerOf,
  timers,
  make: (number, onPhase) => new Shard(number, shardPorts, config.limits, onPhase),
  onPhase: tellPhase,
});
const router = new Router(
  worker,
  config.shards,
  ownerOf,
  shards.byNumber,
  { clock, timers, transport, random, lookUp },
  config.limits,
);
const counters = new Counters();
let listener: Listener | undefined;
let closeReads = async (): Promise<void> => undefined;

const main = new ThreadLink(parentPort!, {
  open: () => shards.adopt(),
  prepare: (shard: number) => shards.prepare(shard),
  abandon: (shard: number) => shards.abandon(shard),
  release: (shard: number) => shards.release(shard),
  meet: ({ worker: other, port }: MeetRequest) => transport.connect(other, port),
  takeOver,
  serve,
  figures: (): WorkerFigures => ({
    orders: counters.orders,
    repeated: router.repeated,
    streams: counters.streams,
    pending: router.pending,
    shards: shards.status(),
  }),
  live: liveShards,
  stopServing: async () => {
    await listener?.stop();
    await closeReads();
  },
  drain: async () => {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    // A shard that cannot write never drains: whoever waits for it is told `outcome_unknown`, which is true.
    const cancel = timers.after(DRAIN_MAX_MS, resolve);
    await Promise.race([late, shards.drain()]);
    cancel();
  },
});

transport.onMessage((message) => router.receive(message));
const heartbeats = new Heartbeats(shared.heartbeats);
setInterval(() => heartbeats.beat(worker), BEAT_PERIOD_MS);

function lookUp(): void {
  try {
    journal.poll();
    transport.poll();
    catchUp();
  } catch (error) {
    throwApart(error);
  }
}

/** Another thread is gone, and placement names its heirs; this one may be among them. */
async function takeOver(gone: number): Promise<void> {
  transport.disconnect(gone);
  const opened = shards.adopt();
  router.ownerDied(gone);
  await opened;
}

function tellPhase({ shard, phase, reason, aheadMs }: ShardStatus): void {
  const trouble = { shard, phase, reason };
  if (phase === 'refused') logger.error(trouble, 'this shard is refused: its products cannot be sold');
  else if (phase === 'recovering') logger.warn(trouble, 'this shard reads its journal back');
  else if (phase === 'open' && aheadMs > AHEAD_TOLD_MS) {
    logger.warn(
      { shard, aheadMs },
      'the journal of this shard is ahead of the clock: sales follow the journal’s time',
    );
  } else if (phase === 'lost') logger.warn(trouble, 'this shard has another owner');
}

async function serve({ connection, port, reusePort }: ServeRequest): Promise<number> {
  const pool = openPool(connection, CONNECTIONS_PER_THREAD, `doorbuster worker ${worker}`);
  closeReads = () => pool.end();
  const { app, purchase } = createApp(
    {
      router,
      clock,
      random,
      auth: new Auth(config.authSecret, config.adminToken, clock),
      node: {
        get phase() {
          return board.phase;
        },
        get projectedUpTo() {
          return board.projectedUpTo;
        },
        shards: () => main.ask<NodeShard[]>('shards'),
        metrics: () => main.ask<string>('metrics'),
        audit: () => main.ask<NodeReport>('audit'),
        profile: (request) => main.ask<ProfileOutcome>('profile', request),
        placement: () => main.ask<PlacementStatus>('placement'),
        planPlacement: (request) => main.ask<PlacementPlan>('planPlacement', request),
        applyPlacement: (request) => main.ask<PlacementApplied>('applyPlacement', request),
      },
      orders: new OrderReads(pool),
      products: new ProductReads(pool),
      hub: new ProductHub(router, timers),
      assets: loadAssets(),
      counters,
      limits: config.http,
      demo: config.demo,
    },
    { onError: (error) => logger.error({ err: error }, 'a request failed') },
  );
  const { host, http } = config;
  const shortcut = { purchase, bytesMax: http.orderBytesMax };
  listener = await listen(app, { host, port, reusePort, headerBytesMax: http.headerBytesMax }, shortcut);
  return listener.port;
}

function liveShards(): LiveShard[] {
  return [...shards.byNumber.values()].flatMap((shard) => {
    const products = shard.durableProducts();
    if (products === undefined || products.size === 0) return [];
    const stock = new Map([...products].map(([id, product]) => [id, { ...product.stock }]));
    return [{ shard: shard.shard, sequence: shard.status().sequence, stock }];
  });
}
