// The journal's files as others see them: programs that want them for themselves, and a stop that takes the log away.

import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommitMeter, SqliteJournal, SqliteJournalHost } from '../../src/runtime/index.ts';
import { FileGuard } from '../../src/runtime/sqlite/file-guard.ts';
import { GroupCommit } from '../../src/runtime/sqlite/group-commit.ts';
import { SqliteStore } from '../../src/runtime/sqlite/store.ts';
import { temporaryFolder } from '../harness/engine.ts';
import { turns } from './harness.ts';

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

describe('a journal that is closed', () => {
  let store: SqliteStore;
  let guard: FileGuard;
  let commit: GroupCommit;
  let port: MessagePort;
  let answers: unknown[];

  beforeEach(() => {
    store = new SqliteStore(path, OPTIONS);
    guard = new FileGuard([path, log]);
    commit = new GroupCommit(store, guard, new CommitMeter());
    const { port1, port2 } = new MessageChannel();
    port = port1;
    answers = [];
    port.on('message', (responses: unknown[]) => answers.push(...responses));
    commit.connect(port2);
  });
  afterEach(() => port.close());

  const append = (id: number, expected: number): void =>
    port.postMessage([{ kind: 'append', id, shard: 1, bytes: new Uint8Array(9), expected }]);

  test('is not looked after any more, though its log goes with it', () => {
    commit.close();
    expect(existsSync(log)).toBe(false);
    expect(() => guard.check()).not.toThrow();
  });

  test('says unknown to what comes later, and throws at nobody', async () => {
    append(1, 0);
    await turns();
    commit.close();
    append(2, 1);
    await turns();
    expect(answers).toEqual([
      { id: 1, result: { kind: 'appended', sequence: 1 } },
      { id: 2, result: { kind: 'unknown', cause: 'database is not open' } },
    ]);
  });

  test('is still looked after until then', () => {
    rmSync(log);
    expect(() => guard.check()).toThrow(/journal\.sqlite-wal was deleted or replaced/);
    expect(() => commit.close()).toThrow(/journal\.sqlite-wal was deleted or replaced/);
    store.close();
  });
});
