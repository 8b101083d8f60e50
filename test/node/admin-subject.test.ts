// The NATS service `stock-admin` of a node, as a plain client of NATS sees it, and `doorbuster stock` over it, file and all.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AdminService, JetStreamNames, openLink, systemTimers } from '../../src/runtime/index.ts';
import { tokenOf } from '../harness/crowd.ts';
import { Engine, temporaryFolder } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { inboxOf, NATS_PASSWORD, startNats, type NatsCluster, type NatsUser } from '../servers/nats.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import { BIN, doorbuster, type Ended } from './command.ts';

let nats: NatsCluster;
let database: Database;
let node: Engine;
let client: NatsConnection;
const folder = temporaryFolder();

beforeAll(async () => {
  [nats, database] = await Promise.all([startNats(), createNodeDatabase()]);
  node = await Engine.start({
    dataDir: join(folder, 'node'),
    env: {
      NATS_URL: nats.url(),
      DATABASE_URL: database.url,
      WORKERS: '2',
    },
    demo: false,
  });
  client = await connected('admin');
});
afterAll(async () => {
  await client.close();
  await node.remove();
  await nats.stop();
  await database.drop();
});

const connected = (user: NatsUser): Promise<NatsConnection> => connect(nats.connectionOf(user));

const ask = (subject: string, body: unknown): Promise<Msg> =>
  client.request(subject, typeof body === 'string' ? body : JSON.stringify(body), { timeout: 10_000 });

async function answered(subject: string, body: unknown): Promise<Record<string, unknown>> {
  const message = await ask(subject, body);
  expect(message.headers?.get('Nats-Service-Error-Code') ?? '', message.string()).toBe('');
  return message.json();
}

const productOf = (productId: string): Record<string, unknown> => ({
  productId,
  name: 'Kettle',
  startsAt: '2030-01-01T00:00:00Z',
  endsAt: '2030-01-02T00:00:00Z',
  price: { amount: 4_900, currency: 'EUR' },
});

const stock = (args: readonly string[]): Promise<Ended> =>
  doorbuster(['stock', ...args], nats.environmentOf('admin'));

test('a load counts once for each requestId, and another quantity under it is refused', async () => {
  const put = await answered('admin.product.put', productOf('kettle'));
  expect(put).toMatchObject({ id: 'kettle', revision: 1, created: true });
  const load = { productId: 'kettle', quantity: 5, requestId: 'first' };
  expect(await answered('admin.stock.load', load)).toMatchObject({ loaded: 5, duplicate: false });
  expect(await answered('admin.stock.load', load)).toMatchObject({ loaded: 5, duplicate: true });
  const reused = await ask('admin.stock.load', { ...load, quantity: 6 });
  expect(reused.headers?.get('Nats-Service-Error-Code')).toBe('422');
  expect(reused.headers?.get('Nats-Service-Error')).toBe('idempotency_key_reused');
  expect(reused.json()).toMatchObject({ code: 'idempotency_key_reused', retry: 'never' });
  const withdrawn = { productId: 'kettle', quantity: 2, requestId: 'second' };
  const expected = { loaded: 5, available: 3, reserved: 0, sold: 0, withdrawn: 2 };
  expect(await answered('admin.stock.withdraw', withdrawn)).toMatchObject({ ...expected, duplicate: false });
  expect(await answered('admin.stock.show', { productId: 'kettle' })).toEqual({
    productId: 'kettle',
    ...expected,
  });
  const stale = await ask('admin.product.put', { ...productOf('kettle'), expectedRevision: 7 });
  expect(stale.json()).toMatchObject({ code: 'version_conflict' });
  const { shards } = (await answered('admin.shards.show', {})) as { shards: unknown[] };
  expect(shards).toHaveLength(16);
});

