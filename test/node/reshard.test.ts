// `doorbuster reshard` as its users run it: plan, apply, status, and what a wrong file is told.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataFiles, shardOfProduct } from '../../src/runtime/index.ts';
import { Engine, temporaryFolder } from '../harness/engine.ts';
import { doorbuster, type Ended } from './command.ts';

const dataDir = temporaryFolder();
const files = temporaryFolder();
const SHARD = shardOfProduct('kettle', 16);
let engine: Engine;

beforeAll(async () => {
  engine = await Engine.start({ dataDir, demo: false, env: { WORKERS: '2', NODE_ID: 'shop-1' } });
  await engine.product('kettle', { quantity: 5 });
});
afterAll(async () => {
  await engine.remove();
  rmSync(files, { recursive: true });
});

const run = (...args: string[]): Promise<Ended> => doorbuster([...args, '--data-dir', dataDir]);

function fileOf(text: string): string {
  const path = join(files, 'placement.json');
  writeFileSync(path, text);
  return path;
}

async function workerOfKettle(): Promise<number> {
  const { body } = await engine.admin<{ shards: { worker: number }[] }>('GET', '/shards');
  return body.shards[SHARD]!.worker;
}

const pinned = (worker: number): string =>
  JSON.stringify({
    strategy: 'rendezvous',
    pins: [{ product: 'kettle', node: 'shop-1', worker }],
  });

test('before the first file the shards are dealt out evenly, and status says so', async () => {
  const { code, stdout } = await run('reshard', 'status');
  expect([code, stdout]).toEqual([0, 'No placement file was applied: the shards are dealt out evenly.\n']);
});

test('a plan tells the move of a product and how to carry it out, and changes nothing', async () => {
  const worker = await workerOfKettle();
  const path = fileOf(pinned(1 - worker));
  const { code, stdout, stderr } = await run('reshard', 'plan', path);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain(
    `shard ${SHARD}: shop-1, worker ${worker} → shop-1, worker ${1 - worker}, for kettle`,
  );
  expect(stdout).toContain(`npx doorbuster reshard apply ${path} --revision 0`);
  expect(await workerOfKettle()).toBe(worker);
  const { moves } = JSON.parse((await run('reshard', 'plan', path, '--json')).stdout) as {
    moves: { shard: number }[];
  };
  expect(moves.map(({ shard }) => shard)).toContain(SHARD);
});

test('apply moves it, and status tells of it; the plan of before is refused from then on', async () => {
  const worker = await workerOfKettle();
  const path = fileOf(pinned(1 - worker));
  const applied = await run('reshard', 'apply', path, '--revision', '0');
  expect(applied).toMatchObject({ code: 0, stderr: '' });
  expect(applied.stdout).toMatch(
    /^Revision 1, applied at .*: (\d+) of \1 shards moved, longest pause [\d.]+ ms\.\n$/,
  );
  expect(await workerOfKettle()).toBe(1 - worker);
  expect((await run('reshard', 'status')).stdout).toBe(applied.stdout);
  const again = await run('reshard', 'apply', path, '--revision', '0');
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/412: version_conflict: The plan is not of the present revision, 1/);
  const nothing = await run('reshard', 'apply', path);
  expect(nothing.stdout).toContain('0 of 0 shards moved');
});

test('a wrong file is told every mistake with its line', async () => {
  const before = readFileSync(dataFiles(dataDir).placement, 'utf8');
  const path = fileOf(
    '{ "strategy": "random",\n  "pins": [{ "shards": [7], "node": "shop-1", "worker": -1 }] }',
  );
  for (const command of ['plan', 'apply']) {
    const { code, stdout, stderr } = await run('reshard', command, path);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/line 1: the strategy is "random"; it must be "rendezvous"/);
    expect(stderr).toMatch(/line 2: the worker of pin 1 is -1/);
    expect(stderr).not.toMatch(/^\s+at /m);
  }
  expect(readFileSync(dataFiles(dataDir).placement, 'utf8')).toBe(before);
  const missing = await run('reshard', 'plan', join(files, 'none.json'));
  expect(missing.stderr).toMatch(/The placement file cannot be read: ENOENT/);
});

test('a file that does not fit any more is told at the start, and the shards are dealt out evenly', async () => {
  expect((await run('reshard', 'apply', fileOf(pinned(1)))).code).toBe(0);
  await engine.stop();
  engine = await Engine.start({ dataDir, demo: false, env: { WORKERS: '1', NODE_ID: 'shop-1' } });
  expect(await workerOfKettle()).toBe(0);
  expect(engine.output).toMatch(/node \W+shop-1\W+ has no worker 1.*does not fit this node any more/);
  await engine.stop();
  writeFileSync(dataFiles(dataDir).placement, '{ "revision": ');
  const env = { WORKERS: '1', NODE_ID: 'shop-1' };
  const broken = Engine.start({ dataDir, demo: false, env });
  await expect(broken).rejects.toThrow(/is no placement document\. Remove it to have the shards dealt out/);
  rmSync(dataFiles(dataDir).placement);
  engine = await Engine.start({ dataDir, demo: false, env });
});
