// The journal's files as others see them: programs that want them for themselves.

import { spawnSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SqliteJournal, SqliteJournalHost } from '../../src/runtime/index.ts';
import { SqliteStore } from '../../src/runtime/sqlite/store.ts';
import { temporaryFolder } from '../harness/engine.ts';

const OPTIONS = { shards: 8, bytesMax: 2 ** 30 };

let folder: string;
let path: string;
let log: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, 'journal.sqlite');
  log = `${path}-wal`;
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An older SQLite that closes the journal asks for the same lock, and takes the log away if it gets it. */
function takeInAnotherProcess(): string {
  const script = `
    const database = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(path)});
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    database.close();
  `;
  return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stderr;
}

describe('a journal that is open', () => {
  test.each(['a new one', 'one that was there'])('cannot be taken by another program: %s', async (which) => {
    if (which === 'one that was there') new SqliteStore(path, OPTIONS).close();
    const host = await SqliteJournalHost.start(path, OPTIONS);
    const { ino } = statSync(log);
    expect(takeInAnotherProcess()).toMatch(/database is locked/);
    expect(statSync(log, { throwIfNoEntry: false })?.ino).toBe(ino);
    const journal = new SqliteJournal(host.connect());
    expect(await journal.append(1, new Uint8Array(9), 0)).toEqual({ kind: 'appended', sequence: 1 });
    await host.stop();
  });
});
