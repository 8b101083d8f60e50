// What became of a stampede: what its customers were told, against the actor, the owner's answer by key, and Postgres.

import type { Stock } from '../src/actors/index.ts';
import type { Told } from './crowd.ts';
import type { HttpClient } from './http-client.ts';
import type { Shops } from './shops.ts';

export interface Figures {
  readonly acknowledged: number;
  readonly sold: number;
  readonly oversold: number;
  readonly undersold: number;
  /** Customers with more than one order. */
  readonly doubled: number;
  /** Acknowledged orders that the engine does not know. */
  readonly lost: number;
  /** Customers who were refused at last and have an order. */
  readonly misled: number;
  /** Rows of acknowledged orders in Postgres. */
  readonly rows: number;
}

export interface Stampede {
  readonly productId: string;
  readonly units: number;
  /** How many could be sold. */
  readonly wanted: number;
  readonly told: readonly Told[];
}

/** Behind an audit, which waits until Postgres has everything: the lists of orders come from there. */
export async function figuresOf(shops: Shops, client: HttpClient, stampede: Stampede): Promise<Figures> {
  const { productId, units, wanted, told } = stampede;
  const stock = await shops.call<Stock>('GET', `/v1/admin/products/${productId}/stock`);
  const orderIds = new Set(told.flatMap((of) => [...of.orderIds]));
  let lost = 0;
  let misled = 0;
  let rows = 0;
  let doubled = 0;
  await Promise.all(
    told.map(async ({ customer: { token, key, number: turn }, orderIds: mine }) => {
      const path = `/v1/orders?productId=${productId}&idempotencyKey=${key}`;
      const found = await client.insist({ method: 'GET', path, token, turn });
      const id = found?.status === 200 ? (JSON.parse(found.body) as { id: string }).id : undefined;
      if (mine.size === 0) {
        if (found?.status !== 404) misled++;
        return;
      }
      if (id === undefined || !mine.has(id)) lost++;
      const listed = await client.insist({ method: 'GET', path: '/v1/orders', token, turn });
      const { orders } = JSON.parse(listed?.body ?? '{"orders":[]}') as { orders: { id: string }[] };
      rows += orders.filter((order) => orderIds.has(order.id)).length;
      if (orders.length > 1 || mine.size > 1) doubled++;
    }),
  );
  return {
    acknowledged: orderIds.size,
    sold: stock.sold,
    oversold: Math.max(0, stock.sold + stock.reserved - units),
    undersold: Math.max(0, wanted - stock.sold),
    doubled,
    lost,
    misled,
    rows,
  };
}
