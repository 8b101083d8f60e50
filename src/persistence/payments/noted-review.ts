// A review that no rule asked for: the provider could not be asked, or what was known of the payment is lost. Whoever decides sees the
// facts of the last judgement, or else those that need no counting.

import type { Pool } from 'pg';
import { WINDOW_NAMES, type Counts, type RiskFacts } from '../../risk/index.ts';
import type { PaymentRow } from './payment-row.ts';

/** In place of the digest of rules: none were held against anything. */
export const NO_RULES = '-';

export type ReviewedPayment = Pick<PaymentRow, 'orderId' | 'productId' | 'customerId' | 'amount'>;

const all = (count: number): Counts =>
  Object.fromEntries(WINDOW_NAMES.map((name) => [name, count])) as Record<
    (typeof WINDOW_NAMES)[number],
    number
  >;

/** Of the payment itself. */
const NOTHING_COUNTED: Omit<RiskFacts, 'amount' | 'status' | 'quantity'> = {
  accountAgeSeconds: null,
  ordersOfCustomer: all(1),
  abandonedHolds: all(0),
  customersPerAddress: all(1),
  customersPerFingerprint: null,
};

/** Where a review of the order waits already, that one counts. */
export async function insertReview(
  pool: Pool,
  { orderId, productId, customerId, amount }: ReviewedPayment,
  reason: string,
  now: number,
): Promise<void> {
  await pool.query(
    `INSERT INTO doorbuster_catalogue.risk_decisions
       (order_id, product_id, customer_id, at, outcome, decided_by, rules, reasons, facts)
     SELECT $1, $2, $3, $4, 'review', 'rules', '${NO_RULES}', $5, coalesce(
       (SELECT facts FROM doorbuster_catalogue.risk_decisions WHERE order_id = $1 ORDER BY id DESC LIMIT 1),
       $6::jsonb || jsonb_build_object(
         'status', coalesce((SELECT status FROM doorbuster_catalogue.customer_statuses WHERE customer_id = $3), 'active'),
         'quantity', coalesce((SELECT quantity FROM doorbuster.orders WHERE id = $1), 1)))
     ON CONFLICT DO NOTHING`,
    [
      orderId,
      productId,
      customerId,
      new Date(now),
      JSON.stringify([reason]),
      JSON.stringify({ ...NOTHING_COUNTED, amount }),
    ],
  );
}
