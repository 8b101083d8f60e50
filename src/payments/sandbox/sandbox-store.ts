// What the sandbox holds of each order's money. Every change is one transaction, with the webhooks that tell of it, and is on the disk
// when the call returns.

import type { DatabaseSync } from 'node:sqlite';
import type { Clock, Random } from '../../runtime/index.ts';
import type { CaptureRequest, ProviderPayment, ProviderState } from '../provider.ts';
import type { WebhookBody } from '../webhook.ts';
import { behaviourOf, type Behaviour } from './behaviour.ts';
import { openSandboxFile } from './schema.ts';

export const SANDBOX_LIMITS = {
  /** Payments of one page of the list. */
  listMax: 100,
  /** A webhook that nobody takes is given up after so many tries. */
  triesMax: 12,
  /** Before the second try; doubled each time. */
  retryFirstMs: 500,
  retryMostMs: 60_000,
  /** Webhooks on their way at once. */
  webhooksAtOnce: 16,
} as const;

/** Of the order that is paid, or voided before anything was asked. */
const NO_MONEY = { amount: 0, currency: 'XXX' };
const DECLINED = 'card_declined';

export interface OwedWebhook {
  readonly number: number;
  readonly id: string;
  readonly body: string;
  readonly tries: number;
}

interface Row {
  number: number;
  order_id: string;
  state: ProviderState;
  amount: number;
  currency: string;
  token: string | null;
  declined: string | null;
}

/** The order has a payment already, and over another amount. */
export class AmountChanged extends Error {
  override readonly name = 'AmountChanged';
}

export class SandboxStore {
  readonly #database: DatabaseSync;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Random;
  readonly #laterMs: number;

  /** @param laterMs how long "after a while" is */
  constructor(path: string, clock: Pick<Clock, 'now'>, random: Random, laterMs: number) {
    this.#database = openSandboxFile(path);
    this.#clock = clock;
    this.#random = random;
    this.#laterMs = laterMs;
  }

  close(): void {
    this.#database.close();
  }

  find(orderId: string): ProviderPayment | undefined {
    const row = this.#row(orderId);
    return row && paymentOf(row);
  }

