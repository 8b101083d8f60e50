// Where the `cache` benchmark reads orders of a closed sale and the shop window's list: Redis, with and without auto-pipelining, and
// Postgres, servers of the run's own. Ended by whoever made it.

import { OrderCache } from '../src/http/index.ts';
import { ShopWindow } from '../src/http/shop-window.ts';
import { migrate, openPool, OrderReads, ProductReads, type OrderRow } from '../src/persistence/index.ts';
import { parseRedisAddress } from '../src/persistence/cache/index.ts';
import { RedisCache } from '../src/persistence/cache/redis-cache.ts';
import { systemClock } from '../src/runtime/index.ts';
import { waitUntil } from '../test/harness/wait-until.ts';
import { startPostgres } from '../test/servers/postgres.ts';
import { startRedis, type RedisServer } from '../test/servers/redis.ts';
import { CLOSED, closedOrders } from './cache-orders.ts';
import { cpuTimeOf, total } from './process-cpu.ts';
import { someProducts } from './sale.ts';

/** As a node's worker thread has them. */
const CONNECTIONS = 2;
export const PRODUCTS_SHOWN = 24;
/** No read is to be late for want of a core: it would count as a miss. */
const PATIENT = { readMs: 30_000, writeMs: 30_000 };
const LIFETIME_MS = { order: 3_600_000, products: 3_600_000 };
const FILLED_AT_ONCE = 200;

const INSERT_PRODUCTS = `
  INSERT INTO doorbuster.products (id, name, description, starts_at, ends_at, unit_amount, currency, per_customer_limit, hold_seconds,
    paused, revision, version, shard, retired_at)
  SELECT id, id, '', now() - interval '2 days', now() - interval '1 day', 1999, 'EUR', 1, 600, false, 1, 1, 0, now()
  FROM unnest($1::text[]) AS batch (id)`;
const INSERT_ORDERS = `
  INSERT INTO doorbuster.orders (id, product_id, customer_id, idempotency_key, quantity, unit_amount, currency, status, created_at,
    hold_expires_at, version, shard)
  SELECT id, $3, customer_id, id, 1, 1999, 'EUR', 'paid', now() - interval '1 day', now() - interval '1 day', 7, 0
  FROM unnest($1::text[], $2::text[]) AS batch (id, customer_id)`;

export class CacheStores {
  readonly closed: readonly OrderRow[];
  readonly cached: OrderCache;
  readonly cachedWithoutPipelining: OrderCache;
  readonly window: ShopWindow;
  readonly orders: OrderReads;
  readonly products: ProductReads;
  readonly #redis: RedisServer;
  readonly #postgresPids: () => Promise<readonly number[]>;
  readonly #undo: readonly (() => Promise<void>)[];

  private constructor(parts: Awaited<ReturnType<typeof openStores>>, undo: readonly (() => Promise<void>)[]) {
    this.closed = parts.closed;
    this.cached = new OrderCache(parts.piped);
    this.cachedWithoutPipelining = new OrderCache(parts.unpiped);
    this.products = new ProductReads(parts.pool);
    this.window = new ShopWindow(this.products, parts.piped);
    this.orders = new OrderReads(parts.pool);
    this.#redis = parts.redis;
    this.#postgresPids = parts.postgresPids;
    this.#undo = undo;
  }

  static async start(from: number): Promise<CacheStores> {
    const undo: (() => Promise<void>)[] = [];
    try {
      const stores = new CacheStores(await openStores(from, undo), undo);
      await stores.#fill();
      return stores;
    } catch (error) {
      for (const step of undo.toReversed()) await step();
      throw error;
    }
  }

  /** Microseconds that the server took so far. */
  async redisCpuMicros(): Promise<number> {
    const told = await this.#redis.askAll('INFO cpu');
    const seconds = [...told.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].map(([, text]) => Number(text));
    return seconds.reduce((sum, each) => sum + each, 0) * 1_000_000;
  }

  /** Of the processes that serve the reader's connections. */
  async postgresCpuMicros(): Promise<number> {
    return (await this.#postgresPids()).reduce((sum, pid) => sum + total(cpuTimeOf(pid)), 0);
  }

  async stop(): Promise<void> {
    for (const step of this.#undo.toReversed()) await step();
  }

  async #fill(): Promise<void> {
    for (let at = 0; at < this.closed.length; at += FILLED_AT_ONCE) {
      const some = this.closed.slice(at, at + FILLED_AT_ONCE);
      for (const order of some) this.cached.remember(order, 7);
      const isThere = async (order: OrderRow): Promise<boolean> =>
        (await this.cached.find(order)) !== undefined;
      await waitUntil('the orders are cached', async () =>
        (await Promise.all(some.map(isThere))).every(Boolean),
      );
    }
    // The first read of the list fills it.
    await this.window.productIds();
  }
}

async function openStores(from: number, undo: (() => Promise<void>)[]) {
  const redis = await startRedis({ appendonly: 'no' });
  undo.push(() => redis.stop());
  const postgres = await startPostgres();
  undo.push(() => postgres.stop());
  const pool = openPool(postgres.connection, CONNECTIONS, 'doorbuster bench');
  undo.push(() => pool.end());
  await migrate(pool);
  const closed = closedOrders(from);
  await pool.query(INSERT_PRODUCTS, [[CLOSED, ...someProducts(PRODUCTS_SHOWN)]]);
  const columns = [closed.map(({ id }) => id), closed.map(({ customerId }) => customerId)];
  await pool.query(INSERT_ORDERS, [...columns, CLOSED]);
  await pool.query('ANALYZE');
  const open = (autoPipelining: boolean): RedisCache =>
    new RedisCache({
      address: parseRedisAddress(redis.url),
      keys: 'bench:v1:journal:',
      logger: { info: () => undefined, warn: complain, error: complain },
      clock: systemClock,
      lifetimeMs: LIFETIME_MS,
      waitMs: PATIENT,
      autoPipelining,
    });
  const [piped, unpiped] = [open(true), open(false)];
  undo.push(async () => void (await Promise.all([piped.close(), unpiped.close()])));
  await waitUntil('Redis is there', () =>
    [piped, unpiped].every((cache) => cache.figures().state === 'working'),
  );
  const postgresPids = async (): Promise<number[]> => {
    const { rows } = await pool.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'doorbuster bench'`,
    );
    return rows.map(({ pid }) => pid);
  };
  return { redis, pool, closed, piped, unpiped, postgresPids };
}

const complain = (fields: object, message: string): void => console.error(message, fields);
