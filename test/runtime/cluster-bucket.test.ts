// The cluster's document and beats on a real NATS server: writers who get in each other's way, lives that end, and servers
// that go away and come back.

import { Kvm } from '@nats-io/kv';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  applyFile,
  ClusterBucket,
  ClusterUnavailable,
  firstDocument,
  systemTimers,
  type ClusterDocument,
  type JetStreamNames,
} from '../../src/runtime/index.ts';
import type { ClusterWatcher, StoredBeat } from '../../src/runtime/cluster/cluster-store.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { waitUntil } from '../harness/wait-until.ts';

const nats = new JetStreamBench();
let names: JetStreamNames;
let buckets: ClusterBucket[] = [];

beforeEach(async () => {
  names = await nats.stream();
});
afterEach(async () => {
  for (const bucket of buckets.splice(0)) bucket.close();
  await nats.closeLinks();
});
afterAll(() => nats.stop());

/** As one node has it. */
async function bucketOfNode(): Promise<ClusterBucket> {
  const bucket = await ClusterBucket.open(await nats.link(), names, systemTimers);
  buckets.push(bucket);
  return bucket;
}

class Watching implements ClusterWatcher {
  readonly revisions: number[] = [];
  readonly beats: StoredBeat[] = [];
  readonly gone: string[] = [];

  onDocument({ revision }: ClusterDocument): void {
    this.revisions.push(revision);
  }

  onBeat(beat: StoredBeat): void {
    this.beats.push(beat);
  }

  onBeatGone(node: string): void {
    this.gone.push(node);
  }
}

const beatOf = (node: string, life = 'first', clockOffsetMs: number | null = null) => ({
  node,
  life,
  number: 1,
  clockOffsetMs,
});

const applied = (document: ClusterDocument | undefined): ClusterDocument =>
  applyFile(document ?? firstDocument(2, 0, 'of the tests'), 'a file', 1);

async function whileDown(run: () => Promise<void>): Promise<void> {
  const cluster = await nats.cluster;
  await cluster.servers[0]!.kill();
  try {
    await run();
  } finally {
    await cluster.start();
  }
}

describe('the document', () => {
  test('is changed by one writer after the other, however many there are at once', async () => {
    const writers = await Promise.all(Array.from({ length: 4 }, bucketOfNode));
    const each = 5;
    await Promise.all(
      writers.map(async (bucket) => {
        for (let change = 0; change < each; change++) await bucket.change(applied);
      }),
    );
    const document = await writers[0]!.change(() => undefined);
    expect(document.revision).toBe(writers.length * each);
  });

  test('is asked for again when somebody else was first', async () => {
    const [one, other] = [await bucketOfNode(), await bucketOfNode()];
    await one.change(applied);
    const seen: (number | undefined)[] = [];
    let isFirst = true;
    const others = Promise.withResolvers<void>();
    const first = one.change((present) => {
      seen.push(present?.revision);
      if (isFirst) void other.change(applied).then(() => others.resolve());
      isFirst = false;
      return applied(present);
    });
    await Promise.all([first, others.promise]);
    // Whoever came second made its change upon the other's.
    expect((await one.change(() => undefined)).revision).toBe(3);
    expect(seen[0]).toBe(1);
  });

  test('stays as it is when nothing needs to be changed', async () => {
    const bucket = await bucketOfNode();
    await expect(bucket.change(() => undefined)).rejects.toThrow(/no document/);
    await bucket.change(applied);
    expect((await bucket.change(() => undefined)).revision).toBe(1);
  });

  test('is told to whoever watches, what is there first and then every change', async () => {
    const [writer, reader] = [await bucketOfNode(), await bucketOfNode()];
    await writer.change(applied);
    const watching = new Watching();
    await reader.watch(watching);
    expect(watching.revisions).toEqual([1]);
    await writer.change(applied);
    await waitUntil(
      'the change is told',
      () => watching.revisions.at(-1) === 2,
      () => watching.revisions,
    );
  });
});

describe('a beat', () => {
  test('follows the one before it, and is told with its version and the store’s time', async () => {
    const [writer, reader] = [await bucketOfNode(), await bucketOfNode()];
    const watching = new Watching();
    await reader.watch(watching);
    const first = await writer.beat(beatOf('a node, named at will'), 0);
    const second = await writer.beat(beatOf('a node, named at will', 'first', -7), first!);
    expect(second).toBeGreaterThan(first!);
    await waitUntil('the beat is told', () => watching.beats.at(-1)?.version === second);
    const { storedAt, ...told } = watching.beats.at(-1)!;
    expect(told).toEqual({ ...beatOf('a node, named at will', 'first', -7), version: second });
    expect(storedAt).toBeGreaterThan(1_600_000_000_000);
  });

  test('of the same life is taken although nobody heard of the last one', async () => {
    const bucket = await bucketOfNode();
    const first = await bucket.beat(beatOf('a'), 0);
    await bucket.beat(beatOf('a'), first!);
    expect(await bucket.beat(beatOf('a'), first!)).toBeGreaterThan(first!);
  });

  test('of another life is refused while the first one lasts', async () => {
    const bucket = await bucketOfNode();
    await bucket.beat(beatOf('a'), 0);
    expect(await bucket.beat(beatOf('a', 'second'), 0)).toBeUndefined();
  });
});

