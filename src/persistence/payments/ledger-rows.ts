// The whole ledger, for audits. Memory grows with the payments, as that of an audit does with the orders.

import type { Pool } from 'pg';
import type { LedgersPayment } from '../../actors/index.ts';

const ROWS_PER_READ = 5_000;

export interface LedgerRead {
  /** By order. */
  readonly rows: ReadonlyMap<string, LedgersPayment>;
  /** When the first payment was begun, epoch milliseconds; Infinity: none was. */
  readonly since: number;
}

export async function readLedger(pool: Pool): Promise<LedgerRead> {
  const rows = new Map<string, LedgersPayment>();
  let since = Infinity;
  let after = '';
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- a page follows the one before
    const { rows: page } = await pool.query<{
      id: string;
      state: LedgersPayment['state'];
      is_open: boolean;
      begun_at: number;
    }>(
      `SELECT order_id AS id, state, closed_at IS NULL AS is_open, floor(extract(epoch FROM begun_at) * 1000)::float8 AS begun_at
       FROM doorbuster_catalogue.payments WHERE order_id > $1 ORDER BY order_id LIMIT $2`,
      [after, ROWS_PER_READ],
    );
    for (const { id, state, is_open: isOpen, begun_at: begunAt } of page) {
      rows.set(id, { orderId: id, state, isOpen });
      since = Math.min(since, begunAt);
    }
    if (page.length < ROWS_PER_READ) return { rows, since };
    after = page.at(-1)!.id;
  }
}
