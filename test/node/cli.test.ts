// The command line on the machine's own Node, against a running node and against its files alone.

/* oxlint-disable vitest/expect-expect -- expectRefused asserts, too */

import { execFile } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPool, startEmbeddedPostgres } from '../../src/persistence/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { inSeconds, sign } from '../http/tokens.ts';
import { BIN, doorbuster, type Ended } from './command.ts';

const dataDir = temporaryFolder();
let engine: Engine;

beforeAll(async () => {
  engine = await Engine.start({ dataDir, isEmbedded: true, demo: false, env: { WORKERS: '1' } });
  await engine.product('kettle', { quantity: 0, perCustomerLimit: 5 });
});
afterAll(() => engine?.remove());

/** Against the running node, found through its folder. */
const run = (...args: string[]): Promise<Ended> => doorbuster([...args, '--data-dir', dataDir]);

const expectRefused = ({ code, stdout, stderr }: Ended, why: RegExp): void => {
  expect(stderr).toMatch(why);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe('');
  expect(code).toBe(1);
};

describe('stock', () => {
  test('is loaded, withdrawn and shown, in words', async () => {
    const loaded = await run('stock', 'load', 'kettle', '10', '--request-id', 'delivery-1');
    expect(loaded).toMatchObject({ code: 0, stderr: '' });
    expect(loaded.stdout).toContain('Done, as delivery-1.');
    expect(loaded.stdout).toContain('kettle: 10 available, 0 reserved, 0 sold, 0 withdrawn of 10 loaded');

    const again = await run('stock', 'load', 'kettle', '10', '--request-id', 'delivery-1');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain('Counted before, as delivery-1.');
    expect(again.stdout).toContain('of 10 loaded');

    const withdrawn = await run('stock', 'withdraw', 'kettle', '3');
    expect(withdrawn).toMatchObject({ code: 0 });
    expect(withdrawn.stdout).toMatch(/Done, as [0-9a-f-]{36}\./);
    expect((await run('stock', 'show', 'kettle')).stdout).toBe(
      'kettle: 7 available, 0 reserved, 0 sold, 3 withdrawn of 10 loaded\n',
    );
  });

  test('is told as JSON to programs', async () => {
    const shown = await run('stock', 'show', 'kettle', '--json');
    const units = { productId: 'kettle', loaded: 10, available: 7, reserved: 0, sold: 0, withdrawn: 3 };
    expect(JSON.parse(shown.stdout)).toEqual(units);
    const loaded = await run('stock', 'load', 'kettle', '1', '--json', '--request-id', 'delivery-2');
    expect(JSON.parse(loaded.stdout)).toEqual({ ...units, loaded: 11, available: 8, duplicate: false });
  });

  test('of a wrong quantity is refused', async () => {
    const wrong = ['0', '-1', '1e3', ''];
    const load = (quantity: string) => doorbuster(['stock', 'load', 'kettle', quantity]);
    for (const ended of await Promise.all(wrong.map(load))) expectRefused(ended, /whole number above 0/);
  });

  test('that is wrong is refused in the node’s own words', async () => {
    const wrong: readonly [RegExp, ...string[]][] = [
      [/409: insufficient_stock: /, 'withdraw', 'kettle', '9'],
      [/404: not_found: /, 'load', 'no-such', '1'],
      [/422: idempotency_key_reused: /, 'load', 'kettle', '11', '--request-id', 'delivery-1'],
      [/400: invalid_request: /, 'load', 'kettle', '1', '--request-id', 'a b'],
    ];
    const ended = await Promise.all(wrong.map(([, ...args]) => run('stock', ...args)));
    wrong.forEach(([why], at) => expectRefused(ended[at]!, why));
    const { stdout } = await run('stock', 'show', 'kettle', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ loaded: 11, available: 8 });
  });
});