test('a gate comes with its product, and is asked at once', async () => {
  const gate = {
    ticket: true,
    openHoldsMax: 2,
    coolDownSeconds: 60,
    attemptsMax: 20,
    shortestHoldSeconds: 60,
  };
  const sale = { ...productOf('gated'), startsAt: '2020-01-01T00:00:00Z' };
  const put = await answered('admin.product.put', { ...sale, gate });
  expect(put).toMatchObject({ created: true, gate: { ...gate, work: false } });
  await answered('admin.stock.load', { productId: 'gated', quantity: 5, requestId: 'first' });
  const buy = (key: string) =>
    node.call<{ code?: string }>('POST', '/v1/orders', {
      token: tokenOf('ada'),
      key,
      body: { productId: 'gated', quantity: 1 },
    });
  expect((await buy('k')).body).toMatchObject({ code: 'ticket_required' });
  const wrong: [object, string][] = [
    [{ work: true }, 'gate.work'],
    [{ shortestHoldSeconds: 301 }, 'gate.shortestHoldSeconds'],
    [{ coolDownSeconds: 86_401 }, 'gate.coolDownSeconds'],
    [{ tickets: true }, 'gate'],
  ];
  for (const [of, name] of wrong) {
    const refused = (await ask('admin.product.put', { ...sale, gate: of })).json<{
      code: string;
      detail: string;
    }>();
    expect(refused).toMatchObject({ code: 'invalid_request' });
    expect(refused.detail).toContain(name);
  }
  expect((await buy('k')).body).toMatchObject({ code: 'ticket_required' });
  // Whoever names no gate opens it, as every field that is left out has its default.
  const open = await answered('admin.product.put', sale);
  expect(open).toMatchObject({ revision: 2, gate: { ticket: false, openHoldsMax: 0 } });
  expect((await buy('k')).status).toBe(201);
});

test('a batch says of each line what became of it', async () => {
  const lines = ['first', 'third', 'first', 'fourth'].map((requestId, at) => ({
    productId: 'kettle',
    quantity: [5, 1, 5, 1][at]!,
    requestId,
  }));
  lines.push({ productId: 'no', quantity: 1, requestId: 'r' }, { ...lines[0]!, quantity: 9 });
  const loaded = await answered('admin.stock.batch', { change: 'load', lines });
  expect(loaded['results']).toMatchObject([
    { requestId: 'first', duplicate: true },
    { requestId: 'third', duplicate: false },
    { duplicate: true },
    { duplicate: false },
    { code: 'not_found', retry: 'never' },
    { code: 'idempotency_key_reused' },
  ]);
  const back = lines.slice(1, 2).map((line) => ({ ...line, quantity: 2, requestId: 'fifth' }));
  await answered('admin.stock.batch', { change: 'withdraw', lines: back });
  const shown = await answered('admin.stock.show', { productId: 'kettle' });
  expect(shown).toMatchObject({ loaded: 7, available: 3, withdrawn: 4 });
});

test('it can be found, as services are', async () => {
  for (const verb of ['PING', 'INFO', 'STATS']) {
    const told = (await client.request(`$SRV.${verb}.stock-admin`)).json<Record<string, unknown>>();
    expect(told).toMatchObject({ name: 'stock-admin', metadata: { prefix: 'admin' } });
  }
});

test.each<[string, string, unknown, string, string]>([
  ['no JSON', 'stock.load', '{"productId":', 'invalid_request', 'is not JSON'],
  ['an unknown field', 'stock.show', { productId: 'kettle', x: 1 }, 'invalid_request', 'x'],
  [
    'no requestId',
    'stock.load',
    { productId: 'kettle', quantity: 1 },
    'invalid_request',
    'requestId: must be',
  ],
  [
    'no unit',
    'stock.load',
    { productId: 'kettle', quantity: 0, requestId: 'r' },
    'invalid_request',
    'quantity',
  ],
  [
    'less',
    'stock.load',
    { productId: 'kettle', quantity: -1, requestId: 'r' },
    'invalid_request',
    'quantity',
  ],
  [
    'a part of a unit',
    'stock.load',
    { productId: 'kettle', quantity: 1.5, requestId: 'r' },
    'invalid_request',
    'quantity',
  ],
  [
    'a requestId without end',
    'stock.load',
    { productId: 'kettle', quantity: 1, requestId: 'r'.repeat(129) },
    'invalid_request',
    'requestId: must be 1 to 128',
  ],
  [
    'a field of another call',
    'stock.load',
    { productId: 'kettle', quantity: 1, requestId: 'r', price: 1 },
    'invalid_request',
    'price',
  ],
  [
    'a field twice',
    'stock.show',
    '{"productId":"no","productId":"kettle"}',
    'invalid_request',
    'one name twice',
  ],
  ['nothing', 'stock.load', '', 'invalid_request', 'is empty'],
  ['a list', 'stock.load', [], 'invalid_request', 'body'],
  ['show of no product', 'stock.show', { productId: 'no' }, 'not_found', 'no such'],
  ['a batch of nothing', 'stock.batch', { change: 'load', lines: [] }, 'invalid_request', 'lines'],
  [
    'a batch with a bad line',
    'stock.batch',
    {
      change: 'withdraw',
      lines: [
        { productId: 'kettle', quantity: 1, requestId: 'good' },
        { productId: 'kettle', quantity: -1, requestId: 'bad' },
      ],
    },
    'invalid_request',
    'lines.1.quantity',
  ],
  [
    '1e9',
    'stock.load',
    { productId: 'kettle', quantity: 1e9, requestId: 'r' },
    'invalid_request',
    'quantity',
  ],
  ['unknown product', 'stock.load', { productId: 'no', quantity: 1, requestId: 'r' }, 'not_found', 'no such'],
  [
    'too much',
    'stock.withdraw',
    { productId: 'kettle', quantity: 9, requestId: 'r' },
    'insufficient_stock',
    '',
  ],
  ['too long', 'stock.show', 'x'.repeat(70_000), 'payload_too_large', '65536'],
  ['too deep', 'product.put', '['.repeat(30_000), 'invalid_request', ''],
])('%s is refused by name, and changes nothing', async (_, call, body, code, detail) => {
  const refused = (await ask(`admin.${call}`, body)).json<{ code: string; detail: string }>();
  expect(refused).toMatchObject({ code });
  expect(refused.detail).toContain(detail);
  expect(await answered('admin.stock.show', { productId: 'kettle' })).toMatchObject({ available: 3 });
});