  /** One try. @throws AmountChanged */
  capture({ orderId, amount, token }: CaptureRequest): ProviderPayment {
    const behaviour = behaviourOf(token);
    return this.#inTransaction(() => {
      const known = this.#row(orderId);
      if (known !== undefined && known.state !== 'voided') {
        if (known.amount !== amount.amount || known.currency !== amount.currency) throw new AmountChanged();
      }
      const isReplaced = known?.state === 'pending' && known.token === 'pending' && token !== 'pending';
      if (known !== undefined && known.state !== 'open' && !isReplaced) return paymentOf(known);
      const outcome = this.#outcomeOf(behaviour);
      this.#database
        .prepare(
          `INSERT INTO payments (order_id, state, amount, currency, token, declined, due_at) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (order_id) DO UPDATE
           SET state = excluded.state, token = excluded.token, declined = excluded.declined, due_at = excluded.due_at`,
        )
        .run(
          orderId,
          outcome.state,
          amount.amount,
          amount.currency,
          token,
          outcome.declined ?? null,
          outcome.dueAt ?? null,
        );
      return this.#told(orderId, behaviour);
    });
  }

  void(orderId: string): ProviderPayment {
    return this.#inTransaction(() => {
      const known = this.#row(orderId);
      if (known?.state === 'captured' || known?.state === 'refunded' || known?.state === 'voided')
        return paymentOf(known);
      this.#database
        .prepare(
          `INSERT INTO payments (order_id, state, amount, currency) VALUES (?, 'voided', ?, ?)
           ON CONFLICT (order_id) DO UPDATE SET state = 'voided', declined = NULL, due_at = NULL`,
        )
        .run(orderId, NO_MONEY.amount, NO_MONEY.currency);
      return this.#told(orderId, 'succeed');
    });
  }

  /** @returns as it is where there is nothing to give back; undefined when it never heard of the order */
  refund(orderId: string): ProviderPayment | undefined {
    return this.#inTransaction(() => {
      const known = this.#row(orderId);
      if (known?.state !== 'captured') return known && paymentOf(known);
      this.#database.prepare(`UPDATE payments SET state = 'refunded' WHERE order_id = ?`).run(orderId);
      return this.#told(orderId, 'succeed');
    });
  }

  /** In the order of their making. @param after number of the last one of the page before */
  list(after: number): { readonly payments: ProviderPayment[]; readonly next: number | undefined } {
    const rows = this.#database
      .prepare('SELECT * FROM payments WHERE number > ? ORDER BY number LIMIT ?')
      .all(after, SANDBOX_LIMITS.listMax) as unknown as Row[];
    return {
      payments: rows.map(paymentOf),
      next: rows.length < SANDBOX_LIMITS.listMax ? undefined : rows.at(-1)!.number,
    };
  }

  /** Decides what is due of those that were pending. @returns milliseconds until the next is; undefined: none */
  decideDue(): number | undefined {
    const now = this.#clock.now();
    const due = this.#database
      .prepare(`SELECT * FROM payments WHERE due_at <= ? ORDER BY due_at LIMIT 1000`)
      .all(now) as unknown as Row[];
    for (const { order_id: orderId, token } of due)
      this.#inTransaction(() => {
        const isDeclined = behaviourOf(token ?? '') === 'pending-declined';
        this.#database
          .prepare('UPDATE payments SET state = ?, declined = ?, due_at = NULL WHERE order_id = ?')
          .run(isDeclined ? 'open' : 'captured', isDeclined ? DECLINED : null, orderId);
        this.#told(orderId, 'succeed');
      });
    return this.#untilNext('payments', now);
  }

  /** Webhooks to send now, and milliseconds until the next one is. */
  owed(): { readonly webhooks: readonly OwedWebhook[]; readonly nextMs: number | undefined } {
    const now = this.#clock.now();
    const webhooks = this.#database
      .prepare('SELECT number, id, body, tries FROM webhooks WHERE due_at <= ? ORDER BY number LIMIT ?')
      .all(now, SANDBOX_LIMITS.webhooksAtOnce) as unknown as OwedWebhook[];
    return { webhooks, nextMs: this.#untilNext('webhooks', now) };
  }

  delivered(number: number): void {
    this.#database
      .prepare('UPDATE webhooks SET due_at = NULL, tries = tries + 1 WHERE number = ?')
      .run(number);
  }

  notTaken({ number, tries }: OwedWebhook): void {
    const { triesMax, retryFirstMs, retryMostMs } = SANDBOX_LIMITS;
    const againAt = this.#clock.now() + Math.min(retryMostMs, retryFirstMs * 2 ** tries);
    this.#database
      .prepare('UPDATE webhooks SET due_at = ?, tries = tries + 1 WHERE number = ?')
      .run(tries + 1 >= triesMax ? null : againAt, number);
  }

  #outcomeOf(behaviour: Behaviour): { state: ProviderState; declined?: string; dueAt?: number } {
    switch (behaviour) {
      case 'decline':
        return { state: 'open', declined: DECLINED };
      case 'pending':
        return { state: 'pending' };
      case 'pending-captured':
      case 'pending-declined':
        return { state: 'pending', dueAt: this.#clock.now() + this.#laterMs };
      default:
        return { state: 'captured' };
    }
  }

  /** Notes what moved, and owes the webhooks. */
  #told(orderId: string, behaviour: Behaviour): ProviderPayment {
    const payment = paymentOf(this.#row(orderId)!);
    const { state, amount } = payment;
    const now = this.#clock.now();
    if (state === 'captured' || state === 'refunded')
      this.#database
        .prepare('INSERT INTO movements VALUES (?, ?, ?, ?, ?)')
        .run(orderId, state === 'captured' ? 'capture' : 'refund', amount.amount, amount.currency, now);
    if (behaviour === 'webhook-never') return payment;
    const id = `msg_${Buffer.from(this.#random.characters(16), 'latin1').toString('base64url')}`;
    const dueAt = behaviour === 'webhook-late' ? now + this.#laterMs : now;
    const add = this.#database.prepare('INSERT INTO webhooks (id, body, due_at) VALUES (?, ?, ?)');
    for (let copy = 0; copy < (behaviour === 'webhook-twice' ? 2 : 1); copy++)
      add.run(id, JSON.stringify(webhookOf(payment, now)), dueAt);
    return payment;
  }

  #row(orderId: string): Row | undefined {
    return this.#database.prepare('SELECT * FROM payments WHERE order_id = ?').get(orderId) as
      | Row
      | undefined;
  }

  #untilNext(table: 'payments' | 'webhooks', now: number): number | undefined {
    const { at } = this.#database.prepare(`SELECT min(due_at) AS at FROM ${table}`).get() as {
      at: number | null;
    };
    return at === null ? undefined : Math.max(0, at - now);
  }

  #inTransaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const value = work();
      this.#database.exec('COMMIT');
      return value;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

const paymentOf = ({
  number,
  order_id: orderId,
  state,
  amount,
  currency,
  declined,
}: Row): ProviderPayment => ({
  orderId,
  providerId: `pay_${number}`,
  state,
  amount: { amount, currency },
  declined: declined ?? undefined,
});

const TYPES = {
  pending: 'payment.pending',
  captured: 'payment.captured',
  refunded: 'payment.refunded',
  voided: 'payment.voided',
  open: 'payment.declined',
} as const;

const webhookOf = (payment: ProviderPayment, now: number): WebhookBody => ({
  type: TYPES[payment.state],
  timestamp: new Date(now).toISOString(),
  data: { ...payment, declined: payment.declined ?? null },
});
