// The store in a folder: whole files or none, and an identity that stays with the folder.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderStore } from '../../../src/persistence/index.ts';

const name = `${'ab'.repeat(32)}.webp`;
const bytes = new Uint8Array([1, 2, 3]);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a file is there whole, can be read, and is gone when it was deleted', async () => {
  const store = new FolderStore(join(folder, 'assets'));
  await store.id();
  // A kill in the middle of the first try.
  writeFileSync(join(folder, 'assets', `${name}.half`), 'x');
  await store.put(name, bytes);
  expect(readFileSync(join(folder, 'assets', name))).toEqual(Buffer.from(bytes));
  expect(new Uint8Array((await store.read(name))!)).toEqual(bytes);
  expect(readdirSync(join(folder, 'assets')).toSorted()).toEqual([name, 'folder-id']);
  await store.delete(name);
  await store.delete(name);
  expect(await store.read(name)).toBeUndefined();
});

test('threads that open one folder at once agree on what it is, and another folder is another', async () => {
  const open = (path: string): Promise<string> => new FolderStore(join(folder, path)).id();
  const ids = await Promise.all(Array.from({ length: 8 }, () => open('one')));
  expect(new Set(ids).size).toBe(1);
  expect(await open('one')).toBe(ids[0]);
  expect(await open('two')).not.toBe(ids[0]);
  expect(readdirSync(join(folder, 'one'))).toEqual(['folder-id']);
});

test('nothing but its files is read from it', async () => {
  const store = new FolderStore(folder);
  writeFileSync(join(folder, 'secret'), 'x');
  mkdirSync(join(folder, 'assets'));
  for (const wrong of ['secret', '../secret', 'folder-id', '', '.'])
    expect(await store.read(wrong)).toBeUndefined();
});

test('a folder that cannot be used is told by name', async () => {
  writeFileSync(join(folder, 'file'), 'x');
  const store = new FolderStore(join(folder, 'file'));
  await expect(store.id()).rejects.toThrow(`The folder ${join(folder, 'file')} cannot be used`);
  await expect(store.put(name, bytes)).rejects.toThrow('cannot be written');
});
