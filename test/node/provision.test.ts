// `doorbuster provision` against a real server.

import { afterAll, expect, test } from 'vitest';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { doorbuster, type Ended } from './command.ts';

const nats = new JetStreamBench();
afterAll(() => nats.stop());

async function provision(env: Record<string, string> = {}, ...args: string[]): Promise<Ended> {
  const { servers, user, pass } = (await nats.cluster).connection;
  const url = servers.map((server) => `nats://${user}:${pass}@${server}`).join(',');
  return doorbuster(['provision', ...args], { NATS_URL: url, NATS_PREFIX: 'shop', SHARDS: '8', ...env });
}

interface Told {
  readonly journal: string;
  readonly made: string[];
  readonly found: string[];
}

test('makes the streams, finds them the next time, and tells what it knows of the servers', async () => {
  const monitors = (await nats.cluster).servers.map(({ monitorUrl }) => monitorUrl).join(',');
  const first = await provision({ NATS_MONITOR_URLS: monitors }, '--json');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  const told = JSON.parse(first.stdout) as Told;
  expect(told).toMatchObject({ shards: 8, replicas: 1, found: [], warnings: [] });
  expect(told.made).toEqual(['shop-journal', 'shop-snapshots', 'KV_shop-cluster']);
  const second = await provision();
  expect(second).toMatchObject({ code: 0, stderr: '' });
  expect(second.stdout).toMatch(/was there +shop-journal\n/);
  expect(second.stdout).toContain(`Journal ${told.journal}: 8 shards, one copy.`);
  expect(second.stdout).toMatch(/^! Whether NATS server n1/m);
});

test('ends with 1 and every setting that is wrong, of all streams', async () => {
  await provision({ NATS_PREFIX: 'wrong' });
  const manager = await nats.manager();
  await manager.streams.update('wrong-journal', { max_bytes: 1_000_000, discard: 'old' });
  await manager.streams.update('KV_wrong-cluster', { allow_direct: true });
  const { code, stdout, stderr } = await provision({ NATS_PREFIX: 'wrong', SHARDS: '9' });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  for (const fault of [
    'doorbuster-shards = 8, and it is 9 now',
    'max_bytes is 1000000 and has to be -1',
    'discard is "old" and has to be "new"',
    'The stream KV_wrong-cluster cannot be used',
    'allow_direct is true and has to be false',
  ])
    expect(stderr).toContain(fault);
  await nats.closeLinks();
});

test('a user who may not hear its answers is told which setting is missing', async () => {
  const cluster = await nats.cluster;
  const asked = await provision({
    NATS_URL: cluster.url(undefined, 'provisioner'),
    NATS_PREFIX: 'doorbuster',
  });
  expect(asked).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/may not hear answers on _INBOX\.>\. Set NATS_INBOX_PREFIX/),
  });
});

test.each([
  [{ NATS_URL: '' }, 'Say where NATS is'],
  [{ NATS_REPLICAS: '2' }, 'NATS_REPLICAS must be 1 or 3'],
  [{ SHARDS: 'many' }, 'SHARDS must be a whole number'],
  [{ NATS_URL: 'nats://127.0.0.1:9' }, 'No NATS server at 127.0.0.1:9 takes this node'],
  [{ NATS_PREFIX: 'a.b' }, 'NATS_PREFIX must be 1 to 32'],
])('ends with 1 and says what is wrong in %j', async (env, why) => {
  const { code, stderr } = await provision(env);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(why) });
  expect(stderr).not.toContain('    at ');
});
