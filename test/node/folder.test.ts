// A data folder in the hands of people: copied, deleted, shared, full of somebody else's files.

import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { findNode } from '../../src/node-client.ts';
import { dataFiles, lockDataFolder } from '../../src/runtime/index.ts';
import { tokenOf } from '../harness/crowd.ts';
import { Engine, temporaryFolder } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';

const engines: Engine[] = [];
const folders: string[] = [];

async function start(...options: Parameters<typeof Engine.start>): Promise<Engine> {
  const [{ env, ...others } = {}] = options;
  const engine = await Engine.start({
    demo: false,
    ...others,
    env: { WORKERS: '1', ...env },
  });
  engines.push(engine);
  return engine;
}

function folder(): string {
  const path = temporaryFolder();
  folders.push(path);
  return path;
}

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.remove();
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});

test.each(['journal.sqlite', 'journal.sqlite-wal', 'journal.mark', 'lock.sqlite'])(
  'a node whose %s is deleted ends before it acknowledges anything that would be lost',
  async (name) => {
    const engine = await start();
    await engine.product('sku');
    rmSync(join(engine.dataDir, name));
    expect(await engine.exited()).toBe(1);
    expect(engine.output).toMatch(/was deleted or replaced while this node had it open/);
    expect(engine.output).toContain(name);
  },
);

test('a copy of a folder neither disturbs its original nor speaks for it', async () => {
  const engine = await start({ isEmbedded: true });
  await engine.product('sku');
  const token = tokenOf('ada');
  await engine.buy(token, 'sku', 'key');
  const copy = folder();
  cpSync(engine.dataDir, copy, { recursive: true });
  expect(findNode({ dataDir: engine.dataDir })?.url).toBeDefined();
  expect(findNode({ dataDir: copy })).toBeUndefined();

  const other = await start({ dataDir: copy });
  expect(other.url).not.toBe(engine.url);
  await waitUntil('the original still reads its Postgres', async () => {
    const { status, body } = await engine.call<{ orders: object[] }>('GET', '/v1/orders', { token });
    return status === 200 && body.orders.length === 1;
  });
});

test('what a killed node said of itself does not count for whoever holds its folder next', async () => {
  const engine = await start();
  await engine.kill();
  const { nodeFile } = dataFiles(engine.dataDir);
  expect(existsSync(nodeFile)).toBe(true);
  const next = lockDataFolder(engine.dataDir);
  try {
    expect(findNode({ dataDir: engine.dataDir })).toBeUndefined();
  } finally {
    next.release();
  }
});

test('commands that look into one folder at the same moment do not take each other for a node', async () => {
  const path = folder();
  lockDataFolder(path).release();
  const runtime = JSON.stringify(new URL('../../src/runtime/index.ts', import.meta.url).href);
  const look = `import { isDataFolderLocked } from ${runtime};
    let seen = 0;
    for (let n = 0; n < 1_000; n++) if (isDataFolderLocked(${JSON.stringify(path)})) seen++;
    console.log(seen);`;
  const command = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', look]);
  const both = await Promise.all([command(), command()]);
  expect(both.map(({ stdout }) => stdout)).toEqual(['0\n', '0\n']);
});

test('of two nodes that start on one port at the same moment, one says that it is taken', async () => {
  const port = await freePort();
  const options = { demo: true, env: { PORT: port } };
  const both = await Promise.allSettled([start(options), start(options)]);
  const failed = both.filter((one) => one.status === 'rejected');
  expect(failed).toHaveLength(1);
  expect(String(failed[0]!.reason)).toMatch(new RegExp(`Port ${port} of 127.0.0.1 is`));
});

test('a folder that cannot be used is named, with what is wrong', async () => {
  const path = folder();
  const file = join(path, 'file');
  writeFileSync(file, '');
  await expect(start({ dataDir: file })).rejects.toThrow(
    /DATA_DIR .*file cannot be made or used as a folder/,
  );

  const broken = join(path, 'broken');
  mkdirSync(broken);
  writeFileSync(join(broken, 'lock.sqlite'), 'x'.repeat(5_000));
  await expect(start({ dataDir: broken })).rejects.toThrow(/cannot be locked: file is not a database/);

  const garbage = join(path, 'garbage');
  mkdirSync(garbage);
  writeFileSync(join(garbage, 'journal.sqlite'), 'x'.repeat(5_000));
  await expect(start({ dataDir: garbage, isEmbedded: true })).rejects.toThrow(
    /The journal .*journal.sqlite cannot be opened/,
  );
  expect(readdirSync(garbage)).not.toContain('postgres');
});

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}
