// What nodes know of customers' statuses: two that follow one Postgres, and the table that threads share.

import { Worker } from 'node:worker_threads';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CustomerStatuses,
  migrate,
  migrateCatalogue,
  openPool,
  PaymentLedger,
  RiskDecisions,
  RiskFactReads,
} from '../../src/persistence/index.ts';
import { StatusTable, type CustomerStatus } from '../../src/risk/index.ts';
import { systemClock, systemTimers } from '../../src/runtime/index.ts';
import { StatusKeeper } from '../../src/status-keeper.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';

describe('nodes that follow statuses', () => {
  let postgres: PostgresServer;
  let pool: Pool;
  let statuses: CustomerStatuses;
  const keepers: StatusKeeper[] = [];
  const warnings: unknown[] = [];

  const follow = async (): Promise<StatusTable> => {
    const table = StatusTable.make();
    const keeper = new StatusKeeper({
      statuses,
      decisions: new RiskDecisions(pool),
      facts: new RiskFactReads(pool),
      ledger: new PaymentLedger(pool),
      table,
      clock: systemClock,
      timers: systemTimers,
      logger: { warn: (...told: unknown[]) => void warnings.push(told) } as never,
    });
    keepers.push(keeper);
    await keeper.start();
    return table;
  };
  let asOf = 0;
  const say = (status: CustomerStatus, ...customers: string[]) => {
    asOf++;
    return statuses.save(
      customers.map((customerId) => ({
        customerId,
        status,
        accountCreatedAt: undefined,
        asOf,
        source: 'test',
      })),
    );
  };

  beforeAll(async () => {
    postgres = await startPostgres();
    pool = openPool(postgres.connection, 4, 'doorbuster test');
    await migrate(pool);
    await migrateCatalogue(pool);
    statuses = new CustomerStatuses(pool);
  });
  afterAll(async () => {
    await Promise.all(keepers.map((keeper) => keeper.stop()));
    await pool?.end();
    await postgres?.stop();
  });

  test('count payments that are not closed, and those that cannot be gone on with', async () => {
    const ledger = new PaymentLedger(pool);
    for (const orderId of ['closed', 'followed', 'also followed', 'troubled'])
      await ledger.begin({
        orderId,
        productId: 'p',
        customerId: 'ada',
        amount: { amount: 1, currency: 'EUR' },
        method: 'card',
        token: 't',
        fingerprint: undefined,
        address: 'a',
        asks: true,
        firstLookMs: 60_000,
        now: systemClock.now(),
      });
    await ledger.close('closed', 'captured', undefined, systemClock.now());
    await ledger.lookAgain('troubled', 60_000, 'nobody knows the order', undefined);
    await follow();
    const keeper = keepers.pop()!;
    await keeper.stop();
    expect(keeper.openPayments).toEqual({ followed: 2, troubled: 1 });
  });

  test('know those that are there at the start, and each change soon, wherever it was made', async () => {
    await say('blocked', 'ada', 'ben');
    await say('active', 'cy');
    const [one, other] = [await follow(), await follow()];
    for (const table of [one, other])
      expect(['ada', 'ben', 'cy', 'dee'].map((id) => table.get(id))).toEqual([
        'blocked',
        'blocked',
        'active',
        'active',
      ]);
    await say('active', 'ada');
    await say('restricted', 'cy', 'dee');
    for (const table of [one, other])
      await expect
        .poll(() => ['ada', 'ben', 'cy', 'dee'].map((id) => table.get(id)))
        .toEqual(['active', 'blocked', 'restricted', 'restricted']);
    expect(keepers[0]!.openReviews).toBe(0);
  });

  test('find a change that was dated before a look, and committed behind it', async () => {
    const table = await follow();
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(
        `INSERT INTO doorbuster_catalogue.customer_statuses (customer_id, status, as_of, source) VALUES ('late', 'blocked', now(), '')`,
      );
      await say('new', 'early');
      await expect.poll(() => table.get('early')).toBe('new');
      // One more look, which sees nothing of it yet.
      await keepers.at(-1)!.look();
      expect(table.get('late')).toBe('active');
      await client.query('COMMIT');
    } finally {
      client.release();
    }
    await expect.poll(() => table.get('late')).toBe('blocked');
  });

  test('keep what they know while Postgres is away, and follow again', async () => {
    const table = await follow();
    await say('blocked', 'eve');
    await expect.poll(() => table.get('eve')).toBe('blocked');
    warnings.length = 0;
    await postgres.kill();
    await expect.poll(() => warnings.length).toBeGreaterThan(0);
    expect(table.get('eve')).toBe('blocked');
    await expect.poll(() => keepers.every((keeper) => Number.isNaN(keeper.openReviews))).toBe(true);
    await postgres.restart();
    await say('active', 'eve');
    await expect.poll(() => table.get('eve')).toBe('active');
  });
});

describe('the table of statuses', () => {
  test('is read by other threads as it is written', async () => {
    const table = StatusTable.make();
    table.set('ada', 'restricted');
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       import(workerData.path).then(({ StatusTable }) => {
         const table = new StatusTable(workerData.shared);
         parentPort.on('message', (id) => parentPort.postMessage(table.get(id)));
         parentPort.postMessage('ready');
       });`,
      {
        eval: true,
        workerData: {
          shared: table.shared,
          path: new URL('../../src/risk/status-table.ts', import.meta.url).href,
        },
      },
    );
    const next = (): Promise<unknown> => new Promise((resolve) => worker.once('message', resolve));
    const ask = (id: string): Promise<unknown> => {
      const answer = next();
      worker.postMessage(id);
      return answer;
    };
    expect(await next()).toBe('ready');
    expect(await ask('ada')).toBe('restricted');
    table.set('ada', 'active');
    table.begin();
    table.set('ben', 'blocked');
    expect(await ask('ada')).toBe('active');
    expect(await ask('ben')).toBe('active');
    table.end();
    expect(await ask('ben')).toBe('blocked');
    await worker.terminate();
  });

  test('is full at its bound, knows all that are in it, and still changes them', () => {
    const most = 4_096;
    const table = StatusTable.make(most);
    table.begin();
    for (let number = 0; number < most; number++)
      expect(table.set(`c${number}`, number % 2 === 0 ? 'blocked' : 'new')).toBe(true);
    expect(table.set('one more', 'blocked')).toBe(false);
    expect(table.set('c7', 'restricted')).toBe(true);
    table.end();
    expect(table.get('one more')).toBe('active');
    expect(table.get('c7')).toBe('restricted');
    for (let number = 8; number < most; number++)
      expect(table.get(`c${number}`)).toBe(number % 2 === 0 ? 'blocked' : 'new');
    table.begin();
    expect(table.set('one more', 'blocked')).toBe(true);
    table.end();
    expect(table.get('one more')).toBe('blocked');
    expect(table.get('c8')).toBe('active');
  });
});
