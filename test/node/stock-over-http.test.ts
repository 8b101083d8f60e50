// `doorbuster stock` with files, over HTTP, at a node by itself.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { BIN, doorbuster, type Ended } from './command.ts';

const folder = temporaryFolder();
let engine: Engine;

beforeAll(async () => {
  engine = await Engine.start({ demo: false, env: { WORKERS: '1' } });
});
afterAll(() => engine?.remove());

const stock = (...args: readonly string[]): Promise<Ended> =>
  doorbuster(['stock', ...args, '--url', engine.url], { ADMIN_TOKEN });

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function unitsOf(products: readonly string[]): Promise<number> {
  const counts = products.map((id) => engine.admin<{ loaded: number }>('GET', `/products/${id}/stock`));
  return (await Promise.all(counts)).reduce((sum, { body }) => sum + body.loaded, 0);
}

test('a run that is killed and repeated, bad lines and all, counts each line once', async () => {
  const products = Array.from({ length: 30 }, (_, at) => `bulk-${at}`);
  await Promise.all(products.map((id) => engine.product(id, { quantity: 0 })));
  const lines = Array.from({ length: 12_000 }, (_, at) => `${products[at % 30]},${1 + (at % 7)}`);
  const total = lines.reduce((sum, line) => sum + Number(line.split(',')[1]), 0);
  lines.splice(10_000, 0, 'bulk-1,-4', 'nobody-has-this,1');
  lines.splice(10, 0, 'bulk-0,five');
  const file = fileOf('delivery.csv', `productId,quantity\n${lines.join('\n')}\n`);
  const args = ['stock', 'load', '--file', file, '--skip-bad', '--url', engine.url];
  const first = spawn(process.execPath, [BIN, ...args], {
    env: { ...process.env, ADMIN_TOKEN },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => first.once('exit', (_, signal) => resolve(signal)));
  await waitUntil('some of it is loaded', async () => (await unitsOf(products)) > 100);
  first.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  const partly = await unitsOf(products);
  expect(partly).toBeLessThan(total);

  const report = join(folder, 'bad.csv');
  const again = await stock('load', '--file', file, '--skip-bad', '--report', report, '--json');
  expect(again.code).toBe(1);
  const told = JSON.parse(again.stdout) as { lines: number; units: number; before: number };
  expect(told).toMatchObject({ bad: 3, stopped: null });
  // What was under way when it was killed was counted after the look.
  expect(told.units).toBeLessThanOrEqual(total - partly);
  expect(told.before).toBeGreaterThan(0);
  expect(told.lines + told.before).toBe(12_000);
  expect(await unitsOf(products)).toBe(total);
  const [header, ...bad] = readFileSync(report, 'utf8').trim().split('\n');
  expect(header).toBe('line,problem,text');
  expect(bad).toEqual([
    expect.stringMatching(/^12,"quantity: .*not ""five""","bulk-0,five"$/),
    expect.stringMatching(/^10003,"quantity: .*not ""-4""","bulk-1,-4"$/),
    expect.stringMatching(/^10004,"not_found: there is no product nobody-has-this; .*","nobody-has-this,1"$/),
  ]);

  const third = await stock('load', '--file', file, '--skip-bad');
  expect(third.stdout).toBe('Loaded 0 lines (0 units), counted before 12000, bad 3.\n');
  expect(third.stderr).toContain('line 12: quantity: ');
  expect(await unitsOf(products)).toBe(total);
});

test('a file withdraws, too, and says of each line that is too much', async () => {
  await engine.product('back', { quantity: 10 });
  const file = fileOf('back.csv', 'productId,quantity\nback,4\nback,7\nback,6\n');
  const { code, stderr, stdout } = await stock('withdraw', '--file', file);
  expect({ code, stdout }).toEqual({
    code: 1,
    stdout: 'Withdrew 2 lines (10 units), counted before 0, bad 1.\n',
  });
  expect(stderr).toContain('line 3: insufficient_stock: ');
  expect(await stock('show', 'back')).toMatchObject({
    stdout: expect.stringContaining('10 withdrawn of 10 loaded'),
  });
});

test('a file that was loaded is withdrawn, line by line, under names of its own', async () => {
  await engine.product('forth', { quantity: 0 });
  const file = fileOf('forth.csv', 'productId,quantity\nforth,4\nforth,7\n');
  expect(await stock('load', '--file', file)).toMatchObject({ code: 0 });
  expect(await stock('withdraw', '--file', file)).toMatchObject({
    code: 0,
    stdout: 'Withdrew 2 lines (11 units), counted before 0, bad 0.\n',
  });
});

test('a file with a header alone changes nothing and says so', async () => {
  const file = fileOf('none.csv', 'productId,quantity\n\n');
  expect(await stock('load', '--file', file)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('none.csv has no lines below its header: nothing was changed.'),
  });
});

test('with a bad line nothing is changed unless the others are asked for', async () => {
  await engine.product('all', { quantity: 0 });
  const file = fileOf('all.csv', 'productId,quantity\nall,4\nall,x\n');
  const refused = await stock('load', '--file', file);
  expect(refused).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(
      'Nothing was changed: 1 bad lines. Mend them, or --skip-bad does the others.',
    ),
  });
  expect(await unitsOf(['all'])).toBe(0);
  expect(await stock('load', '--file', file, '--skip-bad')).toMatchObject({
    code: 1,
    stdout: 'Loaded 1 lines (4 units), counted before 0, bad 1.\n',
  });
  expect(await unitsOf(['all'])).toBe(4);
});

test('another batch counts again, and lines with names of their own do not', async () => {
  await engine.product('named', { quantity: 0 });
  const file = fileOf('named.csv', 'productId,quantity,requestId\nnamed,1,\nnamed,2,two\n');
  const load = (...more: readonly string[]) => stock('load', '--file', file, '--json', ...more);
  expect(JSON.parse((await load()).stdout)).toMatchObject({ batch: 'named.csv', lines: 2, before: 0 });
  expect(JSON.parse((await load()).stdout)).toMatchObject({ lines: 0, before: 2 });
  expect(JSON.parse((await load('--batch', 'june')).stdout)).toMatchObject({ lines: 1, units: 1, before: 1 });
  expect(await unitsOf(['named'])).toBe(4);
});

test.each<[string, string[], RegExp]>([
  ['a wrong token', ['--admin-token', 'of-somebody-else'], /Stopped: .*403: forbidden: .*admin token/],
  [
    'an address that is none',
    ['--url', 'localhost:3000'],
    /--url is the address of a node, as http:\/\/host:3000/,
  ],
  ['an address without a host', ['--url', 'http://'], /--url is the address of a node, .*not "http:\/\/"/],
  ['another kind of address', ['--url', 'nats://host:4222'], /--url is the address of a node, as http/],
  ['a secret in the address', ['--url', 'http://admin:secret@host:3000'], /without a user, \? or #/],
  ['a product beside the file', ['kettle', '1'], /--file says what to change/],
  [
    'a report that cannot be written',
    ['--report', '/nowhere/report.csv'],
    /The report cannot be written: ENOENT/,
  ],
])('%s is refused in words', async (_, args, told) => {
  const file = fileOf('good.csv', 'productId,quantity\nall,4\n');
  const ended = await doorbuster(['stock', 'load', '--url', engine.url, '--file', file, ...args], {
    ADMIN_TOKEN,
  });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(told);
  expect(ended.stderr).not.toMatch(/ at |secret@/);
});
