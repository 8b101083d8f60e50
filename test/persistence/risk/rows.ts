// Rows that the projection and the shop write, and questions about payments, for tests of risk control.

import type { Pool } from 'pg';
import { orderIdText, orderKeyOf, type OrderStatus } from '../../../src/actors/index.ts';
import type { PaymentQuestion } from '../../../src/risk/index.ts';
import { systemRandom } from '../../../src/runtime/index.ts';

export const newOrderId = (): string => orderIdText(orderKeyOf(1, 1, systemRandom.characters(8)));

let customers = 0;
export const newCustomer = (): string => `customer-${customers++}`;

export const questionOf = (rest: Partial<PaymentQuestion> = {}): PaymentQuestion => ({
  orderId: newOrderId(),
  productId: 'sku-1',
  customerId: newCustomer(),
  quantity: 1,
  amount: { amount: 1_999, currency: 'EUR' },
  method: 'card',
  fingerprint: undefined,
  address: `address of ${customers}`,
  ...rest,
});

/** As the projection writes it. @param ago seconds since it was placed */
export async function putOrder(
  pool: Pool,
  customerId: string,
  {
    id = newOrderId(),
    ago = 0,
    status = 'paid',
    holdSeconds = 0,
  }: { id?: string; ago?: number; status?: OrderStatus; holdSeconds?: number } = {},
): Promise<string> {
  await pool.query(
    `INSERT INTO doorbuster.orders (id, product_id, customer_id, idempotency_key, quantity, unit_amount, currency, status,
       created_at, hold_expires_at, version, shard)
     VALUES ($1, 'sku-1', $2, $1, 1, 1999, 'EUR', $3, now() - make_interval(secs => $4),
       now() - make_interval(secs => $4 - $5::float8), 1, 0)`,
    [id, customerId, status, ago, holdSeconds],
  );
  return id;
}

/** An order that came from this address. */
export async function putOrigin(pool: Pool, customerId: string, address: string, ago: number): Promise<void> {
  await pool.query(
    `INSERT INTO doorbuster_catalogue.order_origins (order_id, product_id, customer_id, network, address, at)
     VALUES ($1, 'sku-1', $2, '203.0.113.0/24', $3, now() - make_interval(secs => $4))`,
    [newOrderId(), customerId, address, ago],
  );
}
