// What only a feed behind a network can suffer, and what several of one name share. The contract that all feeds share is in
// feed.test.ts.

import { afterAll, afterEach, expect, test } from 'vitest';
import type { Feed, FeedRecord, JetStreamNames } from '../../src/runtime/index.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { recordOf } from '../harness/text-record.ts';
import { waitUntil } from '../harness/wait-until.ts';

const nats = new JetStreamBench();
afterAll(() => nats.stop());
afterEach(() => nats.closeLinks());

const SHARD = 1;
/** Longer than any test: what comes again does so for another reason. */
const LONG_MS = 300_000;

async function write(names: JetStreamNames, count: number): Promise<void> {
  const journal = await nats.journal(names);
  let head = (await journal.head(SHARD))?.sequence ?? 0;
  for (let number = 0; number < count; number++) {
    const result = await journal.append(SHARD, recordOf(SHARD, 'record', head), head);
    if (result.kind !== 'appended') throw new Error(result.kind);
    head = result.sequence;
  }
}

/** Until so many different records came. */
async function gathered(count: number, ...feeds: readonly Feed[]): Promise<Map<number, FeedRecord>> {
  const records = new Map<number, FeedRecord>();
  await waitUntil(
    `${count} records`,
    async () => {
      for (const feed of feeds)
        for (const record of (await feed.pull(20)).records) records.set(record.sequence, record);
      return records.size >= count;
    },
    () => [...records.keys()],
  );
  return records;
}

const sorted = (records: ReadonlyMap<number, FeedRecord>): number[] =>
  [...records.keys()].sort((one, other) => one - other);

test('feeds of one name share the records, and the living get what the dead had', async () => {
  const names = await nats.stream();
  await write(names, 20);
  const dying = await nats.link();
  const feeds = [
    await nats.feed(names, { link: dying, ackWaitMs: 1_000 }),
    await nats.feed(names, { ackWaitMs: 1_000 }),
  ] as const;
  await gathered(1, feeds[0]);
  await dying.close();
  const records = await gathered(20, feeds[1]);
  expect(sorted(records)).toEqual([...Array(20).keys()].map((at) => at + 1));
  feeds[1].ack(sorted(records));
  await feeds[1].close();
});

