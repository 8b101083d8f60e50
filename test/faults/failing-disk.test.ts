// The disk under the journal fails in the middle of a rush: writes and syncs of the log, the file and the mark end with EIO
// or ENOSPC. Whoever gets an answer gets the truth, and the journal is whole afterwards, also for the next start.

import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Engine, temporaryFolder } from '../harness/engine.ts';
import { Crowd } from '../harness/crowd.ts';
import { expectTruth } from '../harness/truth.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { FailingCalls, type CallFault } from './disk/failing-calls.ts';

const LOG = 'journal.sqlite-wal';
const MARK = 'journal.mark';
const FILE = 'journal.sqlite';

const FAULTS: readonly Omit<CallFault, 'when'>[] = [
  { call: 'pwrite64', file: LOG, error: 'EIO' },
  { call: 'pwrite64', file: LOG, error: 'ENOSPC' },
  { call: 'fsync', file: LOG, error: 'EIO' },
  { call: 'pwrite64', file: MARK, error: 'EIO' },
  { call: 'pwrite64', file: MARK, error: 'ENOSPC' },
  { call: 'fdatasync', file: MARK, error: 'EIO' },
];
/** Before each fault; and after some of them, which is more than were on their way. */
const SOLD_MIN = 20;
const SETTINGS = { WORKERS: '2', COMMAND_TIMEOUT_MS: '1500' };

const dataDir = temporaryFolder();
const crowds: Crowd[] = [];
let engine: Engine;
let calls: FailingCalls | undefined;

const start = (): Promise<Engine> => Engine.start({ dataDir, demo: false, env: SETTINGS });

beforeAll(async () => {
  engine = await start();
});
afterEach(async () => {
  await calls?.end();
  calls = undefined;
});
afterAll(async () => {
  await engine.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

async function rush(): Promise<Crowd> {
  const products = ['a', 'b', 'c'].map((letter) => `sku-${crowds.length}-${letter}`);
  for (const id of products) await engine.product(id, { quantity: 100_000 });
  const crowd = new Crowd(engine, products, { clickers: 8, breathMs: 60 });
  crowds.push(crowd);
  await waitUntil('the rush is on', () => crowd.sales.length > SOLD_MIN);
  return crowd;
}

const end = async (): Promise<number> => {
  const failed = await calls!.end();
  calls = undefined;
  return failed;
};

describe.each(FAULTS)('$call of $file with $error', (fault) => {
  test('for a while: nothing is sold meanwhile, and everybody is told the truth', async () => {
    const crowd = await rush();
    calls = await FailingCalls.begin(engine, { ...fault, when: '1+' });
    await waitUntil('somebody is told that nobody knows', () => crowd.unsettled.has('outcome_unknown'));
    const sold = crowd.sales.length;
    const { failed } = calls;
    await waitUntil('it is tried again', () => calls!.failed > failed + 2);
    expect(crowd.sales.length, 'sold on a broken disk').toBe(sold);
    expect(await end()).toBeGreaterThan(2);
    const healedAt = performance.now();
    await waitUntil('they sell again', () => crowd.soldSince(healedAt) > SOLD_MIN);
    await crowd.goHome();
    await expectTruth(engine, crowds, [crowd]);
  });

  test('now and then: everybody is told the truth', async () => {
    const crowd = await rush();
    calls = await FailingCalls.begin(engine, { ...fault, when: '2+5' });
    await waitUntil('many fail', () => calls!.failed >= 10);
    expect(await end()).toBeGreaterThanOrEqual(10);
    await crowd.goHome();
    await expectTruth(engine, crowds, [crowd]);
  });
});

test('the move of the log into the file may fail, and sales go on', async () => {
  const crowd = await rush();
  calls = await FailingCalls.begin(engine, { call: 'pwrite64', file: FILE, error: 'EIO', when: '1+' });
  await waitUntil('it has failed', () => calls!.failed >= 1);
  const failedAt = performance.now();
  await waitUntil('they sell on', () => crowd.soldSince(failedAt) > SOLD_MIN);
  expect(await end()).toBeGreaterThan(0);
  await crowd.goHome();
  // Whatever failed since an order was acknowledged, it is as it was.
  await expectTruth(engine, crowds);
});

test('the next start finds all of it', async () => {
  await engine.kill();
  engine = await start();
  expect(await expectTruth(engine, crowds)).toBeGreaterThan(crowds.length * SOLD_MIN);
});
