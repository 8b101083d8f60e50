// Archives as files: what leaves the journal, what comes back, what is refused, and what a kill in the middle leaves behind.

import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readArchives, readJournal } from '../../src/runtime/index.ts';
import { dataFiles } from '../../src/runtime/index.ts';
import { readArchiveAbout, sumOf } from '../../src/runtime/sqlite/archive-file.ts';
import { returnSpace } from '../../src/runtime/sqlite/archive-ledger.ts';
import { restoreArchives } from '../../src/runtime/sqlite/archive-restore.ts';
import { SqliteStore } from '../../src/runtime/sqlite/store.ts';
import { ScriptedJournal } from '../persistence/scripted-journal.ts';
import { temporaryFolder } from '../harness/engine.ts';
import { SHARDS, shardOf, soldOut, writeJournal } from '../harness/journal-file.ts';
import { aboutOf, move, rangesOf } from './archiving.ts';

const PROCESS = fileURLToPath(new URL('archiving.ts', import.meta.url));
const NOW = 1_800_000_000_000;

let folder: string;
let journal: string;
let file: string;

beforeEach(() => {
  folder = temporaryFolder();
  journal = dataFiles(folder).journal;
  file = join(folder, 'sale.sqlite');
  writeJournal(folder, twoSales());
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Two products in two shards, some records each. */
function twoSales(): ScriptedJournal {
  const sales = new ScriptedJournal(shardOf);
  for (const productId of ['sku-1', 'sku-2']) {
    sales.append(shardOf(productId));
    sales.configure(productId, { holdSeconds: 0 });
    sales.loadStock(productId, 100);
  }
  for (let number = 0; number < 20; number++) {
    for (const productId of ['sku-1', 'sku-2']) {
      sales.reserve(productId, `customer ${number}`, 'key');
      sales.append(shardOf(productId));
    }
  }
  return sales;
}

function anotherJournal(sale: ScriptedJournal): void {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  writeJournal(folder, sale);
}

const contents = (path = journal) =>
  [...readJournal(path)].map(({ sequence, shard, bytes }) => ({
    sequence,
    shard,
    bytes: Buffer.from(bytes).toString('hex'),
  }));
const restore = (...files: string[]) => restoreArchives(journal, files, NOW, () => undefined);
/** Nothing of an attempt may stay behind. */
const filesBeside = () =>
  readdirSync(folder)
    .filter((name) => !/\.mark$|-(wal|shm)$/.test(name))
    .sort();

test('there are two shards with records to move', () => {
  expect(shardOf('sku-1')).not.toBe(shardOf('sku-2'));
  expect(rangesOf(journal).map(({ records }) => records)).toEqual([20, 20]);
});

describe('moving', () => {
  test('takes everything but the newest records, notes what it took, and comes back as it was', async () => {
    const before = contents();
    const { entry, isFinished } = await move(journal, file);
    expect(isFinished).toBe(false);
    expect(contents(file)).toEqual(before.slice(0, -2));
    expect(contents()).toEqual(before.slice(-2));
    expect(entry).toMatchObject({ ...sumOf(file), file, restoredAt: null });
    expect(readArchives(journal)).toEqual([entry]);
    expect(filesBeside()).toEqual(['journal.sqlite', 'sale.sqlite']);

    expect(restore(file)).toEqual([{ file, records: 40, wasThere: false }]);
    expect(contents()).toEqual(before);
    expect(readArchives(journal)).toEqual([{ ...entry, restoredAt: NOW }]);
    expect(restore(file)).toEqual([{ file, records: 40, wasThere: true }]);
    expect(contents()).toEqual(before);
  });

  test('leaves a journal that goes on where it was', async () => {
    await move(journal, file);
    const store = new SqliteStore(journal, { shards: SHARDS, bytesMax: 2 ** 30 });
    const shard = shardOf('sku-1');
    expect(store.headOf(shard)).toBe(41);
    const [fenced, appended] = [0, 41].map(
      (expected) => store.commit([{ shard, bytes: new Uint8Array([1]), expected }])[0],
    );
    store.close();
    expect(fenced).toEqual({ kind: 'fenced' });
    expect(appended).toEqual({ kind: 'appended', sequence: 43 });
  });

  test('keeps whatever columns the records have', async () => {
    const database = new DatabaseSync(journal);
    database.exec('ALTER TABLE records ADD COLUMN later INTEGER; UPDATE records SET later = sequence * 2');
    const all = () => {
      const reading = new DatabaseSync(journal, { readOnly: true });
      const rows = reading.prepare('SELECT * FROM records ORDER BY sequence').all();
      reading.close();
      return rows;
    };
    database.close();
    const before = all();
    expect(before[0]).toMatchObject({ later: 2 });
    await move(journal, file);
    restore(file);
    expect(all()).toEqual(before);
  });

  test('gives the room back to the disk, unless there is little of it', async () => {
    anotherJournal(soldOut('sku-1', 3_000));
    const size = () => statSync(journal).size;
    const before = size();
    expect(returnSpace(journal)).toEqual({ bytes: before, failure: undefined });
    await move(journal, file);
    const { bytes, failure } = returnSpace(journal);
    expect(failure).toBeUndefined();
    expect(bytes).toBe(size());
    expect(bytes).toBeLessThan(before / 2);
    expect(contents()).toHaveLength(1);
  });

  test('of several archives, the newest comes back first, in whatever order they are named', async () => {
    const before = contents();
    const shard = shardOf('sku-1');
    const [range] = rangesOf(journal).filter((each) => each.shard === shard);
    const first = join(folder, 'first.sqlite');
    const half = [...readJournal(journal)].filter((record) => record.shard === shard).slice(0, 10);
    const bytes = half.reduce((sum, record) => sum + record.bytes.length, 0);
    await move(
      journal,
      first,
      aboutOf(journal, '1', [{ ...range!, last: half.at(-1)!.sequence, records: 10, bytes }]),
    );
    await move(journal, file, aboutOf(journal, '2'));
    expect(() => restore(first)).toThrow(
      /up to record \d+, but the journal goes on behind \d+: put the newer archive back first/,
    );
    expect(restore(first, file).map(({ file }) => file)).toEqual([file, first]);
    expect(contents()).toEqual(before);
  });
});

describe('what is not right is refused, and nothing is changed', () => {
  test.each<[string, RegExp, () => unknown]>([
    [
      'a target that exists',
      /sale\.sqlite exists\. Name another file/,
      () => {
        writeFileSync(file, 'mine');
        return () => move(journal, file);
      },
    ],
    [
      'a folder that is not there',
      /cannot be written: .*on a disk with room/,
      () => () => move(journal, join(folder, 'no', 'x')),
    ],
    [
      'a record that does not follow the one before',
      /record 4 says shard \d+ and 2 before it; it should be/,
      () => {
        const [range, ...others] = rangesOf(journal);
        const about = aboutOf(journal, 'wrong', [
          { ...range!, first: 3, records: range!.records - 1 },
          ...others,
        ]);
        return () => move(journal, file, about);
      },
    ],
    [
      'a newest record',
      /a newer one must stay/,
      () => {
        const ranges = rangesOf(journal).map((range) => {
          const all = [...readJournal(journal)].filter(({ shard }) => shard === range.shard);
          const bytes = all.reduce((sum, record) => sum + record.bytes.length, 0);
          return { ...range, last: all.at(-1)!.sequence, records: all.length, bytes };
        });
        return () => move(journal, file, aboutOf(journal, 'all', ranges));
      },
    ],
  ])('moving: %s', async (_, why, prepare) => {
    const before = contents();
    const attempt = prepare() as () => Promise<unknown>;
    await expect(attempt()).rejects.toThrow(why);
    expect(contents()).toEqual(before);
    expect(readArchives(journal)).toEqual([]);
    expect(filesBeside().filter((name) => name.endsWith('.writing'))).toEqual([]);
  });

  test.each<[string, RegExp, (copy: string) => void]>([
    ['no file', /There is no file/, (copy) => rmSync(copy)],
    ['something else', /is not an archive of Doorbuster/, (copy) => writeFileSync(copy, 'Dear diary')],
    ['a journal', /is not an archive of Doorbuster/, (copy) => copyFileSync(journal, copy)],
    ['a file that was cut', /is damaged|is not an archive/, (copy) => truncateSync(copy, 20_000)],
    [
      'one flipped bit',
      /is damaged: it has \d+ bytes with SHA-256/,
      (copy) => {
        const bytes = readFileSync(copy);
        bytes[bytes.length - 100]! ^= 1;
        writeFileSync(copy, bytes);
      },
    ],
    [
      'another format',
      /is an archive of format 2, and this version reads format 1/,
      (copy) => changeAbout(copy, 'format', 2),
    ],
    [
      'another journal’s',
      /is an archive of journal other, and this journal is/,
      (copy) => changeAbout(copy, 'journal', 'other'),
    ],
  ])('restoring: %s', async (_, why, spoil) => {
    await move(journal, file);
    const [before, noted] = [contents(), readArchives(journal)];
    spoil(file);
    expect(() => restore(file)).toThrow(why);
    expect(contents()).toEqual(before);
    expect(readArchives(journal)).toEqual(noted);
  });

  test('restoring: one that this copy of the journal knows nothing of', async () => {
    const older = join(folder, 'older.sqlite');
    copyFileSync(journal, older);
    await move(journal, file);
    expect(restoreArchives(older, [file], NOW, () => undefined)).toMatchObject([{ wasThere: true }]);
    const database = new DatabaseSync(older);
    database.exec('DELETE FROM records WHERE sequence = 7');
    database.close();
    expect(() => restoreArchives(older, [file], NOW, () => undefined)).toThrow(/knows nothing of it/);
  });

  test('a disk without room', () => {
    anotherJournal(soldOut('sku-1', 2_000));
    const before = contents();
    // The shell's limit on the size of a file, in KiB: less than the archive, more than SQLite needs to read.
    const limited = ['-c', 'ulimit -f 64; exec "$@"', 'bash', process.execPath, PROCESS];
    const args = [...limited, 'move', journal, file, 'never', '0'];
    const { status, stderr } = spawnSync('bash', args, { encoding: 'utf8' });
    expect(stderr).toMatch(/sale\.sqlite\.writing cannot be written: .*Nothing was changed/);
    expect(status).toBe(1);
    expect(contents()).toEqual(before);
    expect(filesBeside()).toEqual(['journal.sqlite']);
  });
});

describe('killed', () => {
  const die = (what: string, step: string, records: number): void => {
    const args = [PROCESS, what, journal, file, step, String(records)];
    const { signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(signal, stderr).toBe('SIGKILL');
  };

  test.each([
    ['writing', 13],
    ['reading back', 13],
    ['naming', 0],
    ['removing', 0],
  ])('while %s, everything is in the journal, and the next run comes to the end', async (step, records) => {
    const before = contents();
    die('move', step, records);
    expect(contents()).toEqual(before);
    expect(readArchives(journal)).toEqual([]);
    expect(existsSync(file)).toBe(step === 'removing');
    const { entry, isFinished } = await move(journal, file, aboutOf(journal, 'another'));
    expect(isFinished).toBe(step === 'removing');
    expect(contents()).toEqual(before.slice(-2));
    expect(contents(file)).toEqual(before.slice(0, -2));
    expect(readArchives(journal)).toEqual([entry]);
    expect(entry.id).toBe(readArchiveAbout(file).id);
    expect(filesBeside()).toEqual(['journal.sqlite', 'sale.sqlite']);
  });

  test('before removing, and the sale goes on: the file is not taken for an archive', async () => {
    die('move', 'removing', 0);
    const [range] = rangesOf(journal);
    const about = aboutOf(journal, 'less', [range!]);
    await expect(move(journal, file, about)).rejects.toThrow(
      /which may not leave the journal now.*move the file away/,
    );
    expect(restore(file)).toEqual([{ file, records: 40, wasThere: true }]);
  });

  test('before removing, and the file is another journal’s, or its records came back: it is not taken either', async () => {
    die('move', 'removing', 0);
    const before = contents();
    changeAbout(file, 'journal', 'other');
    await expect(move(journal, file)).rejects.toThrow(/sale\.sqlite exists\. Name another file/);
    const another = join(folder, 'another.sqlite');
    await move(journal, another);
    restore(another);
    await expect(move(journal, another)).rejects.toThrow(/another\.sqlite exists\. Name another file/);
    expect(contents()).toEqual(before);
  });

  test('before removing, and the file is damaged since: nothing is removed', async () => {
    die('move', 'removing', 0);
    const database = new DatabaseSync(file);
    database.exec("UPDATE records SET bytes = x'01' WHERE sequence = 9");
    database.close();
    const before = contents();
    await expect(move(journal, file)).rejects.toThrow(/record 9 of shard \d+ is not the one in the journal/);
    expect(contents()).toEqual(before);
  });

  test('while restoring, nothing is back, and the next run brings all of it', async () => {
    const before = contents();
    await move(journal, file);
    die('restore', 'restoring', 27);
    expect(contents()).toEqual(before.slice(-2));
    expect(restore(file)).toMatchObject([{ wasThere: false }]);
    expect(contents()).toEqual(before);
  });
});

function changeAbout(path: string, name: string, value: string | number): void {
  const database = new DatabaseSync(path);
  database.prepare('UPDATE about SET value = ? WHERE name = ?').run(value, name);
  database.close();
}
