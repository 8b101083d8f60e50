// What an audit reads of payments: all that the provider holds, and what the ledger says of it.

import type { Pool } from 'pg';
import type { Checker } from './actors/index.ts';
import { HttpProvider, ProviderUnavailable } from './payments/index.ts';
import { readLedger } from './persistence/index.ts';

/** Where a payment provider is asked. */
export interface AuditedProvider {
  readonly url: string;
  readonly secret: string;
  readonly timeoutMs: number;
}

/**
 * The journal has been read.
 * @param readOn reads what it got meanwhile @returns why the provider's payments could not be looked at; undefined when they were
 */
export async function checkPayments(
  checker: Checker,
  provider: AuditedProvider,
  pool: Pool,
  readOn: () => Promise<void>,
): Promise<string | undefined> {
  const { payments } = checker;
  payments.begin();
  const asked = new HttpProvider(provider);
  try {
    let after: string | undefined;
    do {
      // oxlint-disable-next-line no-await-in-loop -- a page names the next one
      const page = await asked.list(after);
      for (const payment of page.payments) payments.payment(payment);
      after = page.next;
    } while (after !== undefined);
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error;
    return error.message;
  }
  const { rows, since } = await readLedger(pool);
  await readOn();
  checker.settlePayments(rows, since);
  return undefined;
}
