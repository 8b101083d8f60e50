// Risk control of a node on NATS and a Postgres of its own: statuses that come over NATS, the commands, and the source of all facts away.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { SandboxProcess } from '../harness/payment-sandbox.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { startNats, type NatsCluster } from '../servers/nats.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import { doorbuster, type Ended } from './command.ts';

const RULES = `{
  "otherwise": "allow",
  "unavailable": { "extendSeconds": 2, "mostSeconds": 2, "outcome": "deny" },
  "rules": [
    { "name": "Blocked", "when": [{ "fact": "status", "is": ["blocked"] }], "outcome": "deny" },
    { "name": "Restricted", "when": [{ "fact": "status", "is": ["restricted"] }], "outcome": "review" }
  ]
}
`;
/** Shorter than the node's patience with Postgres, so that an extension is needed. */
const HOLD_SECONDS = 4;

let nats: NatsCluster;
let database: Database;
let proxy: TcpProxy;
let sandbox: SandboxProcess;
let node: Engine;
let client: NatsConnection;
const folder = temporaryFolder();

const fileOf = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(async () => {
  [nats, database, sandbox] = await Promise.all([
    startNats(),
    createNodeDatabase(),
    SandboxProcess.start({ folder }),
  ]);
  const { connection } = database;
  proxy = await TcpProxy.to(connection.port);
  node = await Engine.start({
    dataDir: join(folder, 'node'),
    env: {
      NATS_URL: nats.url(),
      DATABASE_URL: `postgres://${connection.user}@127.0.0.1:${proxy.port}/${connection.database}`,
      WORKERS: '2',
      ...sandbox.env,
      RISK_RULES: fileOf('rules.json', RULES),
    },
  });
  client = await connect(nats.connectionOf('admin'));
  await node.product('kettle', { quantity: 100 });
  await node.product('short', { quantity: 5, holdSeconds: HOLD_SECONDS });
});
afterAll(async () => {
  await client?.close();
  await node?.remove();
  await proxy?.close();
  await sandbox?.stop();
  await nats?.stop();
  await database?.drop();
});

const tell = (body: unknown): Promise<Msg> =>
  client.request('admin.customer.status', typeof body === 'string' ? body : JSON.stringify(body), {
    timeout: 30_000,
  });
const errorOf = (message: Msg): string | undefined => message.headers?.get('Nats-Service-Error') || undefined;
const order = async (customerId: string, productId = 'kettle'): Promise<string> => {
  const { status, body } = await node.buy(await node.token(customerId), productId, 'key');
  expect(status).toBe(201);
  return body['id'] as string;
};
const pay = async (customerId: string, orderId: string): Promise<Answer> =>
  node.call('POST', `/v1/orders/${orderId}/payment`, {
    token: await node.token(customerId),
    body: { method: 'card', token: 'demo' },
  });
const run = (...args: readonly string[]): Promise<Ended> =>
  doorbuster([...args, '--url', node.url], { ADMIN_TOKEN });

describe('a status over NATS', () => {
  test('counts for the payment that comes next', async () => {
    const said = await tell({
      customerId: 'ada',
      status: 'blocked',
      asOf: '2026-01-01T00:00:00Z',
      source: 'fraud desk',
    });
    expect(errorOf(said)).toBeUndefined();
    expect(said.json()).toMatchObject({
      customerId: 'ada',
      status: 'blocked',
      source: 'fraud desk',
      changed: true,
    });
    expect(await pay('ada', await order('ada'))).toMatchObject({
      status: 402,
      body: { code: 'payment_declined' },
    });
    expect(await pay('ben', await order('ben'))).toMatchObject({ status: 200, body: { status: 'paid' } });
  });

  test('may come twice and late, and changes nothing then', async () => {
    const late = { customerId: 'ada', status: 'active', asOf: '2025-12-31T23:59:59Z' };
    expect((await tell(late)).json()).toMatchObject({ status: 'blocked', changed: false });
    const now = { customerId: 'ada', status: 'active', asOf: '2026-01-01T00:00:01Z' };
    expect((await tell(now)).json()).toMatchObject({ status: 'active', changed: true });
    expect((await tell(now)).json()).toMatchObject({ status: 'active', changed: false });
  });

  test('comes for many at once', async () => {
    const statuses = ['cy', 'dee'].map((customerId) => ({ customerId, status: 'restricted' }));
    expect((await tell({ statuses })).json()).toEqual({ taken: 2, outdated: 0 });
    expect(await pay('dee', await order('dee'))).toMatchObject({
      status: 202,
      body: { status: 'in_review' },
    });
  });

  test.each<[string, unknown, string]>([
    ['that is no JSON', '{"customerId": "eve"', 'invalid_request'],
    ['that is nothing', '', 'invalid_request'],
    ['of nobody', { status: 'blocked' }, 'invalid_request'],
    ['of an unknown kind', { customerId: 'eve', status: 'vip' }, 'invalid_request'],
    ['with an unknown field', { customerId: 'eve', status: 'new', note: 'x' }, 'invalid_request'],
    ['with a field twice', '{"customerId": "eve", "status": "new", "status": "blocked"}', 'invalid_request'],
    [
      'that is dated ahead',
      { customerId: 'eve', status: 'new', asOf: '2999-01-01T00:00:00Z' },
      'invalid_request',
    ],
    [
      'that is too long',
      { customerId: 'eve', status: 'new', source: 'x'.repeat(70_000) },
      'payload_too_large',
    ],
    [
      'for many of whom one is wrong',
      { statuses: [{ customerId: 'eve', status: 'new' }, { customerId: 'eve' }] },
      'invalid_request',
    ],
  ])('%s is refused, and changes nothing', async (_, body, code) => {
    expect(errorOf(await tell(body))).toBe(code);
    expect((await node.admin('GET', '/customers/eve/status')).body['asOf']).toBeNull();
  });
});

