// The contract of the journal port: the same tests for every adapter.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Journal, Sequence, StoredRecord } from '../../src/runtime/index.ts';
import { readJournal, SqliteJournal, SqliteJournalHost } from '../../src/runtime/index.ts';
import { temporaryFolder } from '../harness/engine.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { recordOf, textOf } from '../harness/text-record.ts';
import { HeldJournal } from './harness.ts';

interface Opened {
  /** Two connections, as two owners would have. */
  readonly journals: readonly [Journal, Journal];
  /** Another process on the same log, after this one was killed. */
  reopen(): Promise<Journal>;
  close(): Promise<void>;
}

async function replayed(journal: Journal, shard: number, from = 1, to = 1_000_000): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for await (const piece of journal.replay(shard, from, to)) records.push(...piece);
  return records;
}

async function append(journal: Journal, shard: number, text: string, expected: Sequence): Promise<Sequence> {
  const result = await journal.append(shard, recordOf(shard, text, expected), expected);
  if (result.kind !== 'appended') throw new Error(`${text}: ${result.kind}`);
  return result.sequence;
}

async function openSqlite(): Promise<Opened> {
  const folder = temporaryFolder();
  const path = join(folder, 'journal.sqlite');
  const options = { shards: 8, bytesMax: 2 ** 30 };
  let host = await SqliteJournalHost.start(path, options);
  return {
    journals: [new SqliteJournal(host.connect()), new SqliteJournal(host.connect())],
    async reopen() {
      await host.stop();
      host = await SqliteJournalHost.start(path, options);
      return new SqliteJournal(host.connect());
    },
    async close() {
      await host.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function openSimulated(): Promise<Opened> {
  const journal = new HeldJournal();
  const reopen = () => Promise.resolve(journal);
  return Promise.resolve({ journals: [journal, journal], reopen, close: () => Promise.resolve() });
}

const nats = new JetStreamBench();
afterAll(() => nats.stop());

async function openJetStream(): Promise<Opened> {
  const names = await nats.stream();
  return {
    journals: [await nats.journal(names), await nats.journal(names)],
    async reopen() {
      await nats.restart();
      return nats.journal(names);
    },
    close: () => nats.closeLinks(),
  };
}

describe.each([
  ['sqlite', openSqlite],
  ['simulated', openSimulated],
  ['jetstream', openJetStream],
])('the %s journal', (_, open) => {
  let opened: Opened | undefined;
  afterEach(async () => {
    await opened?.close();
    opened = undefined;
  });

  test('begins empty', async () => {
    opened = await open();
    expect(await opened.journals[0].head(3)).toBeUndefined();
    expect(await replayed(opened.journals[0], 3)).toEqual([]);
  });

  test('keeps the records of a shard in order, and apart from those of others', async () => {
    opened = await open();
    const [journal] = opened.journals;
    const first = await append(journal, 1, 'a', 0);
    await append(journal, 2, 'x', 0);
    const second = await append(journal, 1, 'b', first);
    expect(second).toBeGreaterThan(first);
    expect((await replayed(journal, 1)).map(textOf)).toEqual(['a', 'b']);
    expect((await replayed(journal, 1, first + 1)).map(textOf)).toEqual(['b']);
    expect((await replayed(journal, 1, 1, first)).map(textOf)).toEqual(['a']);
    expect(textOf((await journal.head(1))!)).toBe('b');
  });

  test('fences an append that expects anything but the newest record', async () => {
    opened = await open();
    const [one, other] = opened.journals;
    const first = await append(one, 1, 'a', 0);
    const second = await append(other, 1, 'b', first);
    expect(await one.append(1, recordOf(1, 'late', first), first)).toEqual({ kind: 'fenced' });
    expect(await one.append(1, recordOf(1, 'early', second + 1), second + 1)).toEqual({ kind: 'fenced' });
    expect(await one.append(1, recordOf(1, 'new', 0), 0)).toEqual({ kind: 'fenced' });
    expect((await replayed(one, 1)).map(textOf)).toEqual(['a', 'b']);
  });

  test('of many appends at once that expect the same, exactly one lands', async () => {
    opened = await open();
    const [one, other] = opened.journals;
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, at) => (at % 2 ? one : other).append(5, recordOf(5, String(at), 0), 0)),
    );
    expect(results.filter(({ kind }) => kind === 'appended')).toHaveLength(1);
    expect(await replayed(one, 5)).toHaveLength(1);
  });

  test('has everything that was acknowledged after it is opened again', async () => {
    opened = await open();
    const [journal] = opened.journals;
    let head = 0;
    for (let number = 0; number < 50; number++) head = await append(journal, 1, `record ${number}`, head);
    const again = await opened.reopen();
    expect(await replayed(again, 1)).toHaveLength(50);
    expect((await again.head(1))?.sequence).toBe(head);
    await append(again, 1, 'next', head);
  });

  test('replays more than one read holds, in order', async () => {
    opened = await open();
    const [journal] = opened.journals;
    const large = 'x'.repeat(200_000);
    let head = 0;
    for (let number = 0; number < 12; number++) head = await append(journal, 1, `${number}${large}`, head);
    const records = await replayed(journal, 1);
    expect(records.map((record) => Number.parseInt(textOf(record), 10))).toEqual([...Array(12).keys()]);
  });
});

