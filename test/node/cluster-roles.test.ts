// Nodes that do one thing each, as users of NATS that may do no more than the shipped accounts allow: a gateway, an owner of
// shards, and a writer to Postgres.

import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { startNats, type NatsCluster, type NatsUser } from '../servers/nats.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import { doorbuster } from './command.ts';

let nats: NatsCluster;
let database: Database;
const engines: Engine[] = [];

beforeAll(async () => {
  [nats, database] = await Promise.all([startNats(), createNodeDatabase()]);
});
afterAll(async () => {
  for (const engine of engines) {
    if (!engine.hasEnded) await engine.kill();
    await engine.remove();
  }
  await nats.stop();
  await database.drop();
});

const environment = (user: NatsUser): Record<string, string> => ({
  ...nats.environmentOf(user),
  DATABASE_URL: database.url,
  NODE_ID: user,
  WORKERS: '1',
});

async function started(user: NatsUser, roles: string, demo = false): Promise<Engine> {
  const engine = await Engine.start({
    dataDir: temporaryFolder(),
    env: { ...environment(user), ROLES: roles },
    demo,
  });
  engines.push(engine);
  return engine;
}

test('sell together, and none of them can do the work of another', async () => {
  // Nobody of them may make streams.
  const refused = await doorbuster(['start'], {
    ...environment('gateway'),
    ADMIN_TOKEN,
    AUTH_SECRET: ADMIN_TOKEN,
    SHARDS: '16',
    DATA_DIR: temporaryFolder(),
  });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('npx doorbuster provision') });
  const provisioned = await doorbuster(['provision'], { ...nats.environmentOf('provisioner'), SHARDS: '16' });
  expect(provisioned).toMatchObject({ code: 0 });

  const owner = await started('owner', 'actors');
  const gateway = await started('gateway', 'http', true);
  const writer = await started('writer', 'projection');
  expect([owner.output, writer.output].every((text) => text.includes('without HTTP'))).toBe(true);

  await gateway.product('kettle', { quantity: 3 });
  const bought = await gateway.buy(await gateway.token('ada'), 'kettle', 'once');
  expect(bought.status).toBe(201);
  const { body } = await gateway.admin<{ shards: { node: string; phase: string }[] }>('GET', '/shards');
  expect(body.shards.every(({ node: at, phase }) => at === 'owner' && phase === 'open')).toBe(true);
  const token = await gateway.token('ada');
  await waitUntil('the order is in the list', async () => {
    const { body: list } = await gateway.call<{ orders: unknown[] }>('GET', '/v1/orders', { token });
    return list.orders.length === 1;
  });
  const audit = await gateway.admin<{ ok: boolean }>('GET', '/audit');
  expect(audit.body).toMatchObject({ ok: true });

  const loaded = await doorbuster(['stock', 'load', 'kettle', '2', '--json'], nats.environmentOf('admin'));
  expect(loaded, loaded.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('"loaded":5') });
  await expectDenied('gateway', 'admin.stock.load');
  await expectDenied('gateway', 'doorbuster.journal.3');
  await expectDenied('gateway', 'doorbuster.reply.64');
  await expectDenied('writer', 'doorbuster.journal.3');
  await expectDenied('writer', 'doorbuster.cmd.64');
});

async function expectDenied(user: NatsUser, subject: string): Promise<void> {
  const connection = await connect(nats.connectionOf(user));
  const denied = (async () => {
    for await (const status of connection.status()) if (status.type === 'error') return String(status.error);
    return 'the connection ended';
  })();
  connection.publish(subject, 'anything');
  expect(await denied, `${user} on ${subject}`).toMatch(/permissions violation/i);
  await connection.close();
}

test('a second node of the same name is refused while the first one lives', async () => {
  const env = { ...environment('owner'), ROLES: 'actors', NODE_ID: 'twin', DATA_DIR: temporaryFolder() };
  const first = await Engine.start({ dataDir: temporaryFolder(), env, demo: false });
  engines.push(first);
  const second = await doorbuster(['start'], {
    ...env,
    ADMIN_TOKEN,
    AUTH_SECRET: ADMIN_TOKEN,
    SHARDS: '16',
    DATA_DIR: temporaryFolder(),
  });
  expect(second).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('A node with NODE_ID twin lives'),
  });
  expect(first.hasEnded).toBe(false);
});

test('another number of shards than the journal’s is refused', async () => {
  const other = await doorbuster(['start'], {
    ...environment('owner'),
    ROLES: 'actors',
    ADMIN_TOKEN,
    AUTH_SECRET: ADMIN_TOKEN,
    SHARDS: '17',
    DATA_DIR: temporaryFolder(),
  });
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('doorbuster-shards = 16') });
});
