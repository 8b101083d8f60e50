import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NEW_CAMPAIGN_GATE, OPEN_CAMPAIGN_GATE, openPool, seenOf } from '../../../src/persistence/index.ts';
import { putList } from '../../harness/customer-list.ts';
import { POSTGRES_KINDS, SERVER_MS_MAX, type StartedPostgres } from '../postgres-kinds.ts';
import { Desk, EDA, MINUTE_MS, PAT, refusals, saved } from './desk.ts';

describe.each(POSTGRES_KINDS)('the catalogue in $kind Postgres', { timeout: SERVER_MS_MAX }, ({ start }) => {
  let postgres: StartedPostgres;
  let pool: Pool;
  let desk: Desk;

  beforeAll(async () => {
    postgres = await start();
    pool = openPool(postgres.connection, 4, 'doorbuster test');
    desk = await Desk.open(pool);
  }, SERVER_MS_MAX);
  afterAll(async () => {
    await pool?.end();
    await postgres?.stop();
  }, SERVER_MS_MAX);

  test('a campaign and its products are read back as they were written', async () => {
    const draft = desk.campaignDraft({
      title: '  Sale & <b>more</b> ',
      entry: { kind: 'claim', name: 'tier', value: 'gold' },
    });
    const campaign = saved(await desk.catalogue.createCampaign(EDA, draft));
    expect(campaign).toMatchObject({
      ...draft,
      title: 'Sale & <b>more</b>',
      status: 'draft',
      version: 1,
      updatedBy: 'Eda',
    });
    const image = await desk.image();
    const one = desk.productDraft({ images: [{ imageId: image, alt: 'A red kettle' }] });
    const two = desk.productDraft({
      name: 'Bare',
      startsAt: undefined,
      amount: undefined,
      quantity: undefined,
    });
    const first = saved(await desk.catalogue.addProduct(EDA, campaign.id, one));
    const second = saved(await desk.catalogue.addProduct(PAT, campaign.id, two));
    expect(first.id).toMatch(/^ember-kettle-[0-9a-z]{10}$/);
    expect(await desk.catalogue.campaign(campaign.id)).toEqual({ campaign, products: [first, second] });
    expect(first).toMatchObject({ ...one, version: 1, updatedBy: 'Eda' });
    expect(second).toMatchObject({ ...two, updatedBy: 'Pat' });
    expect(await desk.catalogue.product(second.id)).toEqual({ campaign, product: second });
    expect(await desk.catalogue.campaign('nobody')).toBeUndefined();
    expect(await desk.catalogue.product('nobody')).toBeUndefined();
  });

  test('the second of two editors is told what the first one saved, and nothing is lost', async () => {
    const campaign = await desk.campaign();
    const product = await desk.product(campaign);
    const both = await Promise.all([
      desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, name: 'Of Eda' }),
      desk.catalogue.saveProduct(PAT, product.id, 1, { ...product, name: 'Of Pat' }),
    ]);
    const first = both.find(({ outcome }) => outcome === 'saved')!;
    const second = both.find(({ outcome }) => outcome === 'conflict')!;
    expect(second).toEqual({ outcome: 'conflict', current: saved(first) });
    expect(await desk.read(product.id)).toEqual(saved(first));

    const title = saved(
      await desk.catalogue.saveCampaign(EDA, campaign.id, 1, { ...campaign, title: 'Of Eda' }),
    );
    expect(await desk.catalogue.saveCampaign(PAT, campaign.id, 1, { ...campaign, title: 'Of Pat' })).toEqual({
      outcome: 'conflict',
      current: title,
    });
    expect(await desk.catalogue.saveCampaign(PAT, 'nobody', 1, campaign)).toEqual({ outcome: 'not_found' });
  });

  test('the trail tells who changed what, from what to what, and outlives what it tells of', async () => {
    const campaign = await desk.campaign();
    const product = await desk.product(campaign);
    const later = product.endsAt! + MINUTE_MS;
    const changed = saved(
      await desk.catalogue.saveProduct(PAT, product.id, 1, { ...product, amount: 3_900, endsAt: later }),
    );
    saved(await desk.catalogue.removeProduct(EDA, product.id, changed.version));
    const trail = await desk.catalogue.trail({ campaignId: campaign.id });
    expect(trail.map(({ action, userName }) => `${userName}: ${action}`)).toEqual([
      'Eda: product_removed',
      'Pat: product_saved',
      'Eda: product_added',
      'Eda: campaign_created',
    ]);
    expect(trail[1]).toMatchObject({
      at: desk.now,
      productId: product.id,
      changes: [
        { field: 'endsAt', from: new Date(product.endsAt!).toISOString(), to: new Date(later).toISOString() },
        { field: 'amount', from: '49.00 EUR', to: '39.00 EUR' },
      ],
    });
    const [newest, next] = trail;
    const page = await desk.catalogue.trail({ campaignId: campaign.id, before: newest!.id });
    expect(page[0]).toEqual(next);
  });

  test('an address belongs to one campaign, also when two take it at once', async () => {
    const taken = await desk.campaign();
    const again = await desk.catalogue.createCampaign(PAT, desk.campaignDraft({ slug: taken.slug }));
    expect(refusals(again)).toEqual([
      expect.stringContaining(`"${taken.slug}" is that of the campaign "May days"`),
    ]);
    const racing = desk.campaignDraft();
    const both = await Promise.all([1, 2].map(() => desk.catalogue.createCampaign(PAT, racing)));
    expect(both.map(({ outcome }) => outcome).sort()).toEqual(['refused', 'saved']);
  });

  test('campaigns come newest first, page by page, also of one phase', async () => {
    const all = await Promise.all(Array.from({ length: 53 }, () => desk.campaign({ title: 'Listed' })));
    const first = await desk.catalogue.campaigns();
    const rest = await desk.catalogue.campaigns({ before: first.at(-1)!.id });
    expect(first).toHaveLength(50);
    const seen = [...first, ...rest].map(({ id }) => id);
    expect(new Set(seen).size).toBe(seen.length);
    expect(new Set(seen).isSupersetOf(new Set(all.map(({ id }) => id)))).toBe(true);

    const { campaign } = await desk.published();
    const phases = async (at: number): Promise<string[]> => {
      const { now } = desk;
      desk.now = at;
      const found = [];
      for (const phase of ['draft', 'scheduled', 'live', 'paused', 'ended', 'cancelled'] as const) {
        // oxlint-disable-next-line no-await-in-loop
        const listed = await desk.catalogue.campaigns({ phase });
        if (listed.some(({ id }) => id === campaign.id)) found.push(phase);
        expect(listed.filter((each) => each.phase !== phase)).toEqual([]);
      }
      desk.now = now;
      return found;
    };
    expect(await phases(campaign.startsAt! - 1)).toEqual(['scheduled']);
    expect(await phases(campaign.startsAt!)).toEqual(['live']);
    expect(await phases(campaign.endsAt!)).toEqual(['ended']);
    const paused = saved(await desk.catalogue.pause(PAT, campaign.id));
    expect(await phases(desk.now)).toEqual(['paused']);
    saved(await desk.catalogue.cancel(PAT, campaign.id, paused.version));
    expect(await phases(desk.now)).toEqual(['cancelled']);
  });

  test('products are moved one place at a time', async () => {
    const campaign = await desk.campaign();
    const [one, two, three] = [
      await desk.product(campaign),
      await desk.product(campaign),
      await desk.product(campaign),
    ];
    const order = async (): Promise<string[]> =>
      (await desk.catalogue.campaign(campaign.id))!.products.map(({ id }) => id);
    saved(await desk.catalogue.moveProduct(EDA, three.id, -1));
    expect(await order()).toEqual([one.id, three.id, two.id]);
    saved(await desk.catalogue.moveProduct(EDA, one.id, 1));
    expect(await order()).toEqual([three.id, one.id, two.id]);
    saved(await desk.catalogue.moveProduct(EDA, three.id, -1));
    expect(await order()).toEqual([three.id, one.id, two.id]);
  });

  test('publishing leaves each product’s configuration and stock for the engine, with the change itself', async () => {
    const { campaign, product } = await desk.published();
    expect(campaign).toMatchObject({ status: 'published', version: 2, updatedBy: 'Pat' });
    expect(await desk.outbox(product.id)).toEqual([
      {
        kind: 'configure',
        payload: {
          version: 1,
          isForced: false,
          configuration: {
            name: 'Ember Kettle',
            description: 'Boils.',
            startsAt: product.startsAt,
            endsAt: product.endsAt,
            amount: 4_900,
            currency: 'EUR',
            perCustomerLimit: 2,
            holdSeconds: 300,
          },
        },
      },
      { kind: 'loadStock', payload: { requestId: `cms-${product.id}-initial`, quantity: 100 } },
    ]);
    expect(product.engine).toEqual({
      waiting: 2,
      confirmedAt: undefined,
      isCurrent: false,
      refusal: undefined,
    });
    const [summary] = (await desk.catalogue.campaigns({ phase: 'live' })).filter(
      ({ id }) => id === campaign.id,
    );
    expect(summary).toMatchObject({ products: 1, unconfirmed: 2, refused: 0 });
  });

  test('a campaign with a fault is not published, and leaves nothing for the engine', async () => {
    const campaign = await desk.campaign();
    const product = await desk.product(campaign, { amount: undefined });
    expect(refusals(await desk.catalogue.publish(PAT, campaign.id, 1))).toEqual([
      'amount: It has no sale price.',
    ]);
    expect(await desk.outbox(product.id)).toEqual([]);
    expect((await desk.catalogue.campaign(campaign.id))!.campaign).toEqual(campaign);
    expect(await desk.catalogue.check(campaign.id)).toContainEqual({
      productId: product.id,
      field: 'amount',
      message: 'It has no sale price.',
      severity: 'error',
    });
  });

  test('a campaign for a list is neither published nor made of a published one before it has a list', async () => {
    const noList = [expect.stringMatching(/^entry: The campaign has no list of customers yet/)];
    const campaign = await desk.campaign({ entry: { kind: 'list' } });
    const product = await desk.product(campaign);
    expect(refusals(await desk.catalogue.publish(PAT, campaign.id, 1))).toEqual(noList);
    expect(await desk.outbox(product.id)).toEqual([]);
    await putList(pool, campaign.id, ['ada']);
    expect(saved(await desk.catalogue.publish(PAT, campaign.id, 1)).status).toBe('published');

    const { campaign: published } = await desk.published();
    const closed = { ...published, entry: { kind: 'list' } } as const;
    expect(refusals(await desk.catalogue.saveCampaign(PAT, published.id, published.version, closed))).toEqual(
      noList,
    );
    await putList(pool, published.id, ['ada']);
    expect(
      saved(await desk.catalogue.saveCampaign(PAT, published.id, published.version, closed)).entry,
    ).toEqual({ kind: 'list' });
  });

  test('one SKU is not on sale twice at the same time, even when two publish at once', async () => {
    const sku = 'TWICE';
    const campaigns = await Promise.all([desk.campaign({ title: 'One' }), desk.campaign({ title: 'Two' })]);
    await Promise.all(campaigns.map((campaign) => desk.product(campaign, { sku })));
    const outcomes = await Promise.all(campaigns.map(({ id }) => desk.catalogue.publish(PAT, id, 1)));
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['refused', 'saved']);
    const refused = outcomes.find(({ outcome }) => outcome === 'refused')!;
    expect(refusals(refused)).toEqual([
      expect.stringMatching(/^sku: The SKU TWICE is on sale as "Ember Kettle" of the campaign/),
    ]);
    const draft = campaigns[outcomes.indexOf(refused)]!;
    const [product] = (await desk.catalogue.campaign(draft.id))!.products;
    const after = { ...product!, startsAt: product!.endsAt, endsAt: product!.endsAt! + MINUTE_MS };
    saved(await desk.catalogue.saveProduct(EDA, product!.id, 1, after));
    saved(await desk.catalogue.publish(PAT, draft.id, 1));
  });

  test('only what the engine enforces is sent again when a product on sale is saved', async () => {
    const { product } = await desk.published();
    const quiet = saved(
      await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, listAmount: 8_900, sku: 'NEW' }),
    );
    expect(await desk.outbox(product.id)).toHaveLength(2);
    saved(
      await desk.catalogue.saveProduct(EDA, product.id, quiet.version, { ...quiet, perCustomerLimit: 5 }),
    );
    expect((await desk.outbox(product.id)).slice(2)).toEqual([
      {
        kind: 'configure',
        payload: expect.objectContaining({
          version: 3,
          configuration: expect.objectContaining({ perCustomerLimit: 5 }),
        }),
      },
    ]);
  });

  test('a campaign’s gate goes to the engine with each product, and again when it changes', async () => {
    const strict = { ...NEW_CAMPAIGN_GATE, coolDownSeconds: 90 };
    const draft = await desk.campaign({ gate: strict });
    const [one, two] = [await desk.product(draft), await desk.product(draft)];
    const over = await desk.product(draft, { endsAt: desk.now + MINUTE_MS });
    const campaign = saved(await desk.catalogue.publish(PAT, draft.id, draft.version));
    const { limits, risk, ...asked } = strict;
    expect([limits, risk]).toEqual([true, true]);
    const sentOf = async (id: string) =>
      (await desk.outbox(id))
        .filter(({ kind }) => kind === 'configure')
        .map(({ payload }) => (payload['configuration'] as { gate?: object }).gate);
    expect(await sentOf(one.id)).toEqual([asked]);

    // What stands in front of the actors goes to nobody; who says nothing of the gate leaves it.
    desk.now += 2 * MINUTE_MS;
    const saveGate = async (gate: typeof strict | undefined) => {
      const { campaign: old } = (await desk.catalogue.campaign(draft.id))!;
      return saved(await desk.catalogue.saveCampaign(PAT, draft.id, old.version, { ...old, gate }));
    };
    expect((await saveGate({ ...strict, limits: false })).gate.limits).toBe(false);
    expect((await saveGate(undefined)).gate).toEqual({ ...strict, limits: false });
    expect(await sentOf(one.id)).toHaveLength(1);

    await saveGate({ ...strict, work: true });
    for (const { id } of [one, two]) expect(await sentOf(id)).toEqual([asked, { ...asked, work: true }]);
    // The engine closes for good what is over: nothing is sent to it any more.
    expect(await sentOf(over.id)).toHaveLength(1);
    await saveGate(OPEN_CAMPAIGN_GATE);
    expect(await sentOf(one.id)).toEqual([asked, { ...asked, work: true }, undefined]);
    expect((await desk.read(one.id)).version).toBe(one.version);

    const trail = await desk.catalogue.trail({ campaignId: campaign.id });
    expect(trail[0]!.changes).toEqual([
      {
        field: 'gate',
        from: 'rate limits, tickets, proof of work, 3 open holds, cool-down of 90 s, 20 unpaid attempts, holds down to 60 s, risk control',
        to: 'rate limits, risk control',
      },
    ]);
  });

  test('a clone has its original’s gate, and a campaign that was made without one an open one', async () => {
    const original = await desk.campaign({ gate: NEW_CAMPAIGN_GATE });
    const clone = saved(await desk.catalogue.clone(EDA, original.id, { title: 'Again', slug: 'gate-again' }));
    expect(clone.gate).toEqual(NEW_CAMPAIGN_GATE);
    const bare = await desk.campaign();
    expect(bare.gate).toEqual(OPEN_CAMPAIGN_GATE);
    // As the rows are that were there before.
    await desk.pool.query(`UPDATE doorbuster_catalogue.campaigns SET gate = '{}' WHERE id = $1`, [
      original.id,
    ]);
    expect((await desk.catalogue.campaign(original.id))!.campaign.gate).toEqual(OPEN_CAMPAIGN_GATE);
  });

  test('what the engine would refuse of a running sale is refused before', async () => {
    const { campaign, product } = await desk.published();
    const cheaper = { ...product, amount: 100 };
    expect(refusals(await desk.catalogue.saveProduct(EDA, product.id, 1, cheaper))).toEqual([
      'amount: The sale has begun: pause the campaign first, then change the price.',
    ]);
    expect(
      refusals(await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, quantity: 5 })),
    ).toEqual(['quantity: It is on sale with 100 units: add or withdraw units under its stock.']);
    expect(refusals(await desk.catalogue.removeProduct(EDA, product.id, 1))).toEqual([
      expect.stringContaining('is on sale and stays with its campaign'),
    ]);
    expect(
      refusals(
        await desk.catalogue.saveCampaign(EDA, campaign.id, campaign.version, {
          ...campaign,
          endsAt: product.startsAt! + 1,
        }),
      ),
    ).toEqual([expect.stringMatching(/^endsAt: "Ember Kettle": It ends after the end of the campaign/)]);
    saved(await desk.catalogue.pause(PAT, campaign.id));
    saved(await desk.catalogue.saveProduct(EDA, product.id, 1, cheaper));
    expect((await desk.outbox(product.id)).map(({ kind }) => kind)).toEqual([
      'configure',
      'loadStock',
      'pause',
      'configure',
    ]);
  });

  test('pausing takes whatever was saved meanwhile, and the status is told before the version', async () => {
    const { campaign, product } = await desk.published();
    const titled = await desk.catalogue.saveCampaign(EDA, campaign.id, campaign.version, {
      ...campaign,
      title: 'Saved meanwhile',
    });
    expect(await desk.catalogue.cancel(PAT, campaign.id, campaign.version)).toEqual({
      outcome: 'conflict',
      current: saved(titled),
    });
    const paused = saved(await desk.catalogue.pause(PAT, campaign.id));
    expect(paused).toMatchObject({
      title: 'Saved meanwhile',
      status: 'paused',
      version: campaign.version + 2,
    });
    expect((await desk.outbox(product.id)).at(-1)).toMatchObject({ kind: 'pause' });
    expect(refusals(await desk.catalogue.pause(PAT, campaign.id))).toEqual([
      'status: This campaign is paused already.',
    ]);
    expect(refusals(await desk.catalogue.publish(PAT, campaign.id, 1))).toEqual([
      'status: This campaign is paused already.',
    ]);
  });

  test('one’s own save in another window is known from that of somebody of the same name', async () => {
    const campaign = await desk.campaign();
    const product = await desk.product(campaign);
    const namesake = { ...EDA, id: 'u9' };
    const own = async (): Promise<boolean[]> => {
      const now = [(await desk.catalogue.campaign(campaign.id))!.campaign, await desk.read(product.id)];
      return Promise.all(now.map((current) => desk.catalogue.isOwnSave(EDA, current)));
    };
    expect(await own()).toEqual([true, true]);
    desk.now += MINUTE_MS;
    saved(await desk.catalogue.saveCampaign(namesake, campaign.id, 1, campaign));
    expect(await own()).toEqual([false, true]);
    saved(await desk.catalogue.saveProduct(namesake, product.id, 1, product));
    expect(await own()).toEqual([false, false]);
  });

  test('the products of a campaign on sale move along with its hours, all or none', async () => {
    const { campaign, product } = await desk.published();
    const { startsAt, endsAt } = campaign;
    const day = 24 * 60 * MINUTE_MS;
    const later = { ...campaign, startsAt: startsAt! + day, endsAt: endsAt! + day };
    expect(refusals(await desk.catalogue.saveCampaign(EDA, campaign.id, 2, later))).toHaveLength(2);
    const moved = saved(await desk.catalogue.saveCampaignMoving(EDA, campaign.id, 2, later));
    expect(await desk.read(product.id)).toMatchObject({
      startsAt: product.startsAt! + day,
      endsAt: product.endsAt! + day,
      version: 2,
    });
    expect((await desk.outbox(product.id)).at(-1)).toMatchObject({
      kind: 'configure',
      payload: { configuration: { startsAt: product.startsAt! + day, endsAt: product.endsAt! + day } },
    });
    const [last, before] = await desk.catalogue.trail({ campaignId: campaign.id });
    expect([last!.action, before!.action]).toEqual(['product_saved', 'campaign_saved']);

    // One end alone moved, and what lies behind it stays there: nothing of it is done.
    const shorter = { ...moved, endsAt: moved.startsAt! + 45 * MINUTE_MS };
    expect(refusals(await desk.catalogue.saveCampaignMoving(EDA, campaign.id, 3, shorter))).toEqual([
      expect.stringMatching(/^endsAt: "Ember Kettle": It ends after the end of the campaign/),
    ]);
    expect((await desk.catalogue.campaign(campaign.id))!.campaign).toEqual(moved);

    // What another campaign sells in the new hours is told by the product, and undoes the campaign's own.
    const other = await desk.campaign();
    await desk.product(other, { sku: product.sku });
    saved(await desk.catalogue.publish(PAT, other.id, 1));
    const back = { ...moved, startsAt: startsAt!, endsAt: endsAt! };
    expect(refusals(await desk.catalogue.saveCampaignMoving(EDA, campaign.id, 3, back))).toEqual([
      expect.stringMatching(/^products: "Ember Kettle": The SKU .* is on sale as/),
    ]);
    expect((await desk.catalogue.campaign(campaign.id))!.campaign).toEqual(moved);
    expect(await desk.outbox(product.id)).toHaveLength(3);
  });

  test('a product at one end of its campaign stays at it, and a clone’s products move along', async () => {
    const campaign = await desk.campaign();
    const whole = await desk.product(campaign, { startsAt: campaign.startsAt, endsAt: campaign.endsAt });
    const inner = await desk.product(campaign);
    const longer = { ...campaign, endsAt: campaign.endsAt! + 60 * MINUTE_MS };
    saved(await desk.catalogue.saveCampaignMoving(EDA, campaign.id, 1, longer));
    expect(await desk.read(whole.id)).toMatchObject({ startsAt: campaign.startsAt, endsAt: longer.endsAt });
    expect(await desk.read(inner.id)).toEqual(inner);

    const hours = { startsAt: longer.startsAt! + MINUTE_MS, endsAt: longer.endsAt + MINUTE_MS };
    const clone = saved(
      await desk.catalogue.clone(EDA, campaign.id, {
        title: 'Later',
        slug: `${campaign.slug}-later`,
        ...hours,
      }),
    );
    expect(clone).toMatchObject(hours);
    const { products } = (await desk.catalogue.campaign(clone.id))!;
    expect(products.map(({ startsAt, endsAt }) => ({ startsAt, endsAt }))).toEqual([
      hours,
      { startsAt: inner.startsAt! + MINUTE_MS, endsAt: inner.endsAt! + MINUTE_MS },
    ]);
  });

  test('no product of a published campaign is given an end that lies behind, and one that is over can still be written', async () => {
    const { campaign, product } = await desk.published();
    const over = { startsAt: desk.now - 30 * MINUTE_MS, endsAt: desk.now };
    const refusal = [expect.stringMatching(/^endsAt: Its sale would be over already/)];
    expect(refusals(await desk.catalogue.addProduct(EDA, campaign.id, desk.productDraft(over)))).toEqual(
      refusal,
    );
    expect(refusals(await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, ...over }))).toEqual(
      refusal,
    );
    const lines = [{ line: 2, draft: desk.productDraft(over) }];
    expect(refusals(await desk.catalogue.importProducts(EDA, campaign.id, campaign.version, lines))).toEqual(
      refusal,
    );
    const { now } = desk;
    desk.now = product.endsAt! + MINUTE_MS;
    saved(await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, description: 'It was fine.' }));
    desk.now = now;
  });

  test('a product that is added to a paused campaign is paused before it has stock', async () => {
    const { campaign } = await desk.published();
    saved(await desk.catalogue.pause(PAT, campaign.id));
    expect(
      refusals(await desk.catalogue.addProduct(EDA, campaign.id, desk.productDraft({ sku: '' }))),
    ).toEqual(['sku: It has no SKU.']);
    const added = await desk.product(campaign);
    expect((await desk.outbox(added.id)).map(({ kind }) => kind)).toEqual([
      'configure',
      'pause',
      'loadStock',
    ]);
  });

  test('a cancelled campaign is paused, emptied and never changed again', async () => {
    const { campaign, product } = await desk.published();
    const cancelled = saved(await desk.catalogue.cancel(PAT, campaign.id, campaign.version));
    expect((await desk.outbox(product.id)).slice(2).map(({ kind }) => kind)).toEqual([
      'pause',
      'withdrawAvailable',
    ]);
    const outcomes = await Promise.all([
      desk.catalogue.saveCampaign(EDA, campaign.id, cancelled.version, campaign),
      desk.catalogue.saveProduct(EDA, product.id, 1, product),
      desk.catalogue.addProduct(EDA, campaign.id, desk.productDraft()),
      desk.catalogue.changeStock(EDA, product.id, 'r1', 1),
      desk.catalogue.sendAgain(EDA, product.id),
      desk.catalogue.moveProduct(EDA, product.id, 1),
      desk.catalogue.removeProduct(EDA, product.id, 1),
      desk.catalogue.resume(PAT, campaign.id, cancelled.version),
      desk.catalogue.importProducts(EDA, campaign.id, cancelled.version, [
        { line: 2, draft: desk.productDraft() },
      ]),
    ]);
    for (const outcome of outcomes)
      expect(refusals<unknown>(outcome)).toEqual([expect.stringMatching(/was cancelled/)]);
  });

  test('a clone has products of its own, and nothing of the first one’s sale', async () => {
    const image = await desk.image();
    const { campaign, product } = await desk.published({ images: [{ imageId: image, alt: 'Red' }] });
    saved(await desk.catalogue.changeStock(PAT, product.id, 'more', 10));
    const clone = saved(
      await desk.catalogue.clone(EDA, campaign.id, { title: 'Again', slug: `${campaign.slug}-2` }),
    );
    expect(clone).toMatchObject({ title: 'Again', status: 'draft', version: 1, startsAt: campaign.startsAt });
    const [copy] = (await desk.catalogue.campaign(clone.id))!.products;
    expect(copy!.id).not.toBe(product.id);
    expect(copy).toMatchObject({ sku: product.sku, images: product.images, attributes: product.attributes });
    expect(copy!.engine).toEqual({
      waiting: 0,
      confirmedAt: undefined,
      isCurrent: false,
      refusal: undefined,
    });
    expect(await desk.outbox(copy!.id)).toEqual([]);
    expect(await desk.catalogue.stockChanges(copy!.id)).toEqual([]);
    // It was never sent: its quantity is a field, and it can be taken away.
    const fewer = saved(await desk.catalogue.saveProduct(EDA, copy!.id, 1, { ...copy!, quantity: 7 }));
    expect(fewer).toMatchObject({ quantity: 7 });
    saved(await desk.catalogue.removeProduct(EDA, copy!.id, fewer.version));
    expect((await desk.read(product.id)).quantity).toBe(100);
    expect(
      refusals(await desk.catalogue.clone(EDA, campaign.id, { title: 'X', slug: campaign.slug })),
    ).toHaveLength(1);
    expect(await desk.catalogue.clone(EDA, 'nobody', { title: 'X', slug: 'xyz' })).toEqual({
      outcome: 'not_found',
    });
  });

  test('a change of stock is one change, however often its form is sent', async () => {
    const { product } = await desk.published();
    const once = saved(await desk.catalogue.changeStock(PAT, product.id, 'form-1', 50));
    const twice = saved(await desk.catalogue.changeStock(PAT, product.id, 'form-1', 50));
    expect(twice).toEqual(once);
    expect(once).toMatchObject({ requestId: 'form-1', units: 50, state: 'waiting', userName: 'Pat' });
    expect(refusals(await desk.catalogue.changeStock(PAT, product.id, 'form-1', 51))).toHaveLength(1);
    saved(await desk.catalogue.changeStock(PAT, product.id, 'form-2', -20));
    expect((await desk.catalogue.stockChanges(product.id)).map(({ units }) => units)).toEqual([-20, 50, 100]);
    // What was asked for is no change yet.
    const told = async (): Promise<unknown> =>
      (await desk.catalogue.trail({ campaignId: product.campaignId }))
        .slice(0, 2)
        .map(({ action, changes, answer }) => [action, changes, answer]);
    const asked = { state: 'waiting', refusal: undefined };
    expect(await told()).toEqual([
      ['stock_withdrawn', [{ field: 'units', from: '', to: '20' }], asked],
      ['stock_added', [{ field: 'units', from: '', to: '50' }], asked],
    ]);
    await pool.query(
      `UPDATE doorbuster_catalogue.outbox SET answered_at = now(), outcome = $2 WHERE product_id = $1 AND kind = 'withdrawStock'`,
      [product.id, JSON.stringify({ kind: 'refused', reason: 'Too many.' })],
    );
    expect(await told()).toEqual([
      ['stock_withdrawn', expect.anything(), { state: 'refused', refusal: 'Too many.' }],
      ['stock_added', expect.anything(), asked],
    ]);
    expect((await desk.read(product.id)).quantity).toBe(100);
    for (const units of [0, 1.5, 10_000_001, Number.NaN])
      // oxlint-disable-next-line no-await-in-loop
      expect(refusals(await desk.catalogue.changeStock(PAT, product.id, 'form-3', units))).toHaveLength(1);
    const draft = await desk.product(await desk.campaign());
    expect(refusals(await desk.catalogue.changeStock(PAT, draft.id, 'form-1', 1))).toEqual([
      'status: It is not on sale yet: change its quantity itself.',
    ]);
  });

  test('a file is imported whole, or every wrong line is told and none is', async () => {
    const campaign = await desk.campaign();
    const known = await desk.product(campaign);
    const lines = [
      { line: 2, id: known.id, draft: { ...known, name: 'Renamed' } },
      { line: 3, draft: desk.productDraft({ name: 'New' }) },
      { line: 4, draft: desk.productDraft({ name: '' }) },
      { line: 5, draft: desk.productDraft({ amount: 10.5 }) },
      { line: 6, id: known.id, draft: known },
      { line: 7, id: 'nobody', draft: known },
    ];
    const refused = await desk.catalogue.importProducts(EDA, campaign.id, 1, lines);
    expect(refused).toMatchObject({
      outcome: 'refused',
      findings: [
        { line: 4, field: 'name' },
        { line: 5, field: 'amount' },
        { line: 6, field: 'id' },
        { line: 7, field: 'id' },
      ],
    });
    expect((await desk.catalogue.campaign(campaign.id))!.products).toEqual([known]);
    const trail = await desk.catalogue.trail({ campaignId: campaign.id });

    const done = await desk.catalogue.importProducts(EDA, campaign.id, 1, lines.slice(0, 2));
    expect(saved(done)).toEqual({ added: 1, changed: 1 });
    expect((await desk.catalogue.campaign(campaign.id))!.products.map(({ name }) => name)).toEqual([
      'Renamed',
      'New',
    ]);
    expect(await desk.catalogue.trail({ campaignId: campaign.id })).toHaveLength(trail.length + 3);
  });

  test('nothing is published or imported over products that somebody changed since they were seen', async () => {
    const campaign = await desk.campaign();
    const [one, two] = [await desk.product(campaign), await desk.product(campaign)];
    const look = async (): Promise<string> => seenOf((await desk.catalogue.campaign(campaign.id))!.products);
    const changes = [
      () => desk.catalogue.saveProduct(EDA, one.id, 1, { ...one, amount: 1 }),
      () => desk.catalogue.moveProduct(EDA, two.id, -1),
      () => desk.catalogue.removeProduct(EDA, two.id, 1),
      () => desk.catalogue.addProduct(EDA, campaign.id, desk.productDraft()),
      () => desk.catalogue.importProducts(EDA, campaign.id, 1, [{ line: 2, draft: desk.productDraft() }]),
    ];
    for (const change of changes) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const seen = await look();
      // oxlint-disable-next-line no-await-in-loop
      saved<unknown>(await change());
      // oxlint-disable-next-line no-await-in-loop
      expect(await desk.catalogue.publish(PAT, campaign.id, 1, seen)).toEqual({
        outcome: 'conflict',
        current: campaign,
      });
      const lines = [{ line: 2, id: one.id, draft: one }];
      // oxlint-disable-next-line no-await-in-loop
      expect(await desk.catalogue.importProducts(EDA, campaign.id, 1, lines, seen)).toMatchObject({
        outcome: 'conflict',
      });
    }
    expect(await desk.read(one.id)).toMatchObject({ amount: 1 });
    saved(await desk.catalogue.publish(PAT, campaign.id, 1, await look()));
  });

  test('a campaign has 500 products at most, one by one and from a file', async () => {
    const campaign = await desk.campaign();
    const product = await desk.product(campaign);
    await desk.pool.query(
      `INSERT INTO doorbuster_catalogue.products (id, campaign_id, position, name, description, sku, currency,
         per_customer_limit, hold_seconds, attributes, version, updated_at, updated_by)
       SELECT id || n, campaign_id, n, name, '', '', currency, 1, 0, '[]', 1, updated_at, updated_by
       FROM doorbuster_catalogue.products, generate_series(2, 499) AS n WHERE id = $1`,
      [product.id],
    );
    const draft = desk.productDraft();
    const two = [2, 3].map((line) => ({ line, draft }));
    expect(refusals(await desk.catalogue.importProducts(EDA, campaign.id, 1, two))).toEqual([
      'products: A campaign has 500 products at most.',
    ]);
    saved(await desk.catalogue.addProduct(EDA, campaign.id, draft));
    expect(refusals(await desk.catalogue.addProduct(EDA, campaign.id, draft))).toEqual([
      'products: A campaign has 500 products at most.',
    ]);
    const many = Array.from({ length: 501 }, (_, at) => ({ line: at + 2, draft }));
    expect(refusals(await desk.catalogue.importProducts(EDA, campaign.id, 1, many))).toEqual([
      'file: The file holds 501 products; a campaign has 500 at most.',
    ]);
  });

  test('images that are not in the library are refused', async () => {
    const campaign = await desk.campaign();
    const draft = desk.productDraft({ images: [{ imageId: 'gone', alt: '' }] });
    expect(refusals(await desk.catalogue.addProduct(EDA, campaign.id, draft))).toEqual([
      'images: A picture is not there any more: upload it again.',
    ]);
  });
});