describe('the sqlite journal', () => {
  test('gives what has arrived in the middle of a turn of the loop', async () => {
    const folder = temporaryFolder();
    const host = await SqliteJournalHost.start(join(folder, 'journal.sqlite'), {
      shards: 8,
      bytesMax: 2 ** 30,
    });
    const port = host.connect();
    const journal = new SqliteJournal(port);
    await append(journal, 3, 'claim', 0);
    let isAppended = false;
    void journal.append(4, recordOf(4, 'claim', 0), 0).then(() => (isAppended = true));
    // Nothing of this thread's loop runs meanwhile. The answer leaves just before the commit is counted.
    for (let commits = 0; commits < 2; commits = host.committed.commits)
      Atomics.wait(new Int32Array(host.committed.shared), 0, commits, 30_000);
    journal.poll();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    expect(isAppended).toBe(true);
    await host.stop();
    port.close();
    rmSync(folder, { recursive: true });
  });

  test('refuses another number of shards than it was made with', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'journal.sqlite');
    const host = await SqliteJournalHost.start(path, { shards: 8, bytesMax: 2 ** 30 });
    await host.stop();
    const other = SqliteJournalHost.start(path, { shards: 9, bytesMax: 2 ** 30 });
    await expect(other).rejects.toThrow(/shards = 8, and it is 9 now/);
    rmSync(folder, { recursive: true });
  });

  test('that is full says unknown, keeps what it has, and takes more when it has room', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'journal.sqlite');
    let host = await SqliteJournalHost.start(path, { shards: 8, bytesMax: 512 * 1024 });
    let journal = new SqliteJournal(host.connect());
    let head = 0;
    let kept = 0;
    for (;;) {
      const result = await journal.append(1, new Uint8Array(20_000), head);
      if (result.kind === 'unknown') break;
      if (result.kind !== 'appended') throw new Error(result.kind);
      head = result.sequence;
      kept++;
    }
    expect(kept).toBeGreaterThan(5);
    expect((await journal.head(1))?.sequence).toBe(head);
    await host.stop();
    host = await SqliteJournalHost.start(path, { shards: 8, bytesMax: 2 ** 30 });
    journal = new SqliteJournal(host.connect());
    expect(await replayed(journal, 1)).toHaveLength(kept);
    await append(journal, 1, 'room again', head);
    await host.stop();
    rmSync(folder, { recursive: true });
  });

  test('can be read from beside it while it is written to', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'journal.sqlite');
    const host = await SqliteJournalHost.start(path, { shards: 8, bytesMax: 2 ** 30 });
    const journal = new SqliteJournal(host.connect());
    let head = 0;
    for (let number = 0; number < 30; number++)
      head = await append(journal, number % 2, String(number), number < 2 ? 0 : head - 1);
    expect([...readJournal(path)].map(textOf)).toEqual([...Array(30).keys()].map(String));
    await host.stop();
    rmSync(folder, { recursive: true });
  });
});
