// A worker thread: its share of the shards, the router to all others, and its own HTTP listener. Made, asked and ended
// by main.ts; it composes real clocks, ports and threads with code that knows only their interfaces.

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { pino } from 'pino';
import type { ProductReading, Stock } from './actors/index.ts';
import type { Config } from './config.ts';
import {
  AdminDesk,
  BucketTable,
  answerAdminCall,
  Auth,
  ClientAddresses,
  Counters,
  createApp,
  Doors,
  listen,
  loadAssets,
  ProductHub,
  StatusDesk,
  switchedRisk,
  RateLimits,
  TicketOffice,
  tooManyAdminCalls,
  type Listener,
  type NodeControl,
  type NodeReport,
  type NodeShard,
  type PlacementApplied,
  type PlacementPlan,
  type PlacementStatus,
  type ProfileOutcome,
  type SaleWatched,
} from './http/index.ts';
import {
  AbandonmentReads,
  openCache,
  openPool,
  OrderReads,
  ProductReads,
  type Cache,
  type CacheFigures,
  type DoorsTold,
  type PostgresConnection,
  type Whereabouts,
} from './persistence/index.ts';
import {
  addressOf,
  AdminService,
  BEAT_PERIOD_MS,
  catchUp,
  Heartbeats,
  JetStreamNames,
  NatsTransport,
  NodeBoard,
  NodeTransport,
  openLink,
  OwnShards,
  PlacementTable,
  Router,
  Shard,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  ThreadLink,
  ThreadTransport,
  throwApart,
  type Address,
  type Link,
  type WireCounts,
  type Ownership,
  type ShardStatus,
} from './runtime/index.ts';
import type { WorkerStorage } from './storage.ts';
import { openOrigins } from './open-origins.ts';
import { openCms } from './open-cms.ts';
import { openPayments } from './open-payments.ts';
import type { ProviderConfig } from './payment-config.ts';
import { openRisk } from './open-risk.ts';
import { StatusTable } from './risk/index.ts';
import { SeldomLog } from './seldom-log.ts';
import { version } from './version.ts';
import { openStorage } from './worker-storage.ts';

export interface WorkerData {
  readonly config: Config;
  readonly worker: number;
  /** Of the cluster; 0 for a node by itself. */
  readonly member: number;
  readonly board: SharedArrayBuffer;
  readonly placement: SharedArrayBuffer;
  readonly heartbeats: SharedArrayBuffer;
  /** Of rate limits. Undefined: there are none. */
  readonly buckets: SharedArrayBuffer | undefined;
  readonly storage: WorkerStorage;
  readonly statuses: SharedArrayBuffer;
  /** Ports to the other workers of this node that live. */
  readonly peers: ReadonlyMap<Address, MessagePort>;
}

/** A thread was started under this number. */
export interface MeetRequest {
  readonly worker: number;
  readonly port: MessagePort;
}

export interface ServeRequest {
  readonly connection: PostgresConnection;
  readonly journalId: string;
  readonly port: number;
  readonly reusePort: boolean;
  /** Who takes the money; undefined: nobody. */
  readonly provider: ProviderConfig | undefined;
}

