// What the journal asks of NATS before it trusts it: streams, versions, settings, permissions.

import type { StreamConfig } from '@nats-io/jetstream';
import { fileURLToPath } from 'node:url';
import { Kvm } from '@nats-io/kv';
import { nanos } from '@nats-io/transport-node';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  checkServer,
  JetStreamMismatch,
  JetStreamNames,
  JetStreamRecords,
  jetStreamFacts,
  judgeServers,
  NatsUnreachable,
  NotPermitted,
  openJetStream,
  provision,
  rewindFeed,
  ServerUnfit,
  systemTimers,
  type JetStreamStoreOptions,
  type ServerFacts,
} from '../../src/runtime/index.ts';
import { copiesFor } from '../../src/runtime/jetstream/provision.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { recordOf, textOf } from '../harness/text-record.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { inboxOf, startNats, type NatsUser } from '../servers/nats.ts';
import { shippedFile } from '../servers/shipped-file.ts';

const nats = new JetStreamBench();
afterAll(() => nats.stop());
afterEach(() => nats.closeLinks());

const UNSYNCED = fileURLToPath(new URL('../servers/unsynced.conf', import.meta.url));
const ONE = { shards: 8, replicas: 1 } as const;
const FLUSH_BYTES = 256 * 1024;

describe('the streams', () => {
  test('are made once, and found as they were by whoever comes later or at the same moment', async () => {
    const names = new JetStreamNames('made');
    const links = [await nats.link(), await nats.link(), await nats.link()];
    await Promise.all(links.map((link) => provision(link, names, ONE)));
    await provision(links[0]!, names, ONE);
    const { config } = await (await nats.manager()).streams.info(names.journalStream);
    expect(config).toMatchObject({
      subjects: ['made.journal.*'],
      max_age: 0,
      deny_delete: true,
      num_replicas: 1,
    });
  });

  test('carry the id of their journal, drawn once, and tell it with the shards and the format', async () => {
    const names = new JetStreamNames('named');
    const links = [await nats.link(), await nats.link()] as const;
    expect(await jetStreamFacts(links[0], names)).toBeUndefined();
    const [one, other] = await Promise.all(links.map((link) => provision(link, names, { shards: 8 })));
    expect(one!.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(other!.id).toBe(one!.id);
    const again = await provision(links[0], names, { shards: 8 });
    const facts = { id: one!.id, shards: 8, replicas: 1, format: 1 };
    const all = [names.clusterStream, names.snapshotStream, names.journalStream];
    expect(again).toEqual({ ...facts, made: [], found: all });
    expect(await jetStreamFacts(links[0], names)).toEqual(facts);
    expect([...new Set([...one!.made, ...other!.made])].toSorted()).toEqual(all.toSorted());
  });

  test('without an id, and those of another journal, are refused', async () => {
    const names = await nats.stream();
    const link = await nats.link();
    const manager = await nats.manager();
    const { config } = await manager.streams.info(names.snapshotStream);
    await manager.streams.update(names.snapshotStream, {
      metadata: { ...config.metadata, 'doorbuster-id': 'of another' },
    });
    const made = provision(link, names, ONE);
    await expect(made).rejects.toThrow(
      /test\d+-snapshots cannot be used: it was made with doorbuster-id = of another, and it is [0-9a-f-]{36} now/,
    );
    await manager.streams.update(names.journalStream, { metadata: {} });
    await expect(provision(link, names, ONE)).rejects.toThrow('its metadata lack doorbuster-id');
  });

  test('are not made anew when the journal’s own is gone and others are there', async () => {
    const names = await nats.stream();
    const manager = await nats.manager();
    await manager.streams.delete(names.journalStream);
    await expect(provision(await nats.link(), names, ONE)).rejects.toThrow(
      /-journal is gone, and KV_test\d+-cluster and test\d+-snapshots are still there/,
    );
    await expect(manager.streams.info(names.journalStream)).rejects.toThrow('stream not found');
  });

  test('have a bucket that keeps one value of each key and that its leader alone reads', async () => {
    const names = await nats.stream();
    const link = await nats.link();
    const bucket = await new Kvm(link.connection).open(names.clusterBucket);
    const first = await bucket.create('placement', 'one');
    await bucket.update('placement', 'two', first);
    await expect(bucket.update('placement', 'three', first)).rejects.toThrow('wrong last sequence');
    expect((await bucket.get('placement'))?.string()).toBe('two');
    const { history, ttl, streamInfo } = await bucket.status();
    expect({ history, ttl, isDirect: streamInfo.config.allow_direct }).toEqual({
      history: 1,
      ttl: 0,
      isDirect: false,
    });
  });

  test('of another number of shards are refused', async () => {
    const names = await nats.stream();
    const other = provision(await nats.link(), names, { ...ONE, shards: 16 });
    await expect(other).rejects.toThrow(JetStreamMismatch);
    await expect(other).rejects.toThrow('it was made with doorbuster-shards = 8, and it is 16 now');
  });

  test('of another number of copies, or more than there are servers for, are refused', async () => {
    const names = await nats.stream();
    const link = await nats.link();
    const three = { ...ONE, replicas: 3 } as const;
    await expect(provision(link, names, three)).rejects.toThrow('num_replicas is 1 and has to be 3');
    await expect(provision(link, new JetStreamNames('lonely'), three)).rejects.toThrow(/cannot be made/);
  });

  test.each<[string, Partial<StreamConfig>]>([
    ['max_age is 3600000000000 and has to be 0', { max_age: nanos(3_600_000) }],
    ['max_bytes is 1000000 and has to be -1', { max_bytes: 1_000_000 }],
    ['discard is "old" and has to be "new"', { discard: 'old' }],
    ['allow_rollup_hdrs is true and has to be false', { allow_rollup_hdrs: true }],
    ['subjects is ["stray.*"]', { subjects: ['stray.*'] }],
  ])('that could lose a record are refused: %s', async (fault, change) => {
    const names = await nats.stream();
    const manager = await nats.manager();
    const kept = { subjects: [names.journalSubjects] };
    await manager.streams.update(names.journalStream, { ...kept, ...change });
    await expect(provision(await nats.link(), names, ONE)).rejects.toThrow(fault);
  });

  test('have a prefix that is no part of a subject’s grammar', () => {
    expect(() => new JetStreamNames('two.tokens')).toThrow(/no prefix of subjects/);
    expect(() => new JetStreamNames('>')).toThrow(/no prefix of subjects/);
  });
});

describe('the servers', () => {
  const needs = { replicas: 1, flushBytesMax: FLUSH_BYTES } as const;
  const monitorUrls = async (): Promise<string[]> =>
    (await nats.cluster).servers.map(({ monitorUrl }) => monitorUrl);

  test('that sync each message leave nothing to be said', async () => {
    expect(await checkServer(await nats.link(), { ...needs, monitorUrls: await monitorUrls() })).toEqual([]);
  });

  test('of which nobody can know whether they sync are told of', async () => {
    const [told, ...rest] = await checkServer(await nats.link(), { ...needs, monitorUrls: [] });
    expect(told).toMatch(/n1 .* cannot be known here/);
    expect(rest).toEqual([]);
    const dead = ['http://127.0.0.1:9'];
    expect(await checkServer(await nats.link(), { ...needs, monitorUrls: dead })).toHaveLength(2);
  });

  test('that do not sync, or take no message as large as a record, are found out', async () => {
    const other = await startNats({ configuration: UNSYNCED });
    try {
      const link = await nats.link(other.connection);
      const urls = other.servers.map(({ monitorUrl }) => monitorUrl);
      const told = await checkServer(link, { ...needs, flushBytesMax: 100_000, monitorUrls: urls });
      expect(told).toEqual([expect.stringContaining('Set "sync_interval: always"')]);
      const large = checkServer(link, { ...needs, monitorUrls: urls });
      await expect(large).rejects.toThrow(ServerUnfit);
      await expect(large).rejects.toThrow(/takes messages of 200000 bytes, and a record may need 266240/);
    } finally {
      await nats.closeLinks();
      await other.stop();
    }
  });

  const server = (version: string, change: Partial<ServerFacts> = {}): ServerFacts => ({
    name: 'n1',
    version,
    maxPayloadBytes: 2 ** 20,
    hasJetStream: true,
    asksForUsers: true,
    syncsAlways: true,
    ...change,
  });
  const three = (version: string): ServerFacts[] => ['a', 'b', 'c'].map((name) => server(version, { name }));
  const replicated = { ...needs, replicas: 3 } as const;

  test.each([
    ['2.9.10', 'is too old'],
    ['2.10.21', 'can lose everything'],
    ['unknown', 'does not tell a version'],
  ])('of version %s are refused, also alone', (version, why) => {
    expect(() => judgeServers([server(version)], needs)).toThrow(why);
  });

  test.each(['2.10.0', '2.10.19', '2.10.23', '2.12.3', '2.15.1', '3.0.0'])(
    'of version %s may be alone',
    (version) => {
      expect(judgeServers([server(version)], needs)).toEqual([]);
    },
  );

  test('for three copies are of 2.11 at least, and better of 2.12.3', () => {
    expect(() => judgeServers(three('2.10.27'), replicated)).toThrow(/three copies safely: 2.11 is needed/);
    expect(judgeServers(three('2.11.4'), replicated)).toHaveLength(3);
    expect(judgeServers(three('2.12.3'), replicated)).toEqual([]);
    expect(judgeServers(three('2.12.3').slice(1), replicated)).toEqual([
      expect.stringContaining('only 2 could'),
    ]);
    expect(() => judgeServers([...three('2.15.1').slice(1), server('2.10.27')], replicated)).toThrow(
      'n1 2.10.27',
    );
  });

  test('that ask nobody for a user are told of once', () => {
    const open = server('2.15.1', { asksForUsers: false });
    expect(judgeServers([open], needs)).toEqual([expect.stringMatching(/n1 2.15.1 asks nobody for a user/)]);
  });

  test('without JetStream are refused', () => {
    expect(() => judgeServers([server('2.15.1', { hasJetStream: false })], needs)).toThrow(
      'has no JetStream',
    );
  });
});

describe('permissions', () => {
  /** The prefix that the shipped accounts allow. */
  const names = new JetStreamNames();
  const as = async (user: NatsUser) => (await nats.cluster).connectionOf(user);

  test('of the shipped accounts are enough for a provisioner and for an owner of shards', async () => {
    await provision(await nats.link(await as('provisioner')), names, ONE);
    const link = await nats.link(await as('owner'));
    const journal = await nats.journal(names, { link });
    const result = await journal.append(1, recordOf(1, 'claim', 0), 0);
    expect(result).toEqual({ kind: 'appended', sequence: 1 });
    expect(await journal.append(1, recordOf(1, 'late', 0), 0)).toEqual({ kind: 'fenced' });
    for await (const [record] of journal.replay(1, 1, 9)) expect(textOf(record!)).toBe('claim');
    const snapshots = await nats.snapshots(names, undefined, link);
    const name = await snapshots.write({ shard: 1, sequence: 1, epoch: 1 }, [new Uint8Array(10)]);
    expect(await snapshots.list(1)).toEqual([name]);
    await snapshots.remove(name);
    expect(await snapshots.list(1)).toEqual([]);
    expect(await (await nats.manager()).streams.info(names.journalStream)).toMatchObject({
      state: { messages: 1 },
    });
  });

  test('of the shipped accounts are enough for the projection’s feed', async () => {
    await provision(await nats.link(), names, ONE);
    const journal = await nats.journal(names);
    await journal.append(4, recordOf(4, 'claim', 0), 0);
    const feed = await nats.feed(names, { name: 'postgres', link: await nats.link(await as('writer')) });
    for (let times = 0; times < 2; times++) {
      const records = await waitUntil('a record', async () => {
        const { records } = await feed.pull(9);
        return records.length > 0 && records;
      });
      feed.ack(records.map(({ sequence }) => sequence));
      await feed.rewind(0);
    }
    const link = await nats.link(await as('owner'));
    const positions = () => Promise.resolve(new Map([[4, 9]]));
    expect(await rewindFeed({ feed, link, names, shards: 8, positions })).toBeUndefined();
    feed.setAside(4, 1);
    const manager = await nats.manager();
    const noted = await waitUntil('it is noted where the next feed begins', async () => {
      const { config } = await manager.consumers.info(names.journalStream, 'postgres');
      return config.metadata?.['doorbuster-begin'];
    });
    expect(noted).toBe('1');
    await feed.close();
  });

  test('of the shipped accounts are enough for an audit', async () => {
    await provision(await nats.link(), names, ONE);
    await (await nats.journal(names)).append(5, recordOf(5, 'claim', 0), 0);
    const written = await nats.snapshots(names);
    const name = await written.write({ shard: 5, sequence: 1, epoch: 1 }, [new Uint8Array(10)]);
    const link = await nats.link(await as('audit'));
    const snapshots = await nats.snapshots(names, undefined, link);
    expect(await snapshots.listAll()).toEqual([name]);
    for await (const piece of snapshots.read(name)) expect(piece).toHaveLength(10);
    const shards: number[] = [];
    for await (const piece of new JetStreamRecords({ link, names, timers: systemTimers }).behind(0, 0)) {
      shards.push(...piece.map(({ shard }) => shard));
    }
    expect(shards).toContain(5);
    await written.remove(name);
  });

  test('of a gateway keep it out of the journal, and it is told neither appended nor fenced', async () => {
    await provision(await nats.link(await as('provisioner')), names, ONE);
    const journal = await nats.journal(names, { appendMs: 300, appendTryMs: 100 }, await as('gateway'));
    const result = await journal.append(2, recordOf(2, 'claim', 0), 0);
    expect(result).toMatchObject({ kind: 'unknown', cause: expect.stringContaining('ermissions') });
    expect(await (await nats.journal(names)).head(2)).toBeUndefined();
    const shop = await nats.journal(names, {}, await as('admin'));
    await expect(shop.head(2)).rejects.toThrow(/ermissions/);
  });
});

describe('a node at its start', () => {
  const open = async (
    change: Partial<JetStreamStoreOptions> = {},
    user: NatsUser | 'nobody' = 'operator',
  ) => {
    const { servers } = (await nats.cluster).connection;
    return openJetStream(
      {
        servers: servers.map((server) => `nats://${user}:of-the-tests@${server}`),
        prefix: 'opened',
        monitorUrls: [],
        shards: 8,
        flushBytesMax: FLUSH_BYTES,
        ...change,
      },
      systemTimers,
    );
  };

  test('makes what is missing, and finds it the next time', async () => {
    const first = await open();
    await first.link.close();
    expect(first.made).toEqual(['opened-journal', 'opened-snapshots', 'KV_opened-cluster']);
    expect(first.warnings).toEqual([expect.stringContaining('cannot be known here')]);
    const second = await open();
    await second.link.close();
    expect(second).toMatchObject({ id: first.id, made: [], replicas: 1, shards: 8 });
  });

  test('that may not make streams, or not look at them, says who may', async () => {
    const manager = await nats.manager();
    for await (const { config } of manager.streams.list())
      if (/(^|_)doorbuster-/.test(config.name)) await manager.streams.delete(config.name);
    const prefix = 'doorbuster';
    const gateway = { inboxPrefix: inboxOf('gateway'), prefix };
    const denied = open(gateway, 'gateway');
    await expect(denied).rejects.toThrow(NotPermitted);
    await expect(denied).rejects.toThrow(
      /may not make the stream doorbuster-journal\. Run “npx doorbuster provision” with a user that may make streams/,
    );
    const blind = open({ inboxPrefix: inboxOf('admin'), prefix }, 'admin');
    await expect(blind).rejects.toThrow('may not look at the stream');
    const { link } = await open({ prefix });
    await link.close();
    await (await open(gateway, 'gateway')).link.close();
  });

  test('that no server takes names the addresses, what to do, and no password', async () => {
    const unreachable = open({ servers: ['nats://ada:secret-one@127.0.0.1:9', '127.0.0.1:1'] });
    await expect(unreachable).rejects.toThrow(NatsUnreachable);
    await expect(unreachable).rejects.toThrow(
      /^No NATS server at 127\.0\.0\.1:9, 127\.0\.0\.1:1 takes this node: .*Check NATS_URL, and that the servers run/,
    );
    await expect(open({}, 'nobody')).rejects.toThrow(
      /Authorization.*Check the user and the password in NATS_URL/,
    );
    await expect(open({ servers: ['http://secret@x'] })).rejects.toThrow(/^NATS_URL must be nats:/);
  });
});

test('of three servers each holds a copy, without anybody saying so', async () => {
  const three = new JetStreamBench({ servers: 3 });
  try {
    const names = await three.stream();
    const link = await three.link();
    for (const { args } of (await three.cluster).servers)
      expect(args).toEqual(['-c', shippedFile('nats/cluster.conf')]);
    await waitUntil('the server tells of the others', () => link.connection.info?.connect_urls?.length === 3);
    expect(await provision(link, names, { shards: 8 })).toMatchObject({ replicas: 3, made: [] });
    const fresh = await waitUntil('the streams are made', () =>
      provision(link, new JetStreamNames('fresh'), { shards: 8 }),
    );
    expect(fresh.replicas).toBe(3);
  } finally {
    await three.stop();
  }
}, 120_000);

test('in a cluster of which not enough is known, nobody guesses how many copies there can be', () => {
  expect(copiesFor({ cluster: undefined, known: 0 })).toBe(1);
  expect(copiesFor({ cluster: 'shop', known: 4 })).toBe(3);
  expect(() => copiesFor({ cluster: 'shop', known: 2 })).toThrow(
    /cluster shop and tells of 2 .*NATS_REPLICAS/s,
  );
});