test('an answer goes to nothing but an inbox', async () => {
  const everything = await connect({ ...nats.connection });
  const before = await everything.request('$JS.API.STREAM.INFO.doorbuster-journal');
  client.publish('$SRV.PING', '', { reply: 'doorbuster.journal.3' });
  client.publish('admin.stock.show', '{"productId":"kettle"}', { reply: 'doorbuster.journal.3' });
  await client.flush();
  // Behind both, on the same connections.
  await answered('admin.stock.show', { productId: 'kettle' });
  await client.request('$SRV.PING.stock-admin');
  const after = await everything.request('$JS.API.STREAM.INFO.doorbuster-journal');
  const messagesOf = (info: Msg): number => info.json<{ state: { messages: number } }>().state.messages;
  expect(messagesOf(after)).toBe(messagesOf(before));
  await everything.close();
});

test('whoever has no such permissions is refused, and a node without them is told what to allow', async () => {
  const other = await connected('owner');
  await expect(other.request('admin.stock.show', '{"productId":"kettle"}')).rejects.toThrow(/permission/i);
  await other.close();
  const link = await openLink(
    { servers: [nats.url(undefined, 'owner')], inboxPrefix: inboxOf('owner') },
    systemTimers,
  );
  const { promise: ended, resolve: onEnded } = Promise.withResolvers<string>();
  const never = (): never => {
    throw new Error('nobody asks');
  };
  const names = new JetStreamNames();
  const service = { link, names, version: '1.0.0', answer: never, busy: never, onRefused: never, onEnded };
  await AdminService.open(service);
  expect(await ended).toContain('allow admin.> and $SRV.>');
  await link.close();
});

test('two clusters on one server have subjects of their own', () => {
  expect(new JetStreamNames().adminOf('stock.load')).toBe('admin.stock.load');
  expect(new JetStreamNames('west').adminOf('stock.load')).toBe('west.admin.stock.load');
});

test('the command works over NATS, without an admin token', async () => {
  expect(await stock(['load', 'kettle', '4', '--request-id', 'c1'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('7 available, 0 reserved, 0 sold, 4 withdrawn of 11 loaded'),
  });
  expect(await stock(['show', 'nothing'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not_found'),
  });
});

test.each<[string, Record<string, string>, RegExp]>([
  [
    'a wrong password',
    { user: 'admin', password: 'guessed' },
    /Authorization Violation.*user and the password in NATS_URL/,
  ],
  [
    'a user who is no admin',
    { user: 'gateway' },
    /The NATS user in NATS_URL may not do this: .*publish admin\.>/,
  ],
  ['an inbox that is not the user’s', { inbox: '_INBOX_other' }, /may not do this: .*NATS_INBOX_PREFIX/],
  [
    'an inbox that is none',
    { inbox: 'answers' },
    /NATS_INBOX_PREFIX must begin with _INBOX, as _INBOX_admin/,
  ],
])('with %s the command is refused in words, and the password is not in them', async (_, who, told) => {
  const { user = 'admin', password = NATS_PASSWORD, inbox = inboxOf('admin') } = who;
  const file = join(folder, 'one.csv');
  writeFileSync(file, 'productId,quantity\nkettle,1\n');
  const env = {
    NATS_URL: `nats://${user}:${password}@127.0.0.1:${nats.servers[0]!.port}`,
    NATS_INBOX_PREFIX: inbox,
  };
  for (const args of [
    ['show', 'kettle'],
    ['load', '--file', file],
  ]) {
    const { code, stderr } = await doorbuster(['stock', ...args], env);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(told) });
    expect(stderr).not.toContain(password);
  }
});