describe('commands', () => {
  test('say and show what a customer is', async () => {
    expect((await run('customers', 'status', 'fay')).stdout).toBe(
      'fay is active, since nobody said anything else\n',
    );
    const set = await run('customers', 'status', 'fay', '--set', 'new', '--as-of', '2026-01-01T00:00:00Z');
    expect(set).toMatchObject({
      code: 0,
      stdout: 'fay is new as of 2026-01-01T00:00:00.000Z, says command line\n',
      stderr: '',
    });
    const again = await run(
      'customers',
      'status',
      'fay',
      '--set',
      'blocked',
      '--as-of',
      '2026-01-01T00:00:00Z',
    );
    expect(again.stdout).toContain('fay is new');
    expect(again.stderr).toContain('no newer than what is known');
    expect((await run('customers', 'status', 'fay', '--as-of', '2026-01-01T00:00:00Z')).code).toBe(1);
  });

  test('send a file of statuses, or tell its bad lines', async () => {
    const good = '{"customerId": "gil", "status": "new"}\n{"customerId": "hal", "status": "blocked"}\n';
    expect(await run('customers', 'statuses', '--file', fileOf('good.ndjson', good))).toMatchObject({
      code: 0,
      stdout: '2 statuses were taken; 0 were no newer than what is known.\n',
    });
    const bad = `${good}{"customerId": "ivy", "status": "vip"}\n`;
    const refused = await run('customers', 'statuses', '--file', fileOf('bad.ndjson', bad));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('line 3: status: ');
    expect(refused.stderr).toContain('Nothing was changed: 1 bad lines.');
  });

  test('try a file of rules on what was judged', async () => {
    const file = fileOf('other.json', RULES.replace('"otherwise": "allow"', '"otherwise": "review"'));
    const tried = await run('risk', 'try', file);
    expect(tried.code, tried.stderr).toBe(0);
    expect(tried.stdout).toMatch(/^3 payments, the latest:\n/);
    expect(tried.stdout).toMatch(/\nin force +1 +1 +1\ntried +0 +2 +1\n/);
    expect(tried.stdout).toMatch(
      /\n1 would have gone otherwise:\n .*of ben: allow → review\n +No rule speaks: review\.\n/,
    );
    const json = JSON.parse((await run('risk', 'try', file, '--json', '--limit', '1')).stdout) as object;
    expect(json).toMatchObject({ payments: 1 });
    expect((await run('risk', 'rules')).stdout).toBe(RULES);
  });

  test('tell every mistake of a file by its line, and need no node for it', async () => {
    const file = fileOf('wrong.json', RULES.replace('"blocked"', '"vip"').replace('"review"', '"ask"'));
    const told = `${file} cannot be used:\n  line 5: "is" of the condition`;
    for (const how of ['try', 'check']) {
      const refused = await doorbuster(['risk', how, file]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(told);
      expect(refused.stderr).toContain('\n  line 6: "outcome" of the rule "Restricted" is "ask"');
    }
    expect((await doorbuster(['risk', 'check', fileOf('right.json', RULES)])).stdout).toMatch(
      /: 2 rules, [0-9a-f]{16}\n$/,
    );
  });
});

describe('while Postgres is away', () => {
  test('nobody is let through: the hold is extended in bounds, then the order is denied, and its unit is there again', async () => {
    const orderId = await order('jo', 'short');
    const shown = async (): Promise<Record<string, unknown>> =>
      (await node.call('GET', `/v1/orders/${orderId}`, { token: await node.token('jo') })).body;
    const firstEnd = Date.parse((await shown())['holdExpiresAt'] as string);
    proxy.cut();
    try {
      const answers: Answer[] = [];
      let lastEnd = firstEnd;
      await waitUntil('it is decided without facts', async () => {
        answers.push(await pay('jo', orderId));
        lastEnd = Math.max(lastEnd, Date.parse((await shown())['holdExpiresAt'] as string));
        return answers.at(-1)!.status !== 503;
      });
      expect(answers[0]).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(answers.at(-1)).toMatchObject({ status: 402, body: { code: 'payment_declined' } });
      expect(lastEnd).toBeLessThanOrEqual(firstEnd + 2_000);
      expect(['cancelled', 'expired']).toContain((await shown())['status']);
      const stock = await node.admin('GET', '/products/short/stock');
      expect(stock.body).toMatchObject({ available: 5, reserved: 0, sold: 0 });
    } finally {
      proxy.heal();
    }
    await waitUntil('payments are judged again', async () => {
      const kim = `kim-${Math.random()}`;
      return (await pay(kim, await order(kim))).status === 200;
    });
    expect(await node.metric('doorbuster_gate_total{check="risk",outcome="unavailable"}')).toBeGreaterThan(0);
  });
});

test('a node with a file of rules that is wrong does not start, and says why by line', async () => {
  const file = fileOf(
    'bad-rules.json',
    RULES.replace('"otherwise": "allow",', '"otherwise": "allow",\n  "mood": 1,'),
  );
  const ended = await doorbuster(['start', '--demo'], {
    RISK_RULES: file,
    DATA_DIR: join(folder, 'never'),
    PORT: '0',
  });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain(
    `RISK_RULES (${file}) line 3: the file has a field "mood"; it may have "otherwise", "unavailable", "rules"`,
  );
});
