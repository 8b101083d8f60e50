// The compose file, started without Docker, with secrets that were drawn for it: all of it becomes healthy, sells, and goes on when
// Redis loses its primary.

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NodeApi } from '../harness/node-api.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { inSeconds, sign } from '../http/tokens.ts';
import { readCompose, readEnv, ROOT } from './compose-file.ts';
import { Stack } from './stack.ts';

const drawn = execFileSync('sh', [join(ROOT, 'deploy/make-env.sh')], { encoding: 'utf8' });
const settings = {
  ...readEnv(drawn),
  SHARDS: '8',
  WORKERS: '1',
  NATS_STORE_BYTES_MAX: '1GB',
  LOG_LEVEL: 'warn',
};
const compose = readCompose(settings);
const stack = new Stack(compose);
const secret = (name: string): string => readEnv(drawn)[name]!;

class Gateway extends NodeApi {
  override adminToken = secret('ADMIN_TOKEN');
  readonly url = `http://${stack.addressOf('gateway')}:3000`;
}
const gateway = new Gateway();

beforeAll(() => stack.up());
afterAll(() => stack.stop());

const redis = (service: string, ...command: string[]): string =>
  spawnSync(
    'redis-cli',
    ['-h', stack.addressOf(service), '-p', service.startsWith('sentinel') ? '26379' : '6379', ...command],
    { env: { ...process.env, REDISCLI_AUTH: secret('REDIS_PASSWORD') }, encoding: 'utf8' },
  ).stdout;

const figure = async (name: string): Promise<number> => {
  const { body } = await gateway.call<string>('GET', '/metrics');
  const line = body.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
};

test('everything is healthy by its own check, and the streams have three copies on servers that sync', async () => {
  const provision = await stack.start('provision');
  expect(provision.output).toMatch(/made +doorbuster-journal\n/);
  expect(provision.output).toContain('8 shards, 3 copies.');
  expect(provision.output).not.toMatch(/^!/m);
  for (const name of Object.keys(compose.services).filter((each) => each !== 'provision'))
    expect(await stack.isHealthy(await stack.start(name)), name).toBe(true);
});

test('shoppers buy at the gateway, nodes a and b own what is sold, and Postgres has it', async () => {
  await gateway.product('kettle', { quantity: 2 });
  const token = sign({ sub: 'ada', exp: inSeconds(3_600) }, { secret: secret('AUTH_SECRET') });
  expect((await gateway.buy(token, 'kettle', 'once')).status).toBe(201);
  const { body } = await gateway.admin<{ shards: { node: string; phase: string }[] }>('GET', '/shards');
  expect(new Set(body.shards.map(({ node, phase }) => `${node} ${phase}`))).toEqual(
    new Set(['a open', 'b open']),
  );
  await waitUntil('the order is listed', async () => {
    const list = await gateway.call<{ orders: unknown[] }>('GET', '/v1/orders', { token });
    return list.body.orders.length === 1;
  });
  expect((await gateway.admin<{ ok: boolean }>('GET', '/audit')).body).toMatchObject({ ok: true });
});

test('Postgres lets in whoever has a password, and the nodes’ user owns its own database alone', async () => {
  const connection = { host: stack.addressOf('postgres'), port: 5432, user: 'doorbuster' };
  const password = secret('POSTGRES_NODE_PASSWORD');
  const client = new Client({ ...connection, password, database: 'doorbuster' });
  await client.connect();
  const { rows } = await client.query<{ fsync: string; super: boolean; may_make: boolean }>(
    `SELECT current_setting('fsync') AS fsync, rolsuper AS super, rolcreatedb AS may_make FROM pg_roles WHERE rolname = current_user`,
  );
  expect(rows).toEqual([{ fsync: 'on', super: false, may_make: false }]);
  await client.end();
  const wrong = new Client({ ...connection, password: 'guessed', database: 'doorbuster' });
  await expect(wrong.connect()).rejects.toThrow(/password authentication failed/);
});

test('when the primary of Redis is killed its replica takes its place, and the gateway reads from it', async () => {
  const isWorking = async (): Promise<boolean> =>
    (await figure('doorbuster_cache_state{state="working"}')) === 1;
  await waitUntil('the cache works', isWorking);
  const user = ['--user', 'doorbuster', '--pass', secret('REDIS_NODE_PASSWORD')];
  expect(redis('redis-primary', ...user, 'FLUSHALL')).toMatch(/NOPERM/);
  expect(redis('redis-primary', ...user, 'GETRANGE', 'another:key', '0', '1')).toMatch(/NOPERM/);
  expect(redis('redis-replica', 'ROLE')).toMatch(/^slave/);
  await (await stack.start('redis-primary')).end('SIGKILL');
  await waitUntil('the replica is the primary', () => redis('redis-replica', 'ROLE').startsWith('master'));
  await waitUntil('the sentinels tell of it', () =>
    redis('sentinel-1', 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'sale').startsWith(
      stack.addressOf('redis-replica'),
    ),
  );
  await waitUntil('the cache works again', isWorking);
});

test('gateway and nodes stop in order', async () => {
  for (const name of ['gateway', 'node-a', 'node-b']) {
    const service = await stack.start(name);
    expect(await service.end('SIGTERM'), service.output).toBe(0);
  }
});
