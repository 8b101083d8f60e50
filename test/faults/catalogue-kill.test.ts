// A node is killed between the catalogue's commit and the actor's confirmation, in each state that can be left behind, and at
// random: after the next start catalogue and engine agree, and no stock is loaded twice.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool, PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import {
  Catalogue,
  openPool,
  type Campaign,
  type CatalogueProduct,
  type PostgresConnection,
} from '../../src/persistence/index.ts';
import { systemClock, systemRandom } from '../../src/runtime/index.ts';
import { Engine, temporaryFolder } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { saved } from '../persistence/catalogue/desk.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';

const EDITOR = { id: 'u1', name: 'Eda', role: 'publisher' } as const;
const HOUR_MS = 3_600_000;

async function publish(
  catalogue: Catalogue,
  slug: string,
): Promise<{ campaign: Campaign; product: CatalogueProduct }> {
  const now = Date.now();
  const hours = { startsAt: now - HOUR_MS, endsAt: now + HOUR_MS };
  const draft = saved(
    await catalogue.createCampaign(EDITOR, {
      title: slug,
      slug,
      description: '',
      timeZone: 'UTC',
      entry: { kind: 'everyone' },
      ...hours,
    }),
  );
  const { id } = saved(
    await catalogue.addProduct(EDITOR, draft.id, {
      name: slug,
      description: '',
      sku: slug,
      listAmount: undefined,
      amount: 4_900,
      currency: 'EUR',
      quantity: 100,
      perCustomerLimit: 2,
      holdSeconds: 300,
      attributes: [],
      images: [],
      ...hours,
    }),
  );
  const campaign = saved(await catalogue.publish(EDITOR, draft.id, draft.version));
  return { campaign, product: (await catalogue.product(id))!.product };
}

/** What the engine enforces is what the catalogue says, of every part of it. */
async function expectAgreement(engine: Engine, catalogue: Catalogue, id: string): Promise<CatalogueProduct> {
  await waitUntil(
    `${id} is confirmed`,
    async () => (await catalogue.product(id))!.product.engine.waiting === 0,
    () => engine.output,
  );
  const { product, campaign } = (await catalogue.product(id))!;
  expect(product.engine).toMatchObject({ isCurrent: true, refusal: undefined });
  const { body } = await engine.call('GET', `/v1/products/${id}`);
  expect(body).toMatchObject({
    name: product.name,
    price: { amount: product.amount, currency: product.currency },
    startsAt: new Date(product.startsAt!).toISOString(),
    endsAt: new Date(product.endsAt!).toISOString(),
    perCustomerLimit: product.perCustomerLimit,
    holdSeconds: product.holdSeconds,
    sale: { state: campaign.status === 'paused' ? 'paused' : 'on_sale', offered: product.quantity },
  });
  return product;
}

const stockOf = async (engine: Engine, id: string): Promise<Record<string, unknown>> =>
  (await engine.admin('GET', `/products/${id}/stock`)).body;

async function expectCleanAudit(engine: Engine): Promise<void> {
  const { body } = await engine.admin<Report>('GET', '/audit');
  expect(body).toMatchObject({ ok: true, violations: [] });
}