/** Counters and gauges of one thread. */
export interface WorkerFigures {
  readonly orders: ReadonlyMap<string, number>;
  /** What checks did, by `check/outcome`. */
  readonly gate: ReadonlyMap<string, number>;
  readonly payments: ReadonlyMap<string, number>;
  /** Commands sent again after the death of another thread. */
  readonly repeated: number;
  /** Appends that came too late: somebody else owned the shard by then. */
  readonly fenced: number;
  /** Messages between nodes. */
  readonly messages: WireCounts;
  readonly streams: number;
  readonly pending: number;
  /** Undefined for a thread without HTTP. */
  readonly cache: CacheFigures | undefined;
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
/** For actors to say how they are, for the live board. */
const READINGS_MS_MAX = 500;
/** For the main thread, and through it for other nodes, to say how things are. */
const CONTROL_MS_MAX = 15_000;
const SOON = { withinMs: CONTROL_MS_MAX };
/** For the main thread to ask Postgres where a product stands: a shopper waits. */
const DOORS_MS_MAX = 3_000;
const NO_MESSAGES: WireCounts = { sent: 0, received: 0, refused: 0, dropped: 0 };
const AHEAD_TOLD_MS = 1_000;

const { config, worker, member, storage: storageData, peers, ...shared } = workerData as WorkerData;
const logger = pino({ level: config.logLevel, base: { worker } });
const self = addressOf(member, worker);
const board = new NodeBoard(shared.board);
const { owners, since } = new PlacementTable(shared.placement);
const ownerOf = (shard: number): Address => owners[shard]!;
const storage = await openStorage(storageData, config, ({ shard, sequence }, why) =>
  logger.warn({ shard, sequence, why }, 'a damaged snapshot was set aside; the journal takes its place'),
);
const ownership: Ownership = {
  get revision() {
    return board.revision;
  },
  holds: (shard, claimedUnder) =>
    owners[shard] === self && since[shard]! <= claimedUnder && board.leaseUntil > clock.monotonic(),
};
const shardPorts = { ...storage, clock, timers, random, ownership };
const refusals = new SeldomLog(clock, (reason, times) =>
  logger.warn({ reason, times }, 'messages of another node were refused; nothing came of them'),
);
const threads = new ThreadTransport(peers);
/** What the NATS servers bring from other nodes and from admins, and take there. */
const nats = await openNats();
const nodes = nats && new NatsTransport({ ...nats, self, onRefused: (reason) => refusals.tell(reason) });
const transport = nodes === undefined ? threads : new NodeTransport(self, threads, nodes);
const shards = new OwnShards({
  self,
  shards: config.shards,
  ownerOf,
  sinceOf: (shard) => since[shard]!,
  timers,
  make: (number, onPhase) => new Shard(number, shardPorts, config.limits, onPhase),
  onPhase: tellPhase,
});
const router = new Router(
  self,
  config.shards,
  ownerOf,
  shards.byNumber,
  { clock, timers, transport, random, lookUp },
  config.limits,
);
const statuses = new StatusTable(shared.statuses);
const counters = new Counters();
const doors = new Doors({
  engine: router,
  clock,
  find: (productId) => main.ask<Whereabouts>('whereIs', productId, { withinMs: DOORS_MS_MAX }),
});
const tickets = new TicketOffice(
  {
    secret: config.sessionSecret,
    clock,
    random,
    campaignOf: (productId) => doors.campaignOf(productId),
    onBad: (why) => counters.check('tickets', `brought_${why}`),
  },
  config.tickets,
);
let listener: Listener | undefined;
let adminService: AdminService | undefined;
let cache: Cache | undefined;
let closeReads = async (): Promise<void> => undefined;

const main = new ThreadLink(parentPort!, {
  open: (except?: readonly number[]) => shards.adopt(except),
  reconcile,
  prepare: (shard: number) => shards.prepare(shard),
  abandon: (shard: number) => shards.abandon(shard),
  release: (shard: number) => shards.release(shard),
  take: (numbers: readonly number[]) => shards.take(numbers),
  releaseAll: (numbers: readonly number[]) =>
    Promise.all(numbers.map((number) => shards.release(number))).then(() => undefined),
  meet: ({ worker: other, port }: MeetRequest) => threads.connect(addressOf(member, other), port),
  disconnect: (address: Address) => threads.disconnect(address),
  takeOver,
  ownersGone: (addresses: readonly Address[]) => addresses.forEach((address) => router.ownerDied(address)),
  serve,
  figures: (): WorkerFigures => ({
    orders: counters.orders,
    gate: counters.gate,
    payments: counters.payments,
    repeated: router.repeated,
    fenced: shards.fenced,
    messages: nodes?.counts ?? NO_MESSAGES,
    streams: counters.streams,
    pending: router.pending,
    cache: cache?.figures(),
    shards: shards.status(),
  }),
  live: liveShards,
  traffic: (received: number) => counters.traffic.take(received),
  readings,
  doors: (told: DoorsTold) => doors.take(told),
  stopServing: async () => {
    await Promise.all([listener?.stop(), adminService?.stop()]);
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

const control: NodeControl = {
  get phase() {
    return board.phase;
  },
  get projectedUpTo() {
    return board.projectedUpTo;
  },
  shards: () => main.ask<NodeShard[]>('shards', undefined, SOON),
  metrics: () => main.ask<string>('metrics', undefined, SOON),
  audit: () => main.ask<NodeReport>('audit'),
  profile: (request) => main.ask<ProfileOutcome>('profile', request),
  placement: () => main.ask<PlacementStatus>('placement', undefined, SOON),
  planPlacement: (request) => main.ask<PlacementPlan>('planPlacement', request, SOON),
  sale: (question) => main.ask<SaleWatched>('sale', question, SOON),
  applyPlacement: (request) => main.ask<PlacementApplied>('applyPlacement', request, SOON),
};

threads.onMessage((message) => router.receive(message));
nodes?.onMessage((message) => {
  if (!router.receiveFromAfar(message)) refusals.tell('a command is addressed to another shard than its own');
});
const heartbeats = new Heartbeats(shared.heartbeats);
setInterval(() => heartbeats.beat(worker), BEAT_PERIOD_MS);

function lookUp(): void {
  try {
    storage.poll();
    threads.poll();
    catchUp();
  } catch (error) {
    throwApart(error);
  }
}

async function openNats(): Promise<{ link: Link; names: JetStreamNames } | undefined> {
  if (storageData.kind === 'embedded') return undefined;
  const link = await openLink(storageData.connection, timers);
  return { link, names: new JetStreamNames(storageData.prefix) };
}

/** Placement changed. Resolves when this thread has stopped what is others' by now. */
async function reconcile(except: readonly number[]): Promise<void> {
  router.placementChanged();
  void shards.adopt(except);
  await shards.releaseOthers();
}

/** Another thread is gone, and placement names its heirs; this one may be among them. */
async function takeOver(gone: number): Promise<void> {
  threads.disconnect(gone);
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

async function serve({ connection, journalId, port, reusePort, provider }: ServeRequest): Promise<number> {
  const pool = openPool(connection, CONNECTIONS_PER_THREAD, `doorbuster worker ${worker}`);
  const { redis: address, prefix } = config.cache;
  const opened = (cache = await openCache({ address, prefix, journalId, logger, clock }));
  const cms = openCms({
    pool,
    router,
    clock,
    timers,
    random,
    config,
    worker,
    logger,
    // A look a second later finds it as well.
    onChanged: () => void main.ask('lookAtDoors', undefined, SOON).catch(() => undefined),
  });
  const lookAtStatuses = (): void => void main.ask('lookAtStatuses', undefined, SOON).catch(() => undefined);
  const risk = openRisk(pool, config.risk, lookAtStatuses, counters, logger);
  closeReads = async () => {
    await Promise.all([cms.stop(), payments.stop(), origins.stop()]);
    await Promise.all([pool.end(), opened.close()]);
  };
  const addresses = new ClientAddresses(config.trustedProxies, config.sessionSecret);
  const origins = openOrigins({ pool, timers, addresses, counters, worker, logger });
  const payments = openPayments({
    provider,
    pool,
    router,
    clock,
    timers,
    random,
    config,
    risk: switchedRisk(risk.control, doors),
    addresses,
    counters,
    worker,
    logger,
  });
  const { app, purchase, look } = createApp(
    {
      router,
      clock,
      random,
      timers,
      auth: new Auth(config, clock, random),
      addresses,
      doors,
      rateLimits: openRateLimits(),
      tickets,
      riskOf: (customerId) => statuses.get(customerId),
      signIn: config.signIn,
      node: control,
      orders: new OrderReads(pool),
      origins,
      abandonment: new AbandonmentReads(pool),
      products: new ProductReads(pool),
      cache: opened,
      hub: new ProductHub(router, timers, doors, tickets),
      assets: loadAssets(),
      counters,
      cms: cms.context,
      payments: payments.payments,
      risk,
      limits: config.http,
      demo: config.demo,
    },
    { onError: (error) => logger.error({ err: error }, 'a request failed') },
  );
  const { host, http, signIn } = config;
  const shortcut = { purchase, look, addresses, bytesMax: http.orderBytesMax };
  adminService = nats && (await openAdminService(nats, new StatusDesk({ ...risk, clock })));
  listener = await listen(
    app,
    { host, port, reusePort, headerBytesMax: http.headerBytesMax, corsOrigins: signIn.corsOrigins },
    shortcut,
  );
  return listener.port;
}

function openRateLimits(): RateLimits | undefined {
  const { rateLimits, sessionSecret: secret, cache: shared } = config;
  const { buckets } = workerData as WorkerData;
  if (rateLimits === undefined || buckets === undefined) return undefined;
  const table = new BucketTable(shared.redis !== undefined, buckets);
  return new RateLimits({ policy: rateLimits.policy, table, secret, clock, counters });
}

/** A node that may not open it goes on: shoppers need none of it, and the HTTP API does the same. */
function openAdminService(
  on: { link: Link; names: JetStreamNames },
  customers: StatusDesk,
): Promise<AdminService> {
  const desk = new AdminDesk(router, control);
  const onError = (error: unknown): void => logger.error({ err: error }, 'a request over NATS failed');
  const options = { desk, statuses: customers, bytesMax: config.http.adminBytesMax, onError };
  return AdminService.open({
    ...on,
    version,
    answer: (call, bytes) => answerAdminCall(options, call, bytes),
    busy: tooManyAdminCalls,
    onEnded: (why) =>
      logger.warn({ why }, 'the NATS service stock-admin is not there for admins of this node'),
    onRefused: (reason) => refusals.tell(reason),
  });
}

async function readings(productIds: readonly string[]): Promise<ProductReading[]> {
  const read: ProductReading[] = [];
  const asked = productIds.map(async (productId) => {
    const reply = await router.request({ kind: 'showProduct', productId });
    if (reply.outcome === 'product') read.push(reply.product);
  });
  // One whose shard moves just now must not keep the others' figures back.
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = timers.after(READINGS_MS_MAX, resolve);
  await Promise.race([Promise.all(asked), late]);
  cancel();
  return [...read];
}

function liveShards(): LiveShard[] {
  return [...shards.byNumber.values()].flatMap((shard) => {
    const products = shard.durableProducts();
    if (products === undefined || products.size === 0) return [];
    const stock = new Map([...products].map(([id, product]) => [id, { ...product.stock }]));
    return [{ shard: shard.shard, sequence: shard.status().sequence, stock }];
  });
}