test('what somebody else wrote into the bucket is passed over, and no document is made of what is none', async () => {
  const bucket = await bucketOfNode();
  const watching = new Watching();
  await bucket.change(applied);
  await bucket.watch(watching);
  const key = (node: string): string => `beat.${Buffer.from(node).toString('base64url')}`;
  const kv = await new Kvm((await nats.link()).connection).open(names.clusterBucket);
  await kv.put(key('ghost'), 'no beat at all');
  await kv.put(key('a'), JSON.stringify(beatOf('b')));
  await kv.put(key('c'), JSON.stringify({ ...beatOf('c'), number: 'many' }));
  const good = await kv.get('document');
  await kv.put('document', 'no document either');
  await expect(bucket.change(applied)).rejects.toThrow(
    /key document of the bucket .* is not JSON\. Write the last good one/,
  );
  await kv.put('document', good!.value);
  const version = await bucket.beat(beatOf('d'), 0);
  await waitUntil('the beat is told', () => watching.beats.at(-1)?.version === version);
  expect(watching.beats.map(({ node }) => node)).toEqual(['d']);
  expect((await bucket.change(applied)).revision).toBe(good!.json<ClusterDocument>().revision + 1);
});

describe('the end of a life', () => {
  test('is that of the beat that was seen, and of no later one', async () => {
    const [member, other] = [await bucketOfNode(), await bucketOfNode()];
    const seen = await member.beat(beatOf('a'), 0);
    const later = await member.beat(beatOf('a'), seen!);
    expect(await other.endBeat('a', seen!)).toBe(false);
    expect(await member.beat(beatOf('a'), later!)).toBeDefined();
  });

  test('refuses every later beat of it, and takes the first one of another', async () => {
    const [member, other] = [await bucketOfNode(), await bucketOfNode()];
    const watching = new Watching();
    await other.watch(watching);
    const last = await member.beat(beatOf('a'), 0);
    expect(await other.endBeat('a', last!)).toBe(true);
    await waitUntil('the end is told', () => watching.gone.includes('a'));
    expect(await member.beat(beatOf('a'), last!)).toBeUndefined();
    const back = await member.beat(beatOf('a', 'second'), 0);
    expect(back).toBeGreaterThan(last!);
    expect(await member.beat(beatOf('a'), last!)).toBeUndefined();
  });

  test('is made by one of two who want it at once', async () => {
    const [member, one, other] = [await bucketOfNode(), await bucketOfNode(), await bucketOfNode()];
    const last = await member.beat(beatOf('a'), 0);
    const ended = await Promise.all([one.endBeat('a', last!), other.endBeat('a', last!)]);
    expect(ended.filter(Boolean)).toHaveLength(1);
  });
});

describe('while the servers are away', () => {
  test('nothing is changed and everybody is told so; afterwards everything goes on', async () => {
    const bucket = await bucketOfNode();
    await bucket.change(applied);
    const version = await bucket.beat(beatOf('a'), 0);
    await whileDown(async () => {
      await expect(bucket.change(applied)).rejects.toThrow(ClusterUnavailable);
      await expect(bucket.beat(beatOf('a'), version!)).rejects.toThrow(ClusterUnavailable);
      await expect(bucket.endBeat('a', version!)).rejects.toThrow(ClusterUnavailable);
    });
    const document = await waitUntil('the document can be changed', () => bucket.change(applied));
    expect(document.revision).toBe(2);
    expect(await waitUntil('a beat is taken', () => bucket.beat(beatOf('a'), version!))).toBeGreaterThan(
      version!,
    );
  });

  test('a server that hangs is answered for in time', async () => {
    const bucket = await bucketOfNode();
    await bucket.change(applied);
    const [server] = (await nats.cluster).servers;
    await server!.freeze();
    try {
      await expect(bucket.change(applied)).rejects.toThrow(ClusterUnavailable);
    } finally {
      server!.thaw();
    }
    const document = await waitUntil('the document can be changed', () => bucket.change(applied));
    // The one that nobody answered may have been made.
    expect([2, 3]).toContain(document.revision);
  });

  test('those who watch miss nothing of what is there afterwards', async () => {
    const [writer, reader] = [await bucketOfNode(), await bucketOfNode()];
    const watching = new Watching();
    await writer.change(applied);
    await reader.watch(watching);
    await whileDown(async () => undefined);
    await waitUntil('the document is changed', () => writer.change(applied));
    const version = await waitUntil('a beat is taken', () => writer.beat(beatOf('a'), 0));
    await waitUntil(
      'both are told',
      () => watching.revisions.at(-1) === 2 && watching.beats.at(-1)?.version === version,
      () => watching,
    );
    expect(watching.revisions).toEqual([1, 2]);
  });
});
