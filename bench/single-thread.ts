// The engine on the main thread of one process, for profilers that see no other: HTTP, router, shards and the journal's group
// commit, each the node's own code, joined as worker.ts and journal-thread.ts join them. The projection, snapshots and Postgres are
// left out: in a node they have threads of their own. Settings come from the environment, as for a node; it leaves the same
// file in DATA_DIR. Ended by SIGTERM, and then by having nothing left to do: profilers write when the loop runs empty.

import { rmSync, writeFileSync } from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import { loadConfig } from '../src/config.ts';
import {
  Auth,
  Counters,
  ClientAddresses,
  createApp,
  Doors,
  listen,
  loadAssets,
  NO_PAYMENTS,
  ProductHub,
  TicketOffice,
  type NodeControl,
} from '../src/http/index.ts';
import type { NodeFile } from '../src/main.ts';
import { MemoryCache, openPool, OrderReads, ProductReads } from '../src/persistence/index.ts';
import {
  CommitMeter,
  lockDataFolder,
  OwnShards,
  Router,
  Shard,
  SqliteJournal,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
} from '../src/runtime/index.ts';
import { FileGuard } from '../src/runtime/sqlite/file-guard.ts';
import { GroupCommit } from '../src/runtime/sqlite/group-commit.ts';
import { SqliteStore } from '../src/runtime/sqlite/store.ts';

/** Whatever becomes of the process that started this one. */
const LIFE_MS_MAX = 900_000;
const SELF = 0;

const config = loadConfig(process.env, { demo: true });
const folder = lockDataFolder(config.dataDir);
const store = new SqliteStore(folder.journal, { shards: config.shards, bytesMax: config.journalBytesMax });
const guard = new FileGuard([folder.journal, `${folder.journal}-wal`]);
const commits = new GroupCommit(store, guard, new CommitMeter());
const { port1, port2 } = new MessageChannel();
commits.connect(port2);

const shardPorts = { journal: new SqliteJournal(port1), clock, timers, random };
const shards = new OwnShards({
  self: SELF,
  shards: config.shards,
  ownerOf: () => SELF,
  timers,
  make: (number, onPhase) => new Shard(number, shardPorts, config.limits, onPhase),
});
const transport = { send: unreachable };
const routerPorts = { clock, timers, transport, random };
const router = new Router(SELF, config.shards, () => SELF, shards.byNumber, routerPorts, config.limits);
await shards.adopt();

/** Nobody is asked: lists of orders answer that they are unavailable. */
const pool = openPool({ connectionString: 'postgres://localhost:1' }, 1, 'doorbuster profile');
const node: NodeControl = {
  phase: 'ready',
  projectedUpTo: 0,
  shards: unreachable,
  metrics: unreachable,
  audit: unreachable,
  profile: unreachable,
  placement: unreachable,
  planPlacement: unreachable,
  applyPlacement: unreachable,
  sale: unreachable,
};
const doors = Doors.none({ engine: router, clock });
const tickets = new TicketOffice(
  { secret: config.sessionSecret, clock, random, campaignOf: () => undefined },
  config.tickets,
);
const addresses = new ClientAddresses(config.trustedProxies, config.sessionSecret);
const { app, purchase, look } = createApp(
  {
    router,
    clock,
    random,
    timers,
    auth: new Auth(config, clock, random),
    addresses,
    rateLimits: undefined,
    origins: undefined,
    abandonment: undefined,
    doors,
    tickets,
    riskOf: () => 'active',
    signIn: config.signIn,
    node,
    orders: new OrderReads(pool),
    products: new ProductReads(pool),
    cache: new MemoryCache(),
    hub: new ProductHub(router, timers, doors, tickets),
    assets: loadAssets(),
    counters: new Counters(),
    limits: config.http,
    cms: undefined,
    payments: NO_PAYMENTS,
    risk: undefined,
    demo: false,
  },
  { onError: (error) => console.error(error) },
);
const { host, port, http } = config;
const listener = await listen(
  app,
  { host, port, reusePort: false, headerBytesMax: http.headerBytesMax },
  { purchase, look, addresses, bytesMax: http.orderBytesMax },
);

const file: NodeFile = {
  url: `http://localhost:${listener.port}`,
  pid: process.pid,
  adminToken: config.adminToken,
};
writeFileSync(folder.nodeFile, JSON.stringify(file), { mode: 0o600 });
const forgotten = setTimeout(() => process.exit(1), LIFE_MS_MAX).unref();

process.once('SIGTERM', () => void stop());

async function stop(): Promise<void> {
  clearTimeout(forgotten);
  rmSync(folder.nodeFile, { force: true });
  await listener.stop();
  await pool.end();
  await shards.drain();
  commits.close();
  port1.close();
  folder.release();
}

function unreachable(): never {
  throw new Error('there is one thread');
}
