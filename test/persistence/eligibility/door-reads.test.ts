// Doors as they are read from Postgres, while business users make and change campaigns.

import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  DoorReads,
  migrate,
  OPEN_CAMPAIGN_GATE,
  openPool,
  ProductReads,
  type BareDoor,
} from '../../../src/persistence/index.ts';
import { putList } from '../../harness/customer-list.ts';
import { Desk, EDA, MINUTE_MS, PAT, saved } from '../catalogue/desk.ts';
import { POSTGRES_KINDS, SERVER_MS_MAX, type StartedPostgres } from '../postgres-kinds.ts';

describe.each(POSTGRES_KINDS)('doors in $kind Postgres', { timeout: SERVER_MS_MAX }, ({ start }) => {
  let postgres: StartedPostgres;
  let pool: Pool;
  let desk: Desk;
  let reads: DoorReads;

  beforeAll(async () => {
    postgres = await start();
    pool = openPool(postgres.connection, 4, 'doorbuster test');
    await migrate(pool);
    desk = await Desk.open(pool);
    reads = new DoorReads(pool);
  }, SERVER_MS_MAX);
  afterAll(async () => {
    await pool?.end();
    await postgres?.stop();
  }, SERVER_MS_MAX);

  const markOf = async (campaignId: string) =>
    (await reads.marks(0, 1_000)).find((mark) => mark.campaignId === campaignId);
  /** A product as the projection writes it, before its stock. */
  const productInEngine = async (id: string): Promise<void> => {
    await pool.query(
      `INSERT INTO doorbuster.products (id, name, description, starts_at, ends_at, unit_amount, currency, per_customer_limit,
         hold_seconds, revision, version, shard) VALUES ($1, '', '', now(), now(), 1, 'EUR', 1, 0, 1, 1, 0)`,
      [id],
    );
  };
  /** The same with stock under this name. */
  const inEngine = async (id: string, requestId: string): Promise<void> => {
    await productInEngine(id);
    await pool.query(
      `INSERT INTO doorbuster.stock_movements (product_id, request_id, kind, quantity, at, version)
       VALUES ($1, $2, 'loaded', 5, now(), 1)`,
      [id, requestId],
    );
  };
  const doorOf = async (campaignId: string): Promise<BareDoor | undefined> =>
    (await reads.doors([campaignId]))[0];

  test('a draft has none, and a published campaign the one that it was written with', async () => {
    const draft = await desk.campaign({
      entry: { kind: 'claim', name: 'tier', value: 'gold' },
      gate: { ...OPEN_CAMPAIGN_GATE, ticket: true, coolDownSeconds: 90 },
    });
    const second = await desk.product(draft, { name: 'Second' });
    const first = await desk.product(draft, { name: 'First' });
    await desk.catalogue.moveProduct(EDA, first.id, -1);
    expect(await markOf(draft.id)).toBeUndefined();
    expect(await doorOf(draft.id)).toBeUndefined();
    saved(await desk.catalogue.publish(PAT, draft.id, draft.version));
    const mark = await markOf(draft.id);
    expect(await doorOf(draft.id)).toEqual({
      ...mark,
      slug: draft.slug,
      title: draft.title,
      status: 'published',
      startsAt: draft.startsAt,
      endsAt: draft.endsAt,
      entry: { kind: 'claim', name: 'tier', value: 'gold' },
      gate: { ...OPEN_CAMPAIGN_GATE, ticket: true, coolDownSeconds: 90 },
      listId: undefined,
      productIds: [first.id, second.id],
    });
    expect(await reads.campaignOf(first.id)).toBe(draft.id);
    await inEngine('ember-kettle-0123456789', 'first-load');
    expect(await reads.campaignOf('ember-kettle-0123456789')).toBeUndefined();
  });

  test('of a product that Postgres does not have yet, nobody can say that it is in no campaign', async () => {
    const id = 'not-here-yet-0123456789';
    await expect(reads.campaignOf(id)).rejects.toThrow('has not arrived in Postgres');
    await productInEngine(id);
    await expect(reads.campaignOf(id)).rejects.toThrow('has not arrived in Postgres');
    const { ids } = await new ProductReads(pool).listIdsOutside(100);
    expect(ids).not.toContain(id);
  });

  test('one that the catalogue made, and has lost, is in a campaign that there is not, and in no window', async () => {
    const kept = await desk.published();
    const names = { own: 'kettle-of-the-shop', lookalike: 'ember-kettle-abcdefghjk' };
    await inEngine(kept.product.id, `cms-${kept.product.id}-initial`);
    await inEngine('lost-kettle-0123456789', 'cms-lost-kettle-0123456789-initial');
    await inEngine('lost-refilled-0123456789', 'cms:by-hand');
    await inEngine(names.own, 'cms:a-name-of-the-shops-own');
    await inEngine(names.lookalike, 'first-load');
    expect(await reads.campaignOf(kept.product.id)).toBe(kept.campaign.id);
    for (const id of ['lost-kettle-0123456789', 'lost-refilled-0123456789'])
      expect(await markOf((await reads.campaignOf(id)) ?? 'none was told')).toBeUndefined();
    for (const id of ['lost-kettle-0123456789', 'lost-refilled-0123456789'])
      expect(await reads.campaignOf(id)).toBeDefined();
    for (const id of Object.values(names)) expect(await reads.campaignOf(id)).toBeUndefined();
    const { ids } = await new ProductReads(pool).listIdsOutside(100);
    expect(ids.toSorted()).toEqual([names.lookalike, 'ember-kettle-0123456789', names.own].toSorted());
  });

  test('whatever shoppers see of a campaign or its products gives it another stamp; the engine’s answers do not', async () => {
    const { campaign, product } = await desk.published();
    const stamps = [(await markOf(campaign.id))!.stamp];
    const changed = async (): Promise<void> => {
      const { stamp } = (await markOf(campaign.id))!;
      expect(stamps).not.toContain(stamp);
      stamps.push(stamp);
    };
    const { version } = saved(
      await desk.catalogue.saveCampaign(PAT, campaign.id, campaign.version, { ...campaign, title: 'June' }),
    );
    await changed();
    saved(await desk.catalogue.saveProduct(PAT, product.id, product.version, { ...product, name: 'Other' }));
    await changed();
    const added = await desk.product(campaign);
    await changed();
    saved(await desk.catalogue.moveProduct(PAT, added.id, -1));
    await changed();
    saved(await desk.catalogue.pause(PAT, campaign.id));
    await changed();
    expect((await doorOf(campaign.id))?.status).toBe('paused');
    const { stamp } = (await markOf(campaign.id))!;
    await pool.query(
      'UPDATE doorbuster_catalogue.products SET engine_revision = 7, confirmed_version = 1 WHERE id = $1',
      [product.id],
    );
    expect((await markOf(campaign.id))?.stamp).toBe(stamp);
    expect(version).toBeGreaterThan(campaign.version);
  });

  test('the list in force is named when the campaign asks for one', async () => {
    const draft = await desk.campaign({ entry: { kind: 'list' } });
    await desk.product(draft);
    const one = await putList(pool, draft.id, ['ada']);
    const { version } = saved(await desk.catalogue.publish(PAT, draft.id, draft.version));
    expect((await markOf(draft.id))?.listId).toBe(one);
    const other = await putList(pool, draft.id, ['bob']);
    expect((await markOf(draft.id))?.listId).toBe(other);
    expect((await doorOf(draft.id))?.listId).toBe(other);
    const open = { ...draft, entry: { kind: 'everyone' } } as const;
    saved(await desk.catalogue.saveCampaign(PAT, draft.id, version, open));
    expect((await markOf(draft.id))?.listId).toBeUndefined();
  });

  test('one that was cancelled keeps its door, unless it never was more than a draft', async () => {
    const { campaign } = await desk.published();
    saved(await desk.catalogue.cancel(PAT, campaign.id, campaign.version));
    expect((await doorOf(campaign.id))?.status).toBe('cancelled');
    expect(await markOf(campaign.id)).toBeDefined();
    const draft = await desk.campaign();
    await desk.product(draft);
    saved(await desk.catalogue.cancel(PAT, draft.id, draft.version));
    expect(await doorOf(draft.id)).toBeUndefined();
    expect(await markOf(draft.id)).toBeUndefined();
  });

  test('those that ended long ago are left out, and when there are too many those that end first', async () => {
    const until = Date.UTC(2090, 0);
    const far: string[] = [];
    for (const inMs of [1, 2, 3]) {
      const draft = await desk.campaign({ endsAt: until + inMs * MINUTE_MS });
      await desk.product(draft);
      saved(await desk.catalogue.publish(PAT, draft.id, draft.version));
      far.push(draft.id);
    }
    const ids = async (endAfter: number, max: number): Promise<string[]> =>
      (await reads.marks(endAfter, max)).map(({ campaignId }) => campaignId);
    expect(await ids(until + MINUTE_MS, 1_000)).toEqual([far[2], far[1]]);
    expect(await ids(0, 2)).toEqual([far[2], far[1]]);
  });
});
