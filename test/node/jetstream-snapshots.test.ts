// The thread of a node that makes snapshots, over a real NATS server: of the shards that it is told of, in good order at a
// stop, too.

import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_LIMITS, Shard, systemClock, systemRandom, systemTimers } from '../../src/runtime/index.ts';
import type { JetStreamNames, Journal, Snapshots } from '../../src/runtime/index.ts';
import { SnapshotHost } from '../../src/snapshot-host.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { shardOf, soldOut } from '../harness/journal-file.ts';
import { waitUntil } from '../harness/wait-until.ts';

const SHARD = shardOf('sku');
const ORDERS = 70_000;
const nats = new JetStreamBench();
let names: JetStreamNames;
let journal: Journal;
let snapshots: Snapshots;

beforeAll(async () => {
  names = await nats.stream();
  journal = await nats.journal(names);
  snapshots = await nats.snapshots(names);
  for (const { shard, sequence, bytes } of soldOut('sku', ORDERS).records) {
    const result = await journal.append(shard, Uint8Array.from(bytes), sequence - 1);
    if (result.kind !== 'appended') throw new Error(`record ${sequence} is ${result.kind}`);
  }
}, 120_000);
afterAll(() => nats.stop());

async function opened(): Promise<Shard> {
  const ports = { journal, snapshots, clock: systemClock, timers: systemTimers, random: systemRandom };
  const shard = new Shard(SHARD, ports, DEFAULT_LIMITS);
  await shard.open();
  expect(shard.status()).toMatchObject({ phase: 'open', products: 1 });
  return shard;
}

async function started(): Promise<SnapshotHost> {
  const { servers, user, pass } = (await nats.cluster).connection;
  const urls = servers.map((server) => `nats://${user}:${pass}@${server}`);
  const prefix = names.journalStream.replace('-journal', '');
  const data = { kind: 'jetstream', servers: urls, prefix, logLevel: 'silent' } as const;
  return new SnapshotHost(data, pino({ level: 'silent' }));
}

test('a shard that the node has gets a snapshot, and the next owner begins with it', async () => {
  const first = await opened();
  expect(first.status().bytes).toBeGreaterThan(4 * 1024 * 1024);
  const host = await started();
  const made = await waitUntil('there is a snapshot', async () => {
    host.report([first.status()]);
    return (await snapshots.list(SHARD))[0];
  });
  expect(made).toMatchObject({ shard: SHARD, sequence: first.status().sequence, epoch: 2 });
  await host.stop();
  const second = await opened();
  expect(second.status().bytes).toBeLessThan(1_000);
  expect(second.durableProducts()!.get('sku')!.orders.size).toBe(ORDERS);
}, 120_000);

test('a shard that is recovering, or has left, gets none, not at the stop either', async () => {
  const [made] = await snapshots.list(SHARD);
  await snapshots.remove(made!);
  const shard = await opened();
  const host = await started();
  host.report([{ ...shard.status(), phase: 'recovering' }]);
  host.report([]);
  await host.stop();
  expect(await snapshots.list(SHARD)).toEqual([]);
}, 120_000);