describe('killed in each state that a command can be left in', () => {
  let database: Database;
  let pool: Pool;
  let catalogue: Catalogue;
  let engine: Engine;
  const dataDir = temporaryFolder();

  const start = async (): Promise<void> => {
    const env = { DATABASE_URL: database.url, WORKERS: '1' };
    engine = await Engine.start({ dataDir, env, demo: false });
  };

  beforeAll(async () => {
    database = await createNodeDatabase();
    pool = openPool(database.connection, 4, 'doorbuster test');
    catalogue = new Catalogue(pool, systemClock, systemRandom);
    await start();
  });
  afterAll(async () => {
    await engine?.remove();
    await pool?.end();
    await database?.drop();
  });

  /** The states of a product's commands, in their order. */
  const states = async (productId: string): Promise<string[]> => {
    const { rows } = await pool.query<{ state: string }>(
      `SELECT kind || CASE WHEN answered_at IS NOT NULL THEN ' answered' WHEN leased_until IS NOT NULL THEN ' leased'
         ELSE ' waiting' END AS state
       FROM doorbuster_catalogue.outbox WHERE product_id = $1 ORDER BY id`,
      [productId],
    );
    return rows.map(({ state }) => state);
  };
  const someoneWaitsForALock = async (): Promise<boolean> => {
    const { rows } = await pool.query(
      `SELECT FROM pg_stat_activity WHERE application_name LIKE 'doorbuster worker%' AND wait_event_type = 'Lock'
         AND datname = current_database()`,
    );
    return rows.length > 0;
  };
  /** Holds something until `release`. */
  const hold = async (statement: string, values: unknown[] = []): Promise<PoolClient> => {
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query(statement, values);
    return client;
  };
  const release = async (client: PoolClient): Promise<void> => {
    await client.query('COMMIT');
    client.release();
  };

  test('committed, and nobody has looked at it', async () => {
    await engine.freeze();
    const { product } = await publish(catalogue, 'committed');
    await engine.kill();
    expect(await states(product.id)).toEqual(['configure waiting', 'loadStock waiting']);
    await start();
    expect(await expectAgreement(engine, catalogue, product.id)).toMatchObject({ quantity: 100 });
    expect(await stockOf(engine, product.id)).toMatchObject({ loaded: 100, available: 100 });
  });

  test('taken by the dispatcher, and not sent', async () => {
    await engine.freeze();
    const { product } = await publish(catalogue, 'taken');
    const lock = await hold('LOCK TABLE doorbuster_catalogue.outbox IN EXCLUSIVE MODE');
    engine.signal('SIGCONT');
    await waitUntil('the dispatcher waits for its rows', someoneWaitsForALock);
    // Its statement is carried out, and it never hears of that.
    await engine.freeze();
    await release(lock);
    await waitUntil('the row is taken', async () => (await states(product.id))[0] === 'configure leased');
    await engine.kill();
    await pool.query('UPDATE doorbuster_catalogue.outbox SET leased_until = now() WHERE answered_at IS NULL');
    await start();
    expect(await expectAgreement(engine, catalogue, product.id)).toMatchObject({ quantity: 100 });
    expect(await stockOf(engine, product.id)).toMatchObject({ loaded: 100, available: 100 });
  });

  test('in the journal, and its outcome not written: a configuration, then stock, then a pause', async () => {
    await engine.freeze();
    const { campaign, product } = await publish(catalogue, 'sent');
    const { id } = product;
    const holdProduct = (): Promise<PoolClient> =>
      hold('SELECT FROM doorbuster_catalogue.products WHERE id = $1 FOR UPDATE', [id]);
    /** Whoever writes the outcome down waits for the product, and is killed there. */
    const killBeforeOutcome = async (lock: PoolClient, kind: string, isDone: () => Promise<boolean>) => {
      engine.signal('SIGCONT');
      await waitUntil(`${kind} is in the engine`, isDone);
      await waitUntil('its outcome is about to be written', someoneWaitsForALock);
      await engine.kill();
      await release(lock);
      expect((await states(id)).find((state) => !state.endsWith('answered'))).toBe(`${kind} leased`);
      await pool.query(
        'UPDATE doorbuster_catalogue.outbox SET leased_until = now() WHERE answered_at IS NULL',
      );
      await start();
    };

    await killBeforeOutcome(
      await holdProduct(),
      'configure',
      async () => (await engine.call('GET', `/v1/products/${id}`)).status === 200,
    );
    expect(await expectAgreement(engine, catalogue, id)).toMatchObject({ quantity: 100 });

    await engine.freeze();
    saved(await catalogue.changeStock(EDITOR, id, 'top-up', 50));
    await killBeforeOutcome(
      await holdProduct(),
      'loadStock',
      async () => (await stockOf(engine, id))['loaded'] === 150,
    );
    expect(await expectAgreement(engine, catalogue, id)).toMatchObject({ quantity: 150 });
    expect(await stockOf(engine, id)).toMatchObject({ loaded: 150, available: 150 });

    await engine.freeze();
    const paused = saved(await catalogue.pause(EDITOR, campaign.id));
    saved(await catalogue.saveProduct(EDITOR, id, 1, { ...product, quantity: undefined, amount: 3_900 }));
    saved(await catalogue.resume(EDITOR, campaign.id, paused.version));
    await killBeforeOutcome(
      await holdProduct(),
      'pause',
      async () =>
        (await engine.call<{ sale: { state: string } }>('GET', `/v1/products/${id}`)).body.sale.state ===
        'paused',
    );
    expect(await expectAgreement(engine, catalogue, id)).toMatchObject({ amount: 3_900 });
    expect(await stockOf(engine, id)).toMatchObject({ loaded: 150, available: 150 });
    await expectCleanAudit(engine);
  });
});

