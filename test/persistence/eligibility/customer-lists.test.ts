// Lists of customers in both kinds of Postgres: what was uploaded is what counts, all of it or nothing.

import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customerKeyOf } from '../../../src/actors/index.ts';
import {
  CustomerLists,
  CustomerSet,
  LIST_LIMITS,
  openPool,
  type Editor,
  type ListOutcome,
} from '../../../src/persistence/index.ts';
import { systemClock, systemRandom } from '../../../src/runtime/index.ts';
import { Desk, EDA, PAT, saved } from '../catalogue/desk.ts';
import { POSTGRES_KINDS, SERVER_MS_MAX, type StartedPostgres } from '../postgres-kinds.ts';

const EVE: Editor = { id: 'u3', name: 'Eve', role: 'editor' };
const STRICT = { skipBad: false };

async function* pieces(text: string, pieceBytes = 60_000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

const ids = (count: number, prefix = 'customer'): string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}-${number}`);
const fileOf = (...names: string[]): string => `customerId\n${names.join('\n')}\n`;

const loaded = (outcome: ListOutcome): Extract<ListOutcome, { outcome: 'loaded' }> => {
  expect(outcome.outcome).toBe('loaded');
  return outcome as Extract<ListOutcome, { outcome: 'loaded' }>;
};

describe.each(POSTGRES_KINDS)(
  'lists of customers in $kind Postgres',
  { timeout: SERVER_MS_MAX },
  ({ start }) => {
    let postgres: StartedPostgres;
    let pool: Pool;
    let desk: Desk;
    let lists: CustomerLists;

    beforeAll(async () => {
      postgres = await start();
      pool = openPool(postgres.connection, 4, 'doorbuster test');
      desk = await Desk.open(pool);
      lists = new CustomerLists(pool, systemClock, systemRandom);
    }, SERVER_MS_MAX);
    afterAll(async () => {
      await pool?.end();
      await postgres?.stop();
    }, SERVER_MS_MAX);

    const campaignId = async (): Promise<string> => (await desk.campaign()).id;
    const count = async (table: string): Promise<number> => {
      const { rows } = await pool.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM doorbuster_catalogue.${table}`,
      );
      return rows[0]!.count;
    };
    const setOf = async (campaign: string): Promise<CustomerSet> =>
      new CustomerSet((await lists.load((await lists.current(campaign))!.id))!);

    test('whoever is on it enters, and nobody else: keys of several parts, and repeated lines', async () => {
      const campaign = await campaignId();
      const names = ids(40_000);
      const outcome = loaded(
        await lists.replace(EDA, campaign, pieces(fileOf(...names, 'customer-7', 'customer-8')), STRICT),
      );
      expect(outcome).toMatchObject({ repeated: 2, badLines: { count: 0, told: [] } });
      expect(outcome.list).toMatchObject({ customers: 40_000, madeBy: 'Eda' });
      expect(await lists.current(campaign)).toEqual(outcome.list);
      const set = await setOf(campaign);
      expect(set.size).toBe(40_000);
      expect(names.filter((name) => !set.has(customerKeyOf(name)))).toEqual([]);
      expect(ids(10_000, 'stranger').filter((name) => set.has(customerKeyOf(name)))).toEqual([]);
      for (const name of ['customer-0', 'customer-39999', 'customer-20000'])
        expect(await lists.has(campaign, name)).toBe(true);
      for (const name of ids(5, 'stranger')) expect(await lists.has(campaign, name)).toBe(false);
    });

    test('a campaign without a list has none', async () => {
      const campaign = await campaignId();
      expect(await lists.current(campaign)).toBeUndefined();
      expect(await lists.has(campaign, 'ada')).toBeUndefined();
      expect(await lists.load('nobody')).toBeUndefined();
      expect(await lists.remove(EDA, campaign)).toBe('none');
      expect(await lists.remove(EDA, 'nobody')).toBe('not_found');
      expect(await lists.replace(EDA, 'nobody', pieces(fileOf('ada')), STRICT)).toEqual({
        outcome: 'not_found',
      });
    });

    test('another list takes its place at once, and the parts of the old one go', async () => {
      const campaign = await campaignId();
      const before = { lists: await count('customer_lists'), parts: await count('customer_list_parts') };
      const first = loaded(await lists.replace(EDA, campaign, pieces(fileOf(...ids(20_000))), STRICT));
      const second = loaded(await lists.replace(PAT, campaign, pieces(fileOf('ada', 'grace')), STRICT));
      expect(await lists.current(campaign)).toEqual(second.list);
      expect(await lists.load(first.list.id)).toBeUndefined();
      expect(await lists.has(campaign, 'customer-1')).toBe(false);
      expect(await lists.has(campaign, 'ada')).toBe(true);
      expect(await count('customer_lists')).toBe(before.lists + 1);
      expect(await count('customer_list_parts')).toBe(before.parts + 1);
      expect(await lists.remove(EDA, campaign)).toBe('removed');
      expect(await lists.current(campaign)).toBeUndefined();
      expect(await count('customer_lists')).toBe(before.lists);
      expect(await count('customer_list_parts')).toBe(before.parts);
      const trail = await desk.catalogue.trail({ campaignId: campaign });
      expect(trail.slice(0, 3).map(({ action, userName, changes }) => [action, userName, changes])).toEqual([
        ['customers_removed', 'Eda', [{ field: 'customers', from: '2', to: '' }]],
        ['customers_loaded', 'Pat', [{ field: 'customers', from: '20000', to: '2' }]],
        ['customers_loaded', 'Eda', [{ field: 'customers', from: '', to: '20000' }]],
      ]);
    });

    test('a file with bad lines is refused as a whole, or taken without them', async () => {
      const campaign = await campaignId();
      loaded(await lists.replace(EDA, campaign, pieces(fileOf('lin')), STRICT));
      const file = fileOf('ada', '"grace', 'ada', 'a,b');
      const refused = await lists.replace(EDA, campaign, pieces(file), STRICT);
      expect(refused).toMatchObject({
        outcome: 'refused',
        customers: 1,
        badLines: {
          count: 2,
          told: [
            { line: 3, text: '"grace' },
            { line: 5, text: 'a,b' },
          ],
        },
      });
      expect(await lists.has(campaign, 'lin')).toBe(true);
      expect(await lists.has(campaign, 'ada')).toBe(false);
      const taken = loaded(await lists.replace(EDA, campaign, pieces(file), { skipBad: true }));
      expect(taken).toMatchObject({ repeated: 1, badLines: { count: 2 }, list: { customers: 1 } });
      expect(await lists.has(campaign, 'ada')).toBe(true);
    });

    test('of very many bad lines the first ones are told and all are counted', async () => {
      const campaign = await campaignId();
      const refused = await lists.replace(EDA, campaign, pieces('a,b\n'.repeat(10_000)), STRICT);
      expect(refused).toMatchObject({ outcome: 'refused', customers: 0, badLines: { count: 10_000 } });
      expect((refused as Extract<ListOutcome, { outcome: 'refused' }>).badLines.told).toHaveLength(
        LIST_LIMITS.badLinesToldMax,
      );
    });

    test('a file without a customer replaces nothing', async () => {
      const campaign = await campaignId();
      loaded(await lists.replace(EDA, campaign, pieces(fileOf('lin')), STRICT));
      for (const file of ['', 'customerId\n', '\n\n'])
        expect(await lists.replace(EDA, campaign, pieces(file), STRICT)).toMatchObject({
          outcome: 'unusable',
          reason: expect.stringContaining('no customers') as string,
        });
      expect(await lists.has(campaign, 'lin')).toBe(true);
    });

    test('an upload that is cut off changes nothing and leaves nothing', async () => {
      const campaign = await campaignId();
      const { list } = loaded(await lists.replace(EDA, campaign, pieces(fileOf('lin')), STRICT));
      const before = await count('customer_lists');
      async function* cutOff(): AsyncGenerator<Uint8Array> {
        yield* pieces(fileOf(...ids(30_000)));
        throw new Error('the connection has ended');
      }
      await expect(lists.replace(EDA, campaign, cutOff(), STRICT)).rejects.toThrow(
        'the connection has ended',
      );
      expect(await lists.current(campaign)).toEqual(list);
      expect(await count('customer_lists')).toBe(before);
    });

    test('of two uploads at once one is in force, whole, and the other is told', async () => {
      const campaign = await campaignId();
      const other = new CustomerLists(pool, systemClock, systemRandom);
      const outcomes = await Promise.all([
        lists.replace(EDA, campaign, pieces(fileOf(...ids(30_000, 'a'))), STRICT),
        other.replace(PAT, campaign, pieces(fileOf(...ids(30_000, 'b'))), STRICT),
      ]);
      const names = outcomes.map(({ outcome }) => outcome);
      expect(names.toSorted()).toEqual(['conflict', 'loaded']);
      const winner = names.indexOf('loaded');
      const { list } = loaded(outcomes[winner]!);
      expect(outcomes[1 - winner]).toEqual({ outcome: 'conflict', current: list });
      const set = await setOf(campaign);
      const [own, theirs] = winner === 0 ? ['a', 'b'] : ['b', 'a'];
      expect(ids(30_000, own).filter((name) => !set.has(customerKeyOf(name)))).toEqual([]);
      expect(ids(30_000, theirs).filter((name) => set.has(customerKeyOf(name)))).toEqual([]);
    });

    test('a list that was taken out while another arrived does not come back unasked', async () => {
      const campaign = await campaignId();
      loaded(await lists.replace(EDA, campaign, pieces(fileOf('lin')), STRICT));
      async function* whileRemoved(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('ada\n');
        await lists.remove(PAT, campaign);
        yield Buffer.from('grace\n');
      }
      expect(await lists.replace(EDA, campaign, whileRemoved(), STRICT)).toEqual({
        outcome: 'conflict',
        current: undefined,
      });
      expect(await lists.current(campaign)).toBeUndefined();
    });

    test('more than a few at once are told to wait', async () => {
      const campaign = await campaignId();
      let letGo = (): void => undefined;
      const gate = new Promise<void>((resolve) => (letGo = resolve));
      async function* slow(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('ada\n');
        await gate;
      }
      const running = Array.from({ length: LIST_LIMITS.loadsMax }, () =>
        lists.replace(EDA, campaign, slow(), STRICT),
      );
      expect(await lists.replace(EDA, campaign, pieces(fileOf('x')), STRICT)).toEqual({ outcome: 'busy' });
      letGo();
      await Promise.all(running);
      loaded(await lists.replace(EDA, campaign, pieces(fileOf('x')), STRICT));
    });

    test('only publishers change the list of what is published, also when it was published meanwhile', async () => {
      const campaign = await desk.campaign();
      await desk.product(campaign);
      const publishing = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from('ada\n');
        saved(await desk.catalogue.publish(EDA, campaign.id, 1));
        yield Buffer.from('grace\n');
      };
      await expect(lists.replace(EVE, campaign.id, publishing(), STRICT)).rejects.toThrow(
        expect.objectContaining({ name: 'NeedsPublisher' }),
      );
      await expect(lists.replace(EVE, campaign.id, pieces(fileOf('ada')), STRICT)).rejects.toThrow(
        expect.objectContaining({ name: 'NeedsPublisher' }),
      );
      expect(await lists.current(campaign.id)).toBeUndefined();
      loaded(await lists.replace(EDA, campaign.id, pieces(fileOf('ada')), STRICT));
      await expect(lists.remove(EVE, campaign.id)).rejects.toThrow(
        expect.objectContaining({ name: 'NeedsPublisher' }),
      );
      expect(await lists.has(campaign.id, 'ada')).toBe(true);
    });

    test('what a dead load left is removed when nobody has written to it for long, and no other', async () => {
      const campaign = await campaignId();
      const { list } = loaded(await lists.replace(EDA, campaign, pieces(fileOf(...ids(100))), STRICT));
      const insert = async (id: string, minutesAgo: number): Promise<void> => {
        await pool.query(
          `INSERT INTO doorbuster_catalogue.customer_lists (id, campaign_id, customers, made_at, made_by, touched_at)
         VALUES ($1, $2, 40, now(), 'Eda', clock_timestamp() - make_interval(mins => $3))`,
          [id, campaign, minutesAgo],
        );
        await pool.query(
          `INSERT INTO doorbuster_catalogue.customer_list_parts (list_id, number, first_key, keys)
         SELECT $1, number, '\\x00', '\\x00' FROM generate_series(0, 39) AS number`,
          [id],
        );
      };
      await insert(`dead-${campaign}`, 60);
      await insert(`young-${campaign}`, 1);
      await pool.query(
        `UPDATE doorbuster_catalogue.customer_lists SET touched_at = now() - interval '1 day' WHERE id = $1`,
        [list.id],
      );
      await lists.sweep();
      const { rows } = await pool.query<{ id: string }>(
        'SELECT id FROM doorbuster_catalogue.customer_lists WHERE campaign_id = $1 ORDER BY id',
        [campaign],
      );
      expect(rows.map(({ id }) => id).toSorted()).toEqual([list.id, `young-${campaign}`].toSorted());
      expect(await lists.has(campaign, 'customer-5')).toBe(true);
    });

    test('a list whose parts were swept in mid-writing never counts', async () => {
      const campaign = await campaignId();
      const { list } = loaded(await lists.replace(EDA, campaign, pieces(fileOf('lin')), STRICT));
      // The pool of a node that stood still for long just before it puts its list in force.
      const late = new Proxy(pool, {
        get(target, name) {
          if (name === 'query') return target.query.bind(target);
          if (name !== 'connect') return Reflect.get(target, name, target) as unknown;
          return async () => {
            await target.query(
              `UPDATE doorbuster_catalogue.customer_lists SET touched_at = now() - interval '1 day'
             WHERE campaign_id = $1 AND NOT is_current`,
              [campaign],
            );
            await lists.sweep();
            return target.connect();
          };
        },
      });
      const slow = new CustomerLists(late, systemClock, systemRandom);
      expect(await slow.replace(EDA, campaign, pieces(fileOf(...ids(1_000))), STRICT)).toMatchObject({
        outcome: 'unusable',
        reason: expect.stringContaining('given up') as string,
      });
      expect(await lists.current(campaign)).toEqual(list);
      expect(await lists.has(campaign, 'lin')).toBe(true);
    });
  },
);
