import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OPEN_GATE, type Command } from '../../../src/actors/index.ts';
import {
  EngineDispatcher,
  OPEN_CAMPAIGN_GATE,
  openPool,
  type CatalogueProduct,
  type EngineDispatcherOptions,
} from '../../../src/persistence/index.ts';
import { systemRandom as random, systemTimers as timers } from '../../../src/runtime/index.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { POSTGRES_KINDS, SERVER_MS_MAX, type StartedPostgres } from '../postgres-kinds.ts';
import { ActorEngine, refusing } from './actor-engine.ts';
import { Desk, EDA, MINUTE_MS, PAT, saved } from './desk.ts';

const LONG_MS = 60_000;
const DAY_MS = 86_400_000;

describe.each(POSTGRES_KINDS)('the dispatcher on $kind Postgres', { timeout: SERVER_MS_MAX }, ({ start }) => {
  let postgres: StartedPostgres;
  let pool: Pool;
  let otherPool: Pool;
  let desk: Desk;
  let engine: ActorEngine;
  let dispatcher: EngineDispatcher;
  let made: EngineDispatcher[] = [];
  let told: string[] = [];

  beforeAll(async () => {
    postgres = await start();
    pool = openPool(postgres.connection, 4, 'doorbuster test');
    otherPool = openPool(postgres.connection, 4, 'doorbuster test');
    desk = await Desk.open(pool);
  }, SERVER_MS_MAX);
  afterAll(async () => {
    await Promise.all([pool?.end(), otherPool?.end()]);
    await postgres?.stop();
  }, SERVER_MS_MAX);
  beforeEach(() => {
    engine = new ActorEngine(() => desk.now);
    told = [];
    dispatcher = make();
  });
  afterEach(async () => {
    await Promise.all(made.map((each) => each.stop()));
    made = [];
  });

  function make(options: Partial<EngineDispatcherOptions> = {}): EngineDispatcher {
    const clock = { now: () => desk.now, monotonic: () => performance.now() };
    const tell = (_: object, message: string): number => told.push(message);
    const logger = { info: tell, warn: tell, error: tell };
    const limits = { retryFirstMs: 1, retryMostMs: 5, pollMs: 10, lookAgainMs: 5, ...options.limits };
    const dispatcher = new EngineDispatcher({
      pool,
      engine,
      clock,
      timers,
      random,
      logger,
      ...options,
      limits,
    });
    made.push(dispatcher);
    return dispatcher;
  }

  const settled = async (...products: CatalogueProduct[]): Promise<void> => {
    expect(
      await dispatcher.settle(
        products.map(({ id }) => id),
        LONG_MS,
      ),
    ).toBe(true);
  };

  /** What the catalogue says of a product is what its actor has. */
  async function expectAgreement(productId: string): Promise<CatalogueProduct> {
    const product = await desk.read(productId);
    const actor = engine.products.get(productId)!;
    const { name, description, startsAt, endsAt, amount, currency, perCustomerLimit, holdSeconds } = product;
    expect(actor.configuration).toEqual({
      name,
      description,
      startsAt,
      endsAt,
      amount,
      currency,
      perCustomerLimit,
      holdSeconds,
    });
    expect(product.quantity).toBe(actor.stock.loaded - actor.stock.withdrawn);
    expect(product.engine).toMatchObject({ waiting: 0, isCurrent: true, refusal: undefined });
    const { campaign } = (await desk.catalogue.product(productId))!;
    expect(actor.paused).toBe(campaign.status !== 'published');
    return product;
  }

  test('a published product arrives, with its stock, and says when', async () => {
    const { product } = await desk.published();
    await settled(product);
    desk.now += 1;
    const confirmed = await expectAgreement(product.id);
    expect(confirmed.engine.confirmedAt).toBe(desk.now - 1);
    expect(engine.products.get(product.id)!.stock).toMatchObject({ loaded: 100, available: 100 });
    expect(await desk.catalogue.stockChanges(product.id)).toEqual([
      expect.objectContaining({
        units: 100,
        state: 'confirmed',
        stock: expect.objectContaining({ loaded: 100 }),
      }),
    ]);
  });

  test('a dispatcher that runs by itself sends what others left behind', async () => {
    dispatcher.start();
    const { product } = await desk.published();
    await waitUntil('it is confirmed', async () => (await desk.read(product.id)).engine.waiting === 0);
    expect(await expectAgreement(product.id)).toMatchObject({ quantity: 100 });
  });

  test('changes arrive in the order in which they were made', async () => {
    const { campaign, product } = await desk.published();
    const paused = saved(await desk.catalogue.pause(PAT, campaign.id));
    const cheaper = saved(
      await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, amount: 3_900 }),
    );
    saved(
      await desk.catalogue.saveProduct(EDA, product.id, cheaper.version, { ...cheaper, perCustomerLimit: 7 }),
    );
    saved(await desk.catalogue.changeStock(PAT, product.id, 'more', 20));
    saved(await desk.catalogue.changeStock(PAT, product.id, 'fewer', -50));
    saved(await desk.catalogue.resume(PAT, campaign.id, paused.version));
    await settled(product);
    expect(engine.decided.map(({ kind }) => kind)).toEqual([
      'configure',
      'loadStock',
      'pause',
      'configure',
      'configure',
      'loadStock',
      'withdrawStock',
      'resume',
    ]);
    expect(await expectAgreement(product.id)).toMatchObject({ quantity: 70, amount: 3_900 });
    expect(engine.buy(product.id, 'ada')).toBe('reserved');
  });

  test('a gate that changes while the campaign is live is what the actor enforces from then on', async () => {
    const { campaign, product } = await desk.published();
    await settled(product);
    expect(engine.products.get(product.id)!.configuration.gate).toBeUndefined();
    const gate = { ...OPEN_CAMPAIGN_GATE, attemptsMax: 1, limits: false };
    saved(await desk.catalogue.saveCampaign(PAT, campaign.id, campaign.version, { ...campaign, gate }));
    // Until the engine has answered, the product is not as it was saved.
    expect((await desk.read(product.id)).engine).toMatchObject({ waiting: 1, isCurrent: false });
    await settled(product);
    expect((await desk.read(product.id)).engine).toMatchObject({ waiting: 0, isCurrent: true });
    expect(engine.products.get(product.id)!.configuration.gate).toEqual({ ...OPEN_GATE, attemptsMax: 1 });
    // A save of the product does not take it away.
    const { version } = await desk.read(product.id);
    saved(await desk.catalogue.saveProduct(PAT, product.id, version, { ...product, holdSeconds: 90 }));
    await settled(product);
    expect(engine.products.get(product.id)!.configuration).toMatchObject({
      holdSeconds: 90,
      gate: { attemptsMax: 1 },
    });
  });

  test('of a cancelled campaign nothing more can be bought, and nothing is left to withdraw', async () => {
    const { campaign, product } = await desk.published();
    await settled(product);
    expect(engine.buy(product.id, 'ada', 2)).toBe('reserved');
    saved(await desk.catalogue.cancel(PAT, campaign.id, campaign.version));
    await settled(product);
    expect(engine.buy(product.id, 'bob')).toBe('sale_paused');
    expect(await expectAgreement(product.id)).toMatchObject({ quantity: 2 });
    expect(engine.products.get(product.id)!.stock).toMatchObject({
      available: 0,
      reserved: 2,
      withdrawn: 98,
    });
  });

  test('a withdrawal below what is sold is refused with figures, and changes nothing', async () => {
    const { product } = await desk.published({ quantity: 10 });
    await settled(product);
    expect(engine.buy(product.id, 'ada', 2)).toBe('reserved');
    saved(await desk.catalogue.changeStock(PAT, product.id, 'too-many', -9));
    await settled(product);
    const [change] = await desk.catalogue.stockChanges(product.id);
    expect(change).toMatchObject({
      state: 'refused',
      refusal:
        '9 units cannot be withdrawn: of 10 on sale 0 are sold and 2 are held by orders that are not paid yet, so 8 can be ' +
        'withdrawn. Nothing was changed.',
    });
    expect(await expectAgreement(product.id)).toMatchObject({ quantity: 10 });
  });

  test('what somebody else changed in the engine is told, and sold as it is until it is sent again', async () => {
    const { campaign, product } = await desk.published();
    await settled(product);
    const actor = engine.products.get(product.id)!;
    const theirs = { ...actor.configuration, name: 'Theirs', perCustomerLimit: 9 };
    engine.decide({
      kind: 'configure',
      productId: product.id,
      configuration: theirs,
      expectedRevision: undefined,
    });
    const mine = saved(await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, holdSeconds: 60 }));
    saved(await desk.catalogue.changeStock(PAT, product.id, 'behind', 5));
    await settled(product);
    const refused = await desk.read(product.id);
    expect(refused.engine).toMatchObject({
      isCurrent: false,
      refusal: expect.stringContaining('its name, its limit per customer, its hold time would change'),
    });
    expect(engine.products.get(product.id)!.configuration).toEqual(theirs);
    expect((await desk.catalogue.stockChanges(product.id))[0]).toMatchObject({
      state: 'refused',
      refusal: expect.stringContaining('It was not sent'),
    });
    const paused = saved(await desk.catalogue.pause(PAT, campaign.id));
    expect(await desk.catalogue.resume(PAT, campaign.id, paused.version)).toMatchObject({
      outcome: 'refused',
      findings: [{ productId: product.id, message: expect.stringContaining('Send it again') }],
    });
    saved(await desk.catalogue.sendAgain(EDA, product.id));
    await settled(product);
    expect(await expectAgreement(product.id)).toMatchObject({ version: mine.version, holdSeconds: 60 });
    saved(await desk.catalogue.resume(PAT, campaign.id, paused.version));
    await settled(product);
    await expectAgreement(product.id);
  });

  test('a first load that was refused with its configuration follows when that is sent again', async () => {
    const { product } = await desk.published();
    engine.decide({
      kind: 'configure',
      productId: product.id,
      expectedRevision: 0,
      configuration: {
        name: product.name,
        description: '',
        startsAt: 1,
        endsAt: 2,
        amount: 1,
        currency: 'EUR',
        perCustomerLimit: 1,
        holdSeconds: 0,
      },
    });
    await settled(product);
    expect(engine.products.get(product.id)!.stock.loaded).toBe(0);
    expect((await desk.read(product.id)).engine.refusal).toContain(
      'Somebody changed this product in the engine',
    );
    // Its price is locked, as its sale has begun long ago.
    saved(await desk.catalogue.sendAgain(EDA, product.id));
    await settled(product);
    expect((await desk.read(product.id)).engine.refusal).toContain('Pause the campaign');
    const { campaign } = (await desk.catalogue.product(product.id))!;
    const paused = saved(await desk.catalogue.pause(PAT, campaign.id));
    saved(await desk.catalogue.sendAgain(EDA, product.id));
    await settled(product);
    await expectAgreement(product.id);
    saved(await desk.catalogue.resume(PAT, campaign.id, paused.version));
    await settled(product);
    expect(await expectAgreement(product.id)).toMatchObject({ quantity: 100 });
  });

  test('a paused campaign goes on without the products that are over and closed for good', async () => {
    const campaign = await desk.campaign({ startsAt: desk.now, endsAt: desk.now + 5 * DAY_MS });
    const hours = { startsAt: desk.now, endsAt: desk.now + DAY_MS };
    const [short, long] = [
      await desk.product(campaign, hours),
      await desk.product(campaign, { ...hours, endsAt: desk.now + 4 * DAY_MS }),
    ];
    saved(await desk.catalogue.publish(PAT, campaign.id, 1));
    await settled(short, long);
    const { now } = desk;
    desk.now += 3 * DAY_MS;
    engine.decide({ kind: 'retire', productId: short.id, keptMs: DAY_MS });
    saved(await desk.catalogue.pause(PAT, campaign.id));
    await settled(short, long);
    // Nothing of it changes any more, and that is told.
    saved(await desk.catalogue.saveProduct(EDA, short.id, 1, { ...short, perCustomerLimit: 9 }));
    await settled(short, long);
    expect((await desk.read(short.id)).engine.refusal).toContain('closed for good');
    const paused = (await desk.catalogue.campaign(campaign.id))!.campaign;
    saved(await desk.catalogue.resume(PAT, campaign.id, paused.version));
    await settled(short, long);
    await expectAgreement(long.id);
    desk.now = now;
  });

  test('resuming what is closed for good is no refusal', async () => {
    const { campaign, product } = await desk.published();
    await settled(product);
    const paused = saved(await desk.catalogue.pause(PAT, campaign.id));
    await settled(product);
    const { now } = desk;
    desk.now += 2 * DAY_MS;
    engine.decide({ kind: 'retire', productId: product.id, keptMs: DAY_MS });
    saved(await desk.catalogue.resume(PAT, campaign.id, paused.version));
    await settled(product);
    expect((await desk.read(product.id)).engine.refusal).toBeUndefined();
    desk.now = now;
  });

  test.each(['published', 'paused', 'cancelled'] as const)(
    'of a %s campaign, a first load that was held back follows only a product that is saved as the engine has it',
    async (status) => {
      const { campaign, product } = await desk.published({ quantity: 40 });
      const { name, description, endsAt, currency, perCustomerLimit, holdSeconds } = product;
      const theirs = { name, description, startsAt: product.startsAt!, endsAt: endsAt!, amount: 100 };
      const configuration = { ...theirs, currency, perCustomerLimit, holdSeconds };
      engine.decide({ kind: 'configure', productId: product.id, expectedRevision: 0, configuration });
      await settled(product);
      expect((await desk.read(product.id)).engine.refusal).toContain('Somebody changed this product');
      let { version } = campaign;
      const pause = async (): Promise<void> => {
        ({ version } = saved(await desk.catalogue.pause(PAT, campaign.id)));
      };
      await pause();
      await settled(product);
      saved(await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, amount: 100 }));
      if (status === 'cancelled') saved(await desk.catalogue.cancel(PAT, campaign.id, version));
      await settled(product);
      if (status === 'published') {
        saved(await desk.catalogue.resume(PAT, campaign.id, version));
        await settled(product);
        expect(engine.buy(product.id, 'ada')).toBe('reserved');
      }
      const units = status === 'cancelled' ? 0 : 40;
      expect(engine.products.get(product.id)!.stock.loaded).toBe(units);
      if (units > 0) expect(await expectAgreement(product.id)).toMatchObject({ quantity: 40 });
    },
  );

  test('a first load that was held back follows a save that was on its way already', async () => {
    const { product } = await desk.published({ quantity: 40 });
    const { name, description, endsAt, currency, perCustomerLimit, amount } = product;
    const theirs = { name, description, startsAt: product.startsAt!, endsAt: endsAt!, amount: amount! };
    const configuration = { ...theirs, currency, perCustomerLimit, holdSeconds: 77 };
    engine.decide({ kind: 'configure', productId: product.id, expectedRevision: 0, configuration });
    saved(await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, holdSeconds: 77 }));
    await settled(product);
    expect(await expectAgreement(product.id)).toMatchObject({ quantity: 40 });
    expect(engine.products.get(product.id)!.stock.loaded).toBe(40);
  });

  test('what the engine cannot decide is sent until it can', async () => {
    const { product } = await desk.published();
    let refusals = 6;
    engine.before = () => (refusals-- > 0 ? refusing('overloaded') : undefined);
    engine.after = (_, reply) => (refusals-- > -8 ? refusing('outcome_unknown') : reply);
    await settled(product);
    await expectAgreement(product.id);
    expect(engine.products.get(product.id)!.stock.loaded).toBe(100);
  });

  test('a page waits no longer than it said, and the command is sent without it', async () => {
    const { product } = await desk.published();
    engine.before = () => refusing('overloaded');
    expect(await dispatcher.settle([product.id], 50)).toBe(false);
    engine.before = () => undefined;
    dispatcher.start();
    await waitUntil('it is confirmed', async () => (await desk.read(product.id)).engine.waiting === 0);
    await expectAgreement(product.id);
  });

  test('an engine that throws is told of, and asked again', async () => {
    const { product } = await desk.published();
    let isBroken = true;
    engine.before = () => {
      if (isBroken) throw new Error('broken');
    };
    dispatcher.start();
    await waitUntil('it is told', () => told.length > 0);
    isBroken = false;
    await settled(product);
    expect(await expectAgreement(product.id)).toMatchObject({ quantity: 100 });
  });

  /** A dispatcher that dies in this very place: it does nothing more, and its lease runs out. */
  async function die(productId: string, at: 'before' | 'after', kind: Command['kind']): Promise<void> {
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const never = new Promise<void>(() => undefined);
    const hook = (command: Command): Promise<void> | void => {
      if (command.kind !== kind) return undefined;
      reach();
      return never;
    };
    engine[at] = hook;
    const dead = make({ limits: { leaseMs: 40 } });
    made.pop();
    void dead.settle([productId], LONG_MS);
    await reached;
    engine[at] = () => undefined;
  }

  test.each(
    (['configure', 'loadStock', 'withdrawStock', 'pause', 'resume'] as const).flatMap((kind) => [
      { kind, at: 'before' as const },
      { kind, at: 'after' as const },
    ]),
  )(
    'a dispatcher that dies right $at $kind is followed by one that finishes its work',
    async ({ kind, at }) => {
      const { campaign, product } = await desk.published();
      const paused = saved(await desk.catalogue.pause(PAT, campaign.id));
      saved(await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, amount: 3_900 }));
      saved(await desk.catalogue.changeStock(PAT, product.id, 'fewer', -30));
      saved(await desk.catalogue.resume(PAT, campaign.id, paused.version));
      await die(product.id, at, kind);
      await settled(product);
      const actor = engine.products.get(product.id)!;
      expect(actor.stock).toMatchObject({ loaded: 100, withdrawn: 30 });
      expect(actor.revision).toBe(2);
      expect(await expectAgreement(product.id)).toMatchObject({ amount: 3_900, quantity: 70 });
    },
  );

  test('of a cancelled product that is withdrawn at the second try the first one counts', async () => {
    const { campaign, product } = await desk.published({ holdSeconds: 1 });
    await settled(product);
    engine.buy(product.id, 'ada', 2);
    saved(await desk.catalogue.cancel(PAT, campaign.id, campaign.version));
    await die(product.id, 'after', 'withdrawStock');
    const actor = engine.products.get(product.id)!;
    // A hold that ends between the two tries gives its units back.
    actor.stock.available += 2;
    actor.stock.reserved -= 2;
    await settled(product);
    expect(actor.stock).toMatchObject({ withdrawn: 98, available: 2 });
    expect(await expectAgreement(product.id)).toMatchObject({ quantity: 2 });
  });

  test('two dispatchers at once send everything in order, and load no stock twice', async () => {
    const campaign = await desk.campaign();
    const products: CatalogueProduct[] = [];
    for (let made = 0; made < 6; made++) products.push(await desk.product(campaign, { quantity: 10 + made }));
    saved(await desk.catalogue.publish(PAT, campaign.id, 1));
    for (const product of products) {
      saved(await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, holdSeconds: 17 }));
      saved(await desk.catalogue.changeStock(PAT, product.id, 'more', 5));
    }
    // Answers come late and mixed, and leases run out in between: what was sent is sent again by the other one.
    engine.after = () => new Promise((resolve) => void setTimeout(resolve, Math.random() * 12));
    const other = make({ pool: otherPool, limits: { leaseMs: 8, commandsMax: 5 } });
    const one = make({ limits: { leaseMs: 8, commandsMax: 3 } });
    other.start();
    one.start();
    await waitUntil('all is confirmed', async () => {
      const all = (await desk.catalogue.campaign(campaign.id))!.products;
      return all.every(({ engine: { waiting } }) => waiting === 0);
    });
    for (const [at, { id }] of products.entries()) {
      const product = await expectAgreement(id);
      expect(product).toMatchObject({ quantity: 15 + at, holdSeconds: 17 });
      expect(engine.products.get(id)!.revision).toBe(2);
    }
  });

  describe('one that wakes long after its lease ran out', () => {
    /** It does not see that time passed. @returns wakes it, and resolves when it is done */
    async function stall(kind: Command['kind']): Promise<() => Promise<void>> {
      const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
      const { promise: woken, resolve: wake } = Promise.withResolvers<void>();
      engine.before = async (command) => {
        if (command.kind !== kind) return;
        engine.before = () => undefined;
        reach();
        await woken;
      };
      const clock = { now: () => desk.now, monotonic: () => 0 };
      const stalled = make({ pool: otherPool, clock, limits: { leaseMs: 30 } });
      stalled.start();
      await reached;
      return async () => {
        wake();
        await stalled.stop();
      };
    }

    test('puts no older configuration over a newer one', async () => {
      const { product } = await desk.published();
      const wake = await stall('configure');
      saved(await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, name: 'Newer' }));
      await settled(product);
      await wake();
      expect(await expectAgreement(product.id)).toMatchObject({ name: 'Newer' });
      expect(engine.products.get(product.id)!.configuration.name).toBe('Newer');
    });

    test('puts none over a newer one when it was to overwrite whatever is there', async () => {
      const { product } = await desk.published();
      await settled(product);
      saved(await desk.catalogue.sendAgain(EDA, product.id));
      const wake = await stall('showProduct');
      saved(await desk.catalogue.saveProduct(EDA, product.id, 1, { ...product, name: 'Newer' }));
      await settled(product);
      await wake();
      expect(await expectAgreement(product.id)).toMatchObject({ name: 'Newer' });
    });

    test('pauses nothing for good that goes on by now', async () => {
      const { campaign, product } = await desk.published();
      await settled(product);
      const paused = saved(await desk.catalogue.pause(PAT, campaign.id));
      const wake = await stall('pause');
      saved(await desk.catalogue.resume(PAT, campaign.id, paused.version));
      await settled(product);
      await wake();
      expect(engine.products.get(product.id)!.paused, 'it was sent late').toBe(true);
      await settled(product);
      await expectAgreement(product.id);
    });

    test('sends nothing when it sees that it is late', async () => {
      const { product } = await desk.published();
      let now = 0;
      const clock = { now: () => desk.now, monotonic: () => now };
      // The pool gives the rows, and then it is a minute later.
      const late = {
        connect: () => otherPool.connect(),
        query: async (text: string, values: unknown[]) => {
          const result = await otherPool.query(text, values);
          now += MINUTE_MS;
          return result;
        },
      } as unknown as Pool;
      const dispatcher = make({ pool: late, clock });
      await dispatcher.settle([product.id], MINUTE_MS / 2);
      expect(engine.decided).toEqual([]);
      expect(await desk.outbox(product.id)).toHaveLength(2);
    });
  });
});