test('bad lines are all told, and nothing is loaded unless the others are asked for', async () => {
  await answered('admin.product.put', productOf('pan'));
  const file = join(folder, 'bad.csv');
  const lines = ['pan,5', 'pan,five', 'p an,1', 'pan', '"pan","3"', 'nobody,1', 'pan,1,', 'pan,0'];
  writeFileSync(file, `\uFEFFproductId,quantity\r\n${lines.join('\r\n')}\r\n`);
  const report = join(folder, 'report.csv');
  const refused = await stock(['load', '--file', file, '--report', report]);
  expect(refused.code).toBe(1);
  for (const line of [3, 4, 5, 8, 9]) expect(refused.stderr).toContain(`line ${line}: `);
  expect(refused.stderr).toContain('Nothing was changed: 5 bad lines');
  expect(readFileSync(report, 'utf8').trim().split('\n')).toHaveLength(6);
  expect(await answered('admin.stock.show', { productId: 'pan' })).toMatchObject({ loaded: 0 });
  const skipped = await stock(['load', '--file', file, '--skip-bad', '--json']);
  expect(skipped.code).toBe(1);
  expect(JSON.parse(skipped.stdout)).toMatchObject({ lines: 2, units: 8, before: 0, bad: 6, stopped: null });
  // Mended: what was loaded keeps its name; what changed though it was loaded is not loaded on top.
  writeFileSync(file, 'productId,quantity\npan,5\npan,2\npan,6\npan,4\npan,7\n');
  const mended = await stock(['load', '--file', file, '--json']);
  expect(JSON.parse(mended.stdout)).toMatchObject({ lines: 2, units: 8, before: 1, bad: 2 });
  expect(await answered('admin.stock.show', { productId: 'pan' })).toMatchObject({ loaded: 16 });
});

test('a bulk load that is killed and run again counts nothing twice', async () => {
  const products = Array.from({ length: 20 }, (_, at) => `bulk-${at}`);
  await Promise.all(products.map((id) => answered('admin.product.put', productOf(id))));
  const lines = Array.from({ length: 10_000 }, (_, at) => `${products[at % 20]},${1 + (at % 3)}`);
  const file = join(folder, 'stock.csv');
  writeFileSync(file, `productId,quantity\n${lines.join('\n')}\n`);
  const total = lines.reduce((sum, line) => sum + Number(line.split(',')[1]), 0);
  const loaded = async (): Promise<number> => {
    const counts = products.map((productId) => answered('admin.stock.show', { productId }));
    return (await Promise.all(counts)).reduce((sum, counted) => sum + Number(counted['loaded']), 0);
  };
  const env = { ...process.env, ...nats.environmentOf('admin') };
  const first = spawn(process.execPath, [BIN, 'stock', 'load', '--file', file], { env, stdio: 'ignore' });
  const ended = new Promise((resolve) => first.once('exit', (_, signal) => resolve(signal)));
  await waitUntil('some of it is loaded', async () => (await loaded()) > 100);
  first.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  const partly = await loaded();
  expect(partly).toBeLessThan(total);
  const again = await stock(['load', '--file', file, '--json']);
  expect(again, again.stderr).toMatchObject({ code: 0 });
  const told = JSON.parse(again.stdout) as { lines: number; before: number };
  expect(told.before).toBeGreaterThan(0);
  expect(told.lines + told.before).toBe(lines.length);
  expect(await loaded()).toBe(total);
  // Over HTTP the same names count the same.
  const { adminToken } = JSON.parse(readFileSync(join(folder, 'node', 'node.json'), 'utf8')) as {
    adminToken: string;
  };
  const overHttp = await doorbuster(['stock', 'load', '--file', file, '--json', '--url', node.url], {
    ADMIN_TOKEN: adminToken,
  });
  expect(JSON.parse(overHttp.stdout)).toMatchObject({ lines: 0, before: lines.length, bad: 0 });
});