test('one that leaves gives back what it had, at once', async () => {
  const names = await nats.stream();
  await write(names, 10);
  const leaving = await nats.feed(names, { ackWaitMs: LONG_MS });
  await gathered(10, leaving);
  leaving.ack([1]);
  await leaving.close();
  const other = await nats.feed(names, { ackWaitMs: LONG_MS });
  expect(sorted(await gathered(9, other))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await other.close();
});

test('what takes long is not given to others while there are signs of life', async () => {
  const names = await nats.stream();
  await write(names, 2);
  // A witness of the server's own patience: its feed gives no signs.
  const times = { ackWaitMs: 2_000, workingMsMax: LONG_MS };
  const silent = await nats.feed(names, { ...times, name: 'silent', workingMsMax: 0 });
  const seldom = await nats.feed(names, { ...times, name: 'seldom', heartbeatMs: 10_000 });
  const working = await nats.feed(names, { ...times, name: 'working', heartbeatMs: 500 });
  for (const feed of [silent, seldom, working]) await gathered(2, feed);
  for (const feed of [silent, silent, seldom])
    await waitUntil('it is given them again', async () => (await feed.pull(9)).records.length > 0);
  expect((await working.pull(9)).records).toEqual([]);
  for (const feed of [silent, seldom, working]) await feed.close();
});

test('what takes too long is given to another', async () => {
  const names = await nats.stream();
  await write(names, 2);
  const times = { ackWaitMs: 1_000, heartbeatMs: 500, workingMsMax: 1_500 };
  const hanging = await nats.feed(names, times);
  await gathered(2, hanging);
  const other = await nats.feed(names, times);
  // Whom the server gives it to, when both ask, is chance.
  expect((await gathered(1, other)).size).toBeGreaterThan(0);
  await hanging.close();
  await other.close();
});

test('a server that says nothing any more is noticed by its missing signs, and the consumer bound anew', async () => {
  const names = await nats.stream();
  const proxy = await TcpProxy.to((await nats.cluster).servers[0]!.port);
  const link = await nats.link({ servers: `127.0.0.1:${proxy.port}`, ignoreClusterUpdates: true });
  const feed = await nats.feed(names, { link, heartbeatMs: 500 });
  await write(names, 1);
  feed.ack(sorted(await gathered(1, feed)));
  // What the feed asks still arrives, so that it can be overheard.
  let looks = 0;
  const watcher = await nats.link();
  const watched = `$JS.API.CONSUMER.INFO.${names.journalStream}.projection`;
  watcher.connection.subscribe(watched, { callback: () => void looks++ });
  await watcher.connection.flush();
  proxy.mute();
  await waitUntil('it asks for its consumer', () => looks > 0);
  expect(link.isUp).toBe(true);
  proxy.cut();
  proxy.heal();
  await write(names, 1);
  expect(sorted(await gathered(1, feed))).toEqual([2]);
  await feed.close();
  await proxy.close();
});

test('a lost connection is made again, and nothing is missed', async () => {
  const names = await nats.stream();
  const proxy = await TcpProxy.to((await nats.cluster).servers[0]!.port);
  const link = await nats.link({ servers: `127.0.0.1:${proxy.port}`, ignoreClusterUpdates: true });
  const feed = await nats.feed(names, { link, ackWaitMs: 1_000 });
  await write(names, 3);
  feed.ack(sorted(await gathered(3, feed)));
  proxy.cut();
  await write(names, 3);
  proxy.heal();
  const came = new Set<number>();
  await waitUntil('what was written meanwhile', async () => {
    for (const { sequence } of (await feed.pull(9)).records) came.add(sequence);
    return [4, 5, 6].every((sequence) => came.has(sequence));
  });
  expect(came.size).toBeGreaterThanOrEqual(3);
  await feed.close();
  await link.close();
  await proxy.close();
});

test('a server that is killed gives again what it has, and the feed goes on', async () => {
  const names = await nats.stream();
  await write(names, 5);
  const feed = await nats.feed(names, { ackWaitMs: 1_000, workingMsMax: 0 });
  await gathered(5, feed);
  const cluster = await nats.cluster;
  await cluster.restart();
  await write(names, 1);
  expect(sorted(await gathered(6, feed))).toEqual([1, 2, 3, 4, 5, 6]);
  await feed.close();
});

test('one whose consumer another made anew goes on with the new one', async () => {
  const names = await nats.stream();
  await write(names, 3);
  const feed = await nats.feed(names, { ackWaitMs: 1_000 });
  feed.ack(sorted(await gathered(3, feed)));
  const other = await nats.feed(names, { ackWaitMs: 1_000 });
  await other.rewind(0);
  await other.close();
  expect(sorted(await gathered(3, feed))).toEqual([1, 2, 3]);
  await write(names, 1);
  expect((await gathered(1, feed)).size).toBeGreaterThan(0);
  await feed.close();
});

test('one whose consumer is gone makes it anew, and gives everything again', async () => {
  const names = await nats.stream();
  await write(names, 3);
  const feed = await nats.feed(names, { ackWaitMs: 1_000 });
  feed.ack(sorted(await gathered(3, feed)));
  await (await nats.manager()).consumers.delete(names.journalStream, 'projection');
  expect(sorted(await gathered(3, feed))).toEqual([1, 2, 3]);
  await feed.close();
});

test('what was set aside by a feed that then died comes again', async () => {
  const names = await nats.stream();
  await write(names, 6);
  const dying = await nats.link();
  const feed = await nats.feed(names, { link: dying, inFlightMax: 4, ackWaitMs: LONG_MS });
  await gathered(4, feed);
  feed.setAside(SHARD, 3);
  feed.ack([1, 2]);
  const consumer = async () => (await nats.manager()).consumers.info(names.journalStream, 'projection');
  // All of them are out of the way, so the place that they had is free.
  await waitUntil('they were passed over', async () => (await consumer()).ack_floor.stream_seq === 6);
  await dying.close();
  const again = await nats.feed(names, { ackWaitMs: LONG_MS });
  expect(sorted(await gathered(4, again))).toEqual([3, 4, 5, 6]);
  await again.close();
});

test('one that leaves before it could note where the next one begins gives back what it was to pass over', async () => {
  const names = await nats.stream();
  await write(names, 4);
  const proxy = await TcpProxy.to((await nats.cluster).servers[0]!.port);
  const link = await nats.link({ servers: `127.0.0.1:${proxy.port}`, ignoreClusterUpdates: true });
  const feed = await nats.feed(names, { link, ackWaitMs: LONG_MS });
  await gathered(4, feed);
  const given = new Set<string>();
  const watcher = await nats.link();
  watcher.connection.subscribe(`$JS.ACK.${names.journalStream}.>`, {
    callback: (_, message) => void (message.string() === '-NAK' && given.add(message.subject)),
  });
  await watcher.connection.flush();
  // The note is never answered; what the feed says still arrives.
  proxy.mute();
  feed.setAside(SHARD, 3);
  const closed = feed.close();
  await waitUntil(
    'all are given back',
    () => given.size === 4,
    () => [...given],
  );
  proxy.cut();
  await closed;
  const again = await nats.feed(names, { ackWaitMs: LONG_MS });
  expect(sorted(await gathered(4, again))).toEqual([1, 2, 3, 4]);
  await again.close();
  await link.close();
  await proxy.close();
});

test('what is no record is handed out as damaged, and what follows it, too', async () => {
  const names = await nats.stream();
  const link = await nats.link();
  await link.connection.request(names.journalOf(SHARD), 'no record', { timeout: 10_000 });
  await link.connection.request(names.journalOf(SHARD), recordOf(2, 'astray', 1), { timeout: 10_000 });
  await link.connection.request(names.journalOf(SHARD), recordOf(SHARD, 'sound', 2), { timeout: 10_000 });
  const feed = await nats.feed(names);
  const records = await gathered(3, feed);
  const damage = [1, 2, 3].map((sequence) => records.get(sequence)!.damage);
  expect(damage).toEqual([
    expect.stringContaining('record 1 of shard 1 is damaged: record version'),
    expect.stringContaining('it says that it is of shard 2'),
    undefined,
  ]);
  await feed.close();
});
