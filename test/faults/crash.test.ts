// A journal on a disk that loses its power: everything that a process did to the journal's files is recorded, and replayed
// cut behind each operation. Whatever the disk kept of what was not synced, the journal opens with a prefix of whole
// commits that has every acknowledged one, and no shard is refused.

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { markPathOf, readJournal, readMark } from '../../src/runtime/index.ts';
import { SqliteStore } from '../../src/runtime/sqlite/store.ts';
import { Dice } from '../simulation/world.ts';
import { Disk, readImage, writeImage, type Image } from './disk/disk.ts';
import {
  ACKNOWLEDGED,
  commitOf,
  JOURNAL,
  SHARDS,
  STORE_OPTIONS,
  type Written,
} from './disk/journal-writer.ts';
import { recordOperations } from './disk/operations.ts';

const SEED = Number(process.env['CRASH_SEED'] ?? 20_261_123);
const WRITER = fileURLToPath(new URL('./disk/journal-writer.ts', import.meta.url));
/** In memory where that is possible: a sync costs nothing there. */
const ROOT = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'doorbuster-crash-'));

afterAll(() => rmSync(ROOT, { recursive: true }));

/** A life of the writing process: commits from … to, and whether it closes the journal or is killed. */
interface Life {
  readonly from: number;
  readonly to: number;
  readonly end: 'closed' | 'killed';
}

interface Scenario {
  readonly name: string;
  /** What is in the folder before. */
  readonly make: (folder: string) => void;
  /** Records that are in it. */
  readonly before: readonly Written[];
  readonly lives: readonly Life[];
}

const old: Written[] = [0, 1, 2].map((shard) => ({ shard, bytes: new Uint8Array(50).fill(shard + 1) }));

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a new journal, closed, opened again and killed',
    make: () => undefined,
    before: [],
    lives: [
      { from: 0, to: 30, end: 'closed' },
      { from: 30, to: 45, end: 'killed' },
      { from: 45, to: 52, end: 'killed' },
    ],
  },
  {
    name: 'a journal of format 1, upgraded',
    make: makeFormat1,
    before: old,
    lives: [{ from: 0, to: 12, end: 'killed' }],
  },
];

function makeFormat1(folder: string): void {
  const database = new DatabaseSync(join(folder, JOURNAL));
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE about (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
    CREATE TABLE records (sequence INTEGER PRIMARY KEY, shard INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
    CREATE INDEX records_of_shard ON records (shard, sequence);
    CREATE TABLE feeds (name TEXT PRIMARY KEY, floor INTEGER NOT NULL) STRICT;
    INSERT INTO about VALUES ('format', 1), ('shards', ${SHARDS}), ('id', '11111111-1111-4111-8111-111111111111');
  `);
  const insert = database.prepare('INSERT INTO records VALUES (?, ?, ?)');
  old.forEach(({ shard, bytes }, at) => insert.run(at + 1, shard, bytes));
  database.close();
}

test.each(SCENARIOS)(
  '$name: a crash behind any operation loses nothing that was acknowledged',
  ({ make, before, lives }) => {
    const recorded = mkdtempSync(join(ROOT, 'recorded-'));
    make(recorded);
    writeFileSync(join(recorded, ACKNOWLEDGED), '');
    const disk = new Disk(readImage(recorded));
    const operations = lives.flatMap(({ from, to, end }) =>
      recordOperations(recorded, [WRITER, recorded, String(from), String(to), end]),
    );
    rmSync(recorded, { recursive: true });

    const dice = new Dice(SEED);
    const commits = [...(before.length > 0 ? [before] : []), ...numbers(lives.at(-1)!.to).map(commitOf)];
    let acknowledged = 0;
    let cuts = 0;
    let images = 0;
    const seen = new Set<string>();
    for (const operation of operations) {
      if ('name' in operation && operation.name === ACKNOWLEDGED) {
        // What was there before is marked with the first commit.
        if (operation.kind === 'write') acknowledged += acknowledged === 0 && before.length > 0 ? 2 : 1;
        continue;
      }
      if ('name' in operation && operation.name.endsWith('-shm')) continue;
      disk.apply(operation);
      cuts++;
      for (const image of [disk.whole(), disk.synced(), disk.some(dice), disk.some(dice)]) {
        // A write that is not synced leaves what is synced as it was; most disks are such as were there before.
        const known = seen.size;
        if (seen.add(`${acknowledged} ${digestOf(image)}`).size === known) continue;
        images++;
        try {
          assertRecovers(image, commits, acknowledged);
        } catch (error) {
          const { kind } = operation;
          const where = `image ${images} (seed ${SEED}), cut ${cuts} behind ${kind} ${'name' in operation ? operation.name : ''}`;
          throw new Error(`${where}, ${acknowledged} commits acknowledged: ${(error as Error).message}`, {
            cause: error,
          });
        }
      }
    }
    expect(acknowledged).toBe(commits.length);
    expect(cuts).toBeGreaterThan(100);
    process.stdout.write(`${cuts} cut points, ${images} disks\n`);
  },
);

function digestOf(image: Image): string {
  const hash = createHash('sha256');
  for (const [name, content] of image) hash.update(`${name} ${content.length} `).update(content);
  return hash.digest('hex');
}

function assertRecovers(image: Image, commits: readonly (readonly Written[])[], acknowledged: number): void {
  const folder = join(ROOT, 'crashed');
  const path = join(folder, JOURNAL);
  writeImage(folder, image);
  assertMarked(path, commits.slice(0, acknowledged));
  const store = new SqliteStore(path, STORE_OPTIONS);
  try {
    const found = [...readJournal(path)];
    const heads = new Map<number, number>();
    let at = 0;
    let whole = 0;
    for (const commit of commits) {
      if (at === found.length) break;
      whole++;
      for (const { shard, bytes } of commit) {
        const record = found[at++];
        if (record === undefined) throw new Error(`half of commit ${whole} is there`);
        const isRight =
          record.sequence === at && record.shard === shard && Buffer.compare(record.bytes, bytes) === 0;
        if (!isRight)
          throw new Error(`record ${record.sequence} of shard ${record.shard} was never written so`);
        heads.set(shard, at);
      }
    }
    if (at < found.length) throw new Error(`${found.length} records are there, more than were written`);
    if (whole < acknowledged) throw new Error(`only ${whole} commits are there`);
    for (let shard = 0; shard < SHARDS; shard++) {
      const head = store.headOf(shard);
      if (head !== (heads.get(shard) ?? 0)) throw new Error(`shard ${shard} ends at ${head}`);
    }
    const [next] = store.commit([{ shard: 0, bytes: new Uint8Array(1), expected: store.headOf(0) }]);
    if (next?.kind !== 'appended' || next.sequence <= at)
      throw new Error(`the next append: ${JSON.stringify(next)}`);
  } finally {
    store.close();
  }
}

/** The mark knows of everything that was acknowledged: without it, damage could take that away unnoticed. */
function assertMarked(path: string, acknowledged: readonly (readonly Written[])[]): void {
  const marked = readMark(markPathOf(path))?.heads;
  acknowledged.flat().forEach(({ shard }, at) => {
    const known = marked?.get(shard) ?? 0;
    if (known <= at)
      throw new Error(`the mark knows shard ${shard} up to ${known}, and ${at + 1} was acknowledged`);
  });
}

const numbers = (count: number): number[] => [...Array(count).keys()];