describe('a node', () => {
  test('that is ready is found well through its folder, without a token', async () => {
    const told = await run('health');
    const { port } = new URL(engine.url);
    expect(told).toEqual({ code: 0, stdout: `http://localhost:${port}/readyz says ready\n`, stderr: '' });
  });

  test('is found by its address and token, or by its folder alone', async () => {
    const byUrl = await doorbuster(['stock', 'show', 'kettle', '--url', `${engine.url}/`], { ADMIN_TOKEN });
    expect(byUrl).toMatchObject({ code: 0, stderr: '' });
    const byFolder = await doorbuster(['stock', 'show', 'kettle'], { DATA_DIR: dataDir });
    expect(byFolder).toEqual(byUrl);
  });

  test('that is not there, or takes another token, is told of in words', async () => {
    const show = ['stock', 'show', 'kettle'];
    const [none, silent, tokenless, wrong] = await Promise.all([
      doorbuster([...show, '--data-dir', join(dataDir, 'nowhere')]),
      doorbuster([...show, '--url', 'http://127.0.0.1:9', '--admin-token', ADMIN_TOKEN]),
      doorbuster([...show, '--url', engine.url]),
      run(...show, '--admin-token', 'a-token-of-somebody-else'),
    ]);
    expectRefused(none, /No node runs on DATA_DIR .*nowhere.*--url/);
    expectRefused(silent, /No answer from http:\/\/127\.0\.0\.1:9: (?!Error)\w/);
    expectRefused(tokenless, /Name the admin token: --admin-token or ADMIN_TOKEN/);
    expectRefused(wrong, /403: forbidden: .*admin token/);
  });

  test('tells who owns what', async () => {
    const table = await run('shards');
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toMatch(/^16 open\n\n *shard  worker  phase .* mailboxDepth +aheadMs\n/);
    expect(table.stdout).toMatch(/^ *\d+ +0 +open +1 +\d+ +1 +0 +0$/m);
    for (const line of table.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const { stdout } = await run('shards', '--json');
    const shards = JSON.parse(stdout) as { shard: number; phase: string }[];
    expect(shards.map(({ shard }) => shard)).toEqual(Array.from({ length: 16 }, (_, shard) => shard));
    expect(new Set(shards.map(({ phase }) => phase))).toEqual(new Set(['open']));
  });

  test('whose time is ahead of the clock tells of it, and without orders time does not run ahead', async () => {
    const { body } = await engine.admin<{ shards: { aheadMs: number }[] }>('GET', '/shards');
    expect(Math.max(...body.shards.map(({ aheadMs }) => aheadMs))).toBeLessThan(60_000);
    expect((await engine.call<string>('GET', '/metrics')).body).toMatch(
      /doorbuster_shard_time_ahead_seconds \d/,
    );
  });
});

test('an unknown command shows what there is', async () => {
  const { code, stderr } = await doorbuster(['sell', 'everything']);
  expect(code).toBe(1);
  expect(stderr).toContain("unknown command 'sell'");
  expect(stderr).toContain('Commands:');
  const help = await doorbuster(['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  for (const command of ['start', 'stock', 'shards', 'audit']) expect(help.stdout).toContain(command);
});

test('an empty NODE_COMPILE_CACHE keeps nothing of what was compiled', async () => {
  const cwd = temporaryFolder();
  try {
    const env = { ...process.env, NODE_COMPILE_CACHE: '' };
    const told = await promisify(execFile)(process.execPath, [BIN, '--version'], { cwd, env });
    expect(told.stderr).toBe('');
    expect(readdirSync(cwd)).toEqual([]);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});

describe('an audit', () => {
  const orderIds: string[] = [];

  beforeAll(async () => {
    await engine.product('audited', { quantity: 10 });
    for (let n = 0; n < 5; n++) {
      const token = sign({ sub: `auditor-${n}`, exp: inSeconds(600) });
      const { status, body } = await engine.buy(token, 'audited', 'key');
      if (status !== 201) throw new Error(JSON.stringify(body));
      orderIds.push(String(body['id']));
    }
  });

  /** Each statement changes the order that it comes with. */
  async function inPostgres(...statements: readonly (readonly [string, string])[]): Promise<void> {
    const postgres = await startEmbeddedPostgres(dataDir);
    const pool = openPool(postgres.connection, 1, 'doorbuster test');
    try {
      for (const [statement, orderId] of statements)
        expect((await pool.query(statement, [orderId])).rowCount).toBe(1);
    } finally {
      await pool.end();
      await postgres.stop();
    }
  }

  test('of a running node is clean, and ends with code 0', async () => {
    const told = await run('audit');
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(told.stdout).toContain('never oversold');
    expect(told.stdout).toMatch(/orders +5\n/);
    expect(told.stdout).toMatch(/Clean\.\n$/);
    const { stdout } = await run('audit', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, violations: [], figures: { orders: 5, rows: 5 } });
  });

  test('of the files alone says the same', async () => {
    expect(await engine.stop()).toBe(0);
    const { code, stdout } = await run('audit', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      figures: { orders: 5, rows: 5, recordsNotProjected: 0 },
    });
  });

  test('of rows that were changed or removed ends with code 1, and names them', async () => {
    const [changed, removed] = orderIds;
    await inPostgres(
      ['UPDATE doorbuster.orders SET quantity = 2 WHERE id = $1', changed!],
      ['DELETE FROM doorbuster.orders WHERE id = $1', removed!],
    );
    const told = await run('audit');
    expect(told.code).toBe(1);
    for (const id of [changed!, removed!]) expect(told.stdout).toMatch(new RegExp(`invariant 3: .*${id}`));
    expect(told.stdout.match(/invariant \d+: /g)).toEqual(['invariant 3: ', 'invariant 3: ']);
    expect(told.stdout).toMatch(/NOT CLEAN\.\n$/);
  });

  test('of no journal is refused, and makes none', async () => {
    const nowhere = join(temporaryFolder(), 'nowhere');
    const audit = await doorbuster(['audit', '--data-dir', nowhere]);
    expectRefused(audit, /There is no journal in DATA_DIR .*nowhere/);
    expect(() => rmSync(nowhere)).toThrow(/ENOENT/);
    rmSync(join(nowhere, '..'), { recursive: true });
  });
});
