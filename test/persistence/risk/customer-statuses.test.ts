// What other systems say of customers, in both kinds of Postgres.

import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CustomerStatuses,
  migrateCatalogue,
  openPool,
  STATUS_CHANGES_MAX,
  type StatusChange,
} from '../../../src/persistence/index.ts';
import { POSTGRES_KINDS, SERVER_MS_MAX, type StartedPostgres } from '../postgres-kinds.ts';
import { newCustomer } from './rows.ts';

const change = (customerId: string, rest: Partial<StatusChange> = {}): StatusChange => ({
  customerId,
  status: 'blocked',
  accountCreatedAt: undefined,
  asOf: 1_000,
  source: 'fraud desk',
  ...rest,
});

describe.each(POSTGRES_KINDS)('statuses in $kind Postgres', { timeout: SERVER_MS_MAX }, ({ start }) => {
  let postgres: StartedPostgres;
  let pool: Pool;
  let statuses: CustomerStatuses;

  beforeAll(async () => {
    postgres = await start();
    pool = openPool(postgres.connection, 8, 'doorbuster test');
    await migrateCatalogue(pool);
    statuses = new CustomerStatuses(pool);
  }, SERVER_MS_MAX);
  afterAll(async () => {
    await pool?.end();
    await postgres?.stop();
  }, SERVER_MS_MAX);

  test('whoever was never heard of is active', async () => {
    const customerId = newCustomer();
    expect(await statuses.find(customerId)).toEqual({
      customerId,
      status: 'active',
      accountCreatedAt: undefined,
      asOf: undefined,
      source: '',
      changedAt: undefined,
    });
  });

  test('what is older than what is known changes nothing, nor does the same again', async () => {
    const customerId = newCustomer();
    const first = change(customerId, { asOf: 2_000, accountCreatedAt: 500 });
    expect(await statuses.save([first])).toEqual({ taken: 1, outdated: 0 });
    const known = await statuses.find(customerId);
    expect(known).toMatchObject(first);
    for (const asOf of [1_999, 2_000])
      expect(await statuses.save([change(customerId, { status: 'active', asOf })])).toEqual({
        taken: 0,
        outdated: 1,
      });
    expect(await statuses.find(customerId)).toEqual(known);
    await statuses.save([change(customerId, { status: 'active', asOf: 2_001, source: 'shop' })]);
    expect(await statuses.find(customerId)).toMatchObject({
      status: 'active',
      asOf: 2_001,
      source: 'shop',
      accountCreatedAt: 500,
    });
  });

  test('of two changes in one call the newer counts, wherever it stands', async () => {
    const [one, other] = [newCustomer(), newCustomer()];
    const saved = await statuses.save([
      change(one, { asOf: 3, status: 'restricted' }),
      change(one, { asOf: 2 }),
      change(other, { asOf: 2 }),
      change(other, { asOf: 3, status: 'restricted' }),
    ]);
    expect(saved).toEqual({ taken: 2, outdated: 2 });
    expect((await statuses.find(one)).status).toBe('restricted');
    expect((await statuses.find(other)).status).toBe('restricted');
  });

  test('calls about the same customers in any order do not stop each other', async () => {
    const all = Array.from({ length: 200 }, () => newCustomer());
    await Promise.all(
      Array.from({ length: 8 }, (_, call) =>
        statuses.save(
          (call % 2 === 0 ? all : all.toReversed()).map((customerId) => change(customerId, { asOf: call })),
        ),
      ),
    );
    expect((await statuses.find(all[0]!)).asOf).toBe(7);
    expect((await statuses.find(all[199]!)).asOf).toBe(7);
  });

  test('a call is bounded', async () => {
    const many = Array.from({ length: STATUS_CHANGES_MAX + 1 }, (_, index) => change(`many-${index}`));
    await expect(statuses.save(many)).rejects.toThrow('1001 changes of statuses in one call; it takes 1000');
    expect((await statuses.find('many-0')).asOf).toBeUndefined();
    expect(await statuses.save(many.slice(1))).toEqual({ taken: 1_000, outdated: 0 });
  });

  test('whoever follows sees each change once, in pages', async () => {
    const before = await statuses.moment(0);
    const all = Array.from({ length: 5 }, () => newCustomer());
    for (const customerId of all) await statuses.save([change(customerId)]);
    await statuses.save([change(all[0]!, { status: 'active', asOf: 2_000 })]);
    const seen: (readonly [string, string])[] = [];
    let mark: { changedAt: string; customerId: string } | undefined = { changedAt: before, customerId: '' };
    while (mark !== undefined) {
      const page: Awaited<ReturnType<typeof statuses.changes>> = await statuses.changes(mark, 2);
      seen.push(...page.statuses);
      mark = page.next;
    }
    expect(seen).toEqual([...all.slice(1).map((id) => [id, 'blocked']), [all[0], 'active']]);
  });

  test('all who are not active are read in pages', async () => {
    const found: string[] = [];
    for (let after = ''; ;) {
      const page = await statuses.exceptional(after, 300);
      found.push(...page.map(([customerId]) => customerId));
      expect(page.every(([, status]) => status !== 'active')).toBe(true);
      if (page.length < 300) break;
      after = page.at(-1)![0];
    }
    expect(new Set(found).size).toBe(found.length);
    expect(found).toContain('many-7');
  });
});
