// npm run cluster: a whole cluster on this machine to look at: three NATS servers (three copies of every record, each synced),
// Postgres, Redis, a payment sandbox, and three nodes in demo mode, on free ports of the loopback and in temporary folders. Ctrl-C ends all of
// it, and so does the end of whoever started it.
//
// It is what the tests of the cluster start. A terminal sends Ctrl-C to every process of its group; the servers must
// outlive the nodes, so they run in a group of their own, under a second process of this file.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SANDBOX_LATER_MS } from '../src/demo-payments.ts';
import { Sandbox, WEBHOOK_PATH } from '../src/payments/index.ts';
import { systemClock, systemRandom, systemTimers } from '../src/runtime/index.ts';
import { Cluster, nodeName } from '../test/harness/cluster.ts';
import { portsFrom } from '../test/servers/free-port.ts';
import { startRedis, type RedisServer } from '../test/servers/redis.ts';

const FIRST_PORT = 3001;
const NODES = 3;
const SHARDS = 32;
const WATCH_MS = 500;
const OUTPUT_CHARACTERS_MAX = 500;
const IS_SUPERVISOR = process.send !== undefined && process.argv[2] === 'supervise';

if (IS_SUPERVISOR) await supervise();
else launch();

function launch(): void {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'supervise'], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => child.kill('SIGTERM'));
  child.on('exit', (code) => process.exit(code ?? 1));
}

async function supervise(): Promise<void> {
  const startedAt = performance.now();
  let cluster: Cluster | undefined;
  let redis: RedisServer | undefined;
  let payments: PaymentPlace | undefined;
  let isStopping = false;
  const { promise: asked, resolve: stop } = Promise.withResolvers<void>();
  const onSignal = (): void => {
    // Before all of it runs, and when somebody asks twice: with the process everything ends at once.
    if (cluster === undefined || isStopping) process.exit(130);
    isStopping = true;
    stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  process.once('disconnect', onSignal);
  const secrets = { ADMIN_TOKEN: madeUp(), AUTH_SECRET: madeUp() };
  try {
    console.log('Starting a cluster …');
    const onProgress = (step: string): void => {
      console.log(`  ${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s  ${step}`);
    };
    redis = await startRedis();
    onProgress('Redis');
    payments = await openPayments();
    const ports = await portsFrom(FIRST_PORT, NODES + 1);
    cluster = await Cluster.start({
      nodes: NODES,
      shards: SHARDS,
      demo: true,
      env: { ...secrets, ...payments.settings, REDIS_URL: redis.url },
      ports,
      onProgress,
    });
    payments.aim(cluster.nodes[0]!.url);
    greet(cluster, redis, ports.at(-1)!);
    const watching = watch(cluster);
    await asked;
    clearInterval(watching);
    console.log('\nStopping …');
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
  await Promise.all(cluster?.running.map((node) => node.stop()) ?? []);
  await Promise.all([cluster?.stop(), redis?.stop(), payments?.stop()]);
  console.log('Stopped; nothing of it is left.');
  process.exit();
}

interface PaymentPlace {
  readonly settings: Record<string, string>;
  /** Webhooks go to this node from now on. */
  aim(node: string): void;
  stop(): Promise<void>;
}

/** One for all nodes: whichever of them is asked to pay, it is the same payment. */
async function openPayments(): Promise<PaymentPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-payments-'));
  const secret = madeUp();
  const webhookSecret = `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')}`;
  const sandbox = await Sandbox.open({
    path: join(folder, 'payment-sandbox.db'),
    host: '127.0.0.1',
    port: 0,
    secret,
    laterMs: SANDBOX_LATER_MS,
    webhooks: undefined,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
  });
  return {
    settings: { PAYMENT_URL: sandbox.url, PAYMENT_SECRET: secret, PAYMENT_WEBHOOK_SECRET: webhookSecret },
    aim: (node) => sandbox.aim({ url: node + WEBHOOK_PATH, secret: webhookSecret }),
    stop: async () => {
      await sandbox.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Says of a node that ended, once, what it said at last. */
function watch(cluster: Cluster): NodeJS.Timeout {
  const ended = new Set<string>();
  return setInterval(() => {
    for (const { id, isRunning, output } of cluster.nodes) {
      if (isRunning || ended.has(id)) continue;
      ended.add(id);
      console.log(`Node ${id} has ended. ${output.slice(-OUTPUT_CHARACTERS_MAX)}`);
    }
  }, WATCH_MS);
}

function greet(cluster: Cluster, redis: RedisServer, port: number): void {
  const [first] = cluster.nodes;
  const urls = cluster.nodes.map(({ url }) => url);
  const settings = { ...first!.env, NODE_ID: nodeName(NODES), PORT: String(port) };
  const fourth = { ...settings, DATA_DIR: `${cluster.folder}/${nodeName(NODES)}`, LOG_LEVEL: 'warn' };
  const token = `ADMIN_TOKEN=${first!.env['ADMIN_TOKEN']}`;
  const of = (names: readonly string[]): string => names.join('\n                ');
  console.log(`
The cluster is ready.

  Nodes         ${of(cluster.nodes.map(({ id, url, engine }) => `${id}  ${url}/  process ${engine.pid}`))}
  NATS          ${of(cluster.nats.servers.map(({ name, monitorUrl }) => `${name}  monitoring at ${monitorUrl}`))}
  Postgres      ${cluster.databaseUrl}
  Redis         ${redis.url}
  Admin token   ${first!.env['ADMIN_TOKEN']}

A stampede at all of them, from another terminal:

  ${token} npm run stampede -- ${urls.map((url) => `--url ${url}`).join(' ')}

Who owns what, and whether all is well:

  ${token} npx doorbuster shards --url ${urls[0]}
  ${token} npx doorbuster audit --url ${urls[0]}

A fourth node, which Ctrl-C stops (or one of the three again, after kill -9, with its NODE_ID, PORT and DATA_DIR):

  ${Object.entries(fourth)
    .map(([name, value]) => `${name}='${value}'`)
    .join(' \\\n    ')} \\
    npx doorbuster start --demo

Ctrl-C stops everything that this command started and removes its folders; stop what you started yourself before.
`);
}

function madeUp(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString('base64url');
}
