// What the journal does with a file that is not what it wrote, and with one that an older version wrote.

import { cpSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  inspectJournal,
  JournalDamaged,
  JournalMismatch,
  readJournal,
  readMark,
  Shard,
  SqliteJournal,
  SqliteJournalHost,
  systemClock,
  systemRandom,
  systemTimers,
  DEFAULT_LIMITS,
} from '../../src/runtime/index.ts';
import { SqliteStore } from '../../src/runtime/sqlite/store.ts';
import { temporaryFolder } from '../harness/engine.ts';

const SHARDS = 8;
const OPTIONS = { shards: SHARDS, bytesMax: 2 ** 30 };
const FORMAT_1 = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE about (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
  CREATE TABLE records (sequence INTEGER PRIMARY KEY, shard INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE INDEX records_of_shard ON records (shard, sequence);
  CREATE TABLE feeds (name TEXT PRIMARY KEY, floor INTEGER NOT NULL) STRICT;
  INSERT INTO about VALUES ('format', 1), ('shards', ${SHARDS}), ('id', 'old');
  INSERT INTO records VALUES (1, 3, x'6f6e65'), (2, 3, x'74776f');
`;

let folder: string;
let path: string;
const stores: SqliteStore[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, 'journal.sqlite');
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(folder, { recursive: true });
});

function open(at = path): SqliteStore {
  const store = new SqliteStore(at, OPTIONS);
  stores.push(store);
  return store;
}

function append(store: SqliteStore, shard: number, text: string): number {
  const bytes = new TextEncoder().encode(text);
  const [result] = store.commit([{ shard, bytes, expected: store.headOf(shard) }]);
  if (result?.kind !== 'appended') throw new Error(JSON.stringify(result));
  return result.sequence;
}

/** What somebody else does to the file while no node runs. */
function alter(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe('a record whose bytes were changed', () => {
  beforeEach(() => {
    const store = open();
    for (const text of ['one', 'two', 'three']) append(store, 3, text);
    append(store, 4, 'other');
    stores.pop()!.close();
    alter("UPDATE records SET bytes = x'ffff' WHERE sequence = 2");
  });

  test('is named with its shard, by every way of reading', () => {
    const named =
      /record 2 of shard 3 is damaged: the sum of its bytes is [0-9a-f]{8} and should be [0-9a-f]{8}/;
    const store = open();
    expect(() => store.read(3, 1, 10)).toThrow(JournalDamaged);
    expect(() => store.read(3, 1, 10)).toThrow(named);
    expect(() => [...readJournal(path)]).toThrow(named);
    const [one, two, three] = [...inspectJournal(path)];
    expect([one!.damage, three!.damage]).toEqual([undefined, undefined]);
    expect(two!.damage).toMatch(named);
  });

  test('hinders nobody who does not read it', () => {
    const store = open();
    expect(store.read(3, 3, 10)).toMatchObject([{ sequence: 3 }]);
    expect(store.read(4, 1, 10)).toMatchObject([{ sequence: 4 }]);
    expect(append(store, 4, 'next')).toBe(5);
  });

  test('is told to a replay when it comes to it, and not to one that stops before', async () => {
    const store = open();
    const large = 'x'.repeat(200_000);
    for (let number = 0; number < 12; number++) append(store, 5, `${number}${large}`);
    const last = store.headOf(5);
    stores.pop()!.close();
    alter(`UPDATE records SET bytes = x'ffff' WHERE sequence = ${last - 1}`);
    const host = await SqliteJournalHost.start(path, OPTIONS);
    const port = host.connect();
    const journal = new SqliteJournal(port);
    const sequences: number[] = [];
    const replay = async (piecesMax: number): Promise<void> => {
      let pieces = 0;
      for await (const piece of journal.replay(5, 1, last)) {
        sequences.push(...piece.map(({ sequence }) => sequence));
        if (++pieces === piecesMax) return;
      }
    };
    await replay(1);
    // Answers come in order: the piece that was asked for ahead has failed by now.
    await journal.head(5);
    const read = sequences.splice(0);
    expect(read.length).toBeGreaterThan(1);
    await expect(replay(Infinity)).rejects.toThrow(JournalDamaged);
    expect(sequences).toEqual(read);
    await host.stop();
    port.close();
  });

  test.each(['sequence = 20', 'shard = 5'])('counts as damaged, too, when its %s', (change) => {
    alter(`UPDATE records SET bytes = x'${Buffer.from('two').toString('hex')}' WHERE sequence = 2`);
    expect([...readJournal(path)]).toHaveLength(4);
    alter(`UPDATE records SET ${change} WHERE sequence = 2`);
    expect([...inspectJournal(path)].filter(({ damage }) => damage !== undefined)).toHaveLength(1);
  });
});

describe('a journal that is shorter than it was acknowledged', () => {
  beforeEach(() => {
    const store = open();
    append(store, 1, 'kept');
    append(store, 2, 'kept');
    const kept = join(folder, 'kept.sqlite');
    // As a running node leaves them: the newest commits are in the write-ahead log alone.
    cpSync(path, kept);
    cpSync(`${path}-wal`, `${kept}-wal`);
    append(store, 2, 'lost');
    append(store, 2, 'lost');
    append(store, 3, 'lost');
    stores.pop()!.close();
    cpSync(kept, path);
    cpSync(`${kept}-wal`, `${path}-wal`);
  });

  test('is refused by shard, with what says so and how much is missing', () => {
    const store = open();
    expect(() => store.headOf(2)).toThrow(JournalDamaged);
    expect(() => store.headOf(2)).toThrow(
      'the mark beside the journal knows shard 2 up to record 4, but the journal’s newest record of that shard is 2: the ' +
        'journal lost records that were acknowledged, at least 1 and at most 2 of this shard.',
    );
    expect(() => store.read(3, 1, 10)).toThrow(/shard 3 up to record 5, but .* is none/);
  });

  test('takes nothing more of these shards, and all of the others, above every number that anybody has seen', () => {
    const store = open();
    const [refused] = store.commit([{ shard: 2, bytes: new Uint8Array(1), expected: 2 }]);
    expect(refused).toMatchObject({
      kind: 'unknown',
      cause: expect.stringContaining('shard 2 up to record 4'),
    });
    expect(append(store, 1, 'next')).toBe(6);
    store.refuse(new Map([[1, 'Postgres has more']]), 100);
    expect(() => store.headOf(1)).toThrow('Postgres has more');
    expect(append(store, 7, 'next')).toBe(101);
    // What the mark knows of the refused shards stays.
    expect(readMark(join(folder, 'journal.mark'))!.heads.get(2)).toBe(4);
    stores.pop()!.close();
    expect(() => open().headOf(2)).toThrow(/shard 2 up to record 4/);
  });

  test('is not claimed by an owner, who is refused by name', async () => {
    const host = await SqliteJournalHost.start(path, OPTIONS);
    const ports = { clock: systemClock, timers: systemTimers, random: systemRandom };
    const journal = new SqliteJournal(host.connect());
    const shards = [1, 2].map((number) => new Shard(number, { journal, ...ports }, DEFAULT_LIMITS));
    await shards[1]!.open();
    expect(shards[1]!.status()).toMatchObject({
      phase: 'refused',
      reason: expect.stringMatching(/shard 2 up to record 4/),
    });
    expect([...readJournal(path)]).toHaveLength(2);
    await host.refuse(new Map([[1, 'Postgres has shard 1 up to record 9']]), 9);
    await shards[0]!.open();
    expect(shards[0]!.status()).toMatchObject({
      phase: 'refused',
      reason: 'Postgres has shard 1 up to record 9',
    });
    await host.stop();
  });
});

describe('a folder with a mark', () => {
  const content = (): string[] => readdirSync(folder).filter((name) => !name.endsWith('-shm'));

  beforeEach(() => {
    append(open(), 1, 'one');
    stores.pop()!.close();
  });

  test.each([
    ['no journal', () => rmSync(path), /the file is missing or empty/],
    ['an empty journal', () => truncateSync(path), /the file is missing or empty/],
    [
      'another journal',
      () => {
        const other = join(folder, 'other.sqlite');
        append(open(other), 1, 'one');
        stores.pop()!.close();
        cpSync(other, path);
        for (const name of ['other.sqlite', 'other.mark']) rmSync(join(folder, name));
      },
      /the file is journal [0-9a-f-]{36}/,
    ],
  ])('and %s is refused as it is, and nothing is changed', (_, change, why) => {
    change();
    const before = content();
    expect(() => open()).toThrow(JournalMismatch);
    expect(() => open()).toThrow(why);
    expect(() => open()).toThrow(/journal\.sqlite is journal [0-9a-f-]{36}, which acknowledged orders/);
    expect(content()).toEqual(before);
  });

  test('gets another one when it is gone, and whoever asks is told', () => {
    rmSync(join(folder, 'journal.mark'));
    expect(open().extent.wasUnmarked).toBe(true);
    stores.pop()!.close();
    expect(readMark(join(folder, 'journal.mark'))!.heads.get(1)).toBe(1);
    expect(open().extent.wasUnmarked).toBe(false);
  });
});

describe('a journal of format 1', () => {
  beforeEach(() => alter(FORMAT_1));

  test('can be read as it is', () => {
    expect([...readJournal(path)].map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  test('is upgraded in place; its records have no sums, new ones have', () => {
    const store = open();
    expect(store.extent).toEqual({ id: 'old', heads: new Map([[3, 2]]), wasUnmarked: true });
    expect(append(store, 3, 'three')).toBe(3);
    stores.pop()!.close();
    alter("UPDATE records SET bytes = x'00' WHERE sequence IN (1, 3)");
    const damaged = [...inspectJournal(path)].filter(({ damage }) => damage !== undefined);
    expect(damaged.map(({ sequence }) => sequence)).toEqual([3]);
  });

  test('of a later format than this version knows is left alone', () => {
    alter("UPDATE about SET value = 3 WHERE name = 'format'");
    expect(() => open()).toThrow(/has format 3, and this version reads formats 1 to 2/);
    expect(readdirSync(folder)).not.toContain('journal.mark');
  });
});