/** DOORBUSTER_KILLS asks for more. */
const KILLS = Number(process.env['DOORBUSTER_KILLS'] ?? 1);

test('killed at random moments on the embedded Postgres, with changes of every kind on their way', async () => {
  const dataDir = temporaryFolder();
  let engine = await Engine.start({ dataDir, isEmbedded: true, demo: false, env: { WORKERS: '1' } });
  let pool = openEmbedded();
  let catalogue = new Catalogue(pool, systemClock, systemRandom);
  try {
    let { campaign, product } = await publish(catalogue, 'random');
    const { id } = product;
    await expectAgreement(engine, catalogue, id);
    let units = 100;
    for (let round = 1; round <= KILLS; round++) {
      campaign = saved(await catalogue.pause(EDITOR, campaign.id));
      product = (await catalogue.product(id))!.product;
      const draft = { ...product, quantity: undefined, amount: 4_900 + round, perCustomerLimit: round };
      saved(await catalogue.saveProduct(EDITOR, id, product.version, draft));
      saved(await catalogue.changeStock(EDITOR, id, `more-${round}`, 10));
      saved(await catalogue.changeStock(EDITOR, id, `fewer-${round}`, -3));
      campaign = saved(await catalogue.resume(EDITOR, campaign.id, campaign.version));
      units += 7;
      const killAfterMs = Math.random() * 1_000;
      await new Promise((resolve) => setTimeout(resolve, killAfterMs));
      await engine.kill();
      await pool.end();
      engine = await Engine.start({ dataDir, demo: false, env: { WORKERS: '1' } });
      pool = openEmbedded();
      catalogue = new Catalogue(pool, systemClock, systemRandom);
      // A lease of the dead may still run: nobody waits for it here.
      await pool.query(
        'UPDATE doorbuster_catalogue.outbox SET leased_until = now() WHERE answered_at IS NULL',
      );
      const agreed = await expectAgreement(engine, catalogue, id);
      expect(agreed, `killed after ${killAfterMs} ms`).toMatchObject({
        quantity: units,
        amount: 4_900 + round,
        perCustomerLimit: round,
      });
      expect(await stockOf(engine, id)).toMatchObject({ loaded: 100 + 10 * round, withdrawn: 3 * round });
    }
    await expectCleanAudit(engine);
  } finally {
    await pool.end().catch(() => undefined);
    await engine.remove();
  }

  /** Through the node's own socket. */
  function openEmbedded(): Pool {
    const [host] = readFileSync(join(dataDir, 'postgres.socket-folder'), 'utf8').split('\n');
    const connection: PostgresConnection = {
      host: host!,
      port: 5432,
      database: 'postgres',
      user: 'postgres',
    };
    return openPool(connection, 2, 'doorbuster test');
  }
});
