// What the provider tells by webhooks. Its signature says that it is the provider; that its news is still true it does not say. So only
// "the money is taken", which stays true, is taken at its word; anything else makes us ask. It is answered when what follows is durable.

import { orderIdKey, type Money } from '../../actors/index.ts';
import type { PaymentRow } from '../../persistence/index.ts';
import { readWebhook, WebhookRefused, type WebhookBody } from '../../payments/index.ts';
import { invalid, Problem } from '../problem.ts';
import type { Pursuit, PursuitPorts } from './pursuit.ts';

export class ProviderNews {
  readonly #ports: PursuitPorts;
  readonly #pursuit: Pursuit;
  readonly #secret: string;

  constructor(ports: PursuitPorts, pursuit: Pursuit, secret: string) {
    this.#ports = ports;
    this.#pursuit = pursuit;
    this.#secret = secret;
  }

  /** @throws Problem unauthenticated, invalid_request, not_found; and 503s, after which the provider sends it again */
  async take(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<void> {
    const { ledger, onTrouble } = this.#ports;
    const { data } = readSigned(this.#secret, body, headers);
    const isId = orderIdKey(data.orderId) !== undefined;
    const row = isId ? await this.#pursuit.orUnavailable(() => this.#rowOf(data.orderId)) : undefined;
    if (row === undefined)
      throw new Problem('not_found', { detail: `Nobody here knows the order ${data.orderId}.` });
    const isCaptured = data.state === 'captured';
    if (isCaptured && !isSame(data.amount, row.amount)) {
      const [told, owed] = [textOf(data.amount), textOf(row.amount)];
      onTrouble(`order ${row.orderId}: the provider took ${told}, and the order costs ${owed}`);
      throw invalid('data.amount', `must be ${owed}, which the order costs`);
    }
    if (row.isClosed) {
      if (!isCaptured || row.state !== 'voided') return;
      onTrouble(`order ${row.orderId}: the provider took money after it had voided the payment`);
      await this.#pursuit.orUnavailable(() => ledger.reopen(row.orderId));
    }
    const payment = isCaptured ? { ...data, declined: undefined } : undefined;
    const { refusal } = await this.#pursuit.pursue(row, { payment });
    if (refusal !== undefined) throw new Problem(refusal.refusal);
  }

  /** One that was lost with its Postgres is made again of what the journal told the projection. */
  async #rowOf(orderId: string): Promise<PaymentRow | undefined> {
    const { ledger } = this.#ports;
    const row = await ledger.find(orderId);
    if (row !== undefined) return row;
    const order = await ledger.order(orderId);
    if (order === undefined) return undefined;
    await ledger.restore(orderId, order);
    return ledger.find(orderId);
  }
}

const isSame = (one: Money, other: Money): boolean =>
  one.amount === other.amount && one.currency === other.currency;

const textOf = ({ amount, currency }: Money): string => `${amount} ${currency}`;

function readSigned(
  secret: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): WebhookBody {
  try {
    return readWebhook(secret, body, headers);
  } catch (error) {
    if (!(error instanceof WebhookRefused)) throw error;
    if (error.kind === 'malformed') throw new Problem('invalid_request', { detail: error.message });
    throw new Problem('unauthenticated', {
      detail: `This is no webhook of the payment provider: ${error.message}. It is signed with PAYMENT_WEBHOOK_SECRET.`,
    });
  }
}
