// The customers of a stampede: most buy once, some click twice, some ask for too much, some come too early, and some lose
// their connection before the answer. All repeat with their key, each time at the next address, until they know.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { pauseAfter, TRIES_MAX, type HttpClient, type LoadAnswer } from './http-client.ts';

export interface Customer {
  readonly id: string;
  readonly token: string;
  readonly key: string;
  /** Counts customers, and so spreads them over the addresses. */
  readonly number: number;
  readonly habit: 'plain' | 'clicks twice' | 'asks for too many' | 'too early' | 'loses the answer';
}

export interface OrderBody {
  readonly id: string;
}

/** What one customer was told at last. */
export interface Told {
  readonly customer: Customer;
  readonly orderIds: ReadonlySet<string>;
  readonly refusal: string | undefined;
}

export function habitOf(number: number): Customer['habit'] {
  const of = number % 20;
  if (of < 2) return 'clicks twice';
  if (of === 2) return 'asks for too many';
  if (of === 3) return 'too early';
  return of === 4 ? 'loses the answer' : 'plain';
}

export class Crowd {
  readonly refusals = new Map<string, number>();
  /** Microseconds from sending to the answer. */
  readonly latency: RecordableHistogram = createHistogram();
  accepted = 0;
  replayed = 0;
  requests = 0;
  unanswered = 0;
  readonly #client: HttpClient;
  readonly #productId: string;
  readonly #limit: number;

  constructor(client: HttpClient, productId: string, limit: number) {
    this.#client = client;
    this.#productId = productId;
    this.#limit = limit;
  }

  /** The rush of one customer, from the first click until the answer is known. */
  async rush(customer: Customer): Promise<Told> {
    const clicks = customer.habit === 'clicks twice' ? 2 : 1;
    const quantity = customer.habit === 'asks for too many' ? this.#limit + 1 : 1;
    const hangUp = customer.habit === 'loses the answer';
    const answers = await Promise.all(
      Array.from({ length: clicks }, (_, click) =>
        this.#insist(customer, quantity, hangUp, customer.number + click),
      ),
    );
    const accepted = answers.filter(({ status }) => status === 201);
    const orderIds = new Set(accepted.map(({ body }) => (JSON.parse(body) as OrderBody).id));
    const refusal = orderIds.size === 0 ? codeOf(answers[0]!) : undefined;
    if (orderIds.size > 0) this.accepted++;
    else this.refusals.set(refusal!, (this.refusals.get(refusal!) ?? 0) + 1);
    return { customer, orderIds, refusal };
  }

  /** One click before the sale opens. @returns the refusal's code */
  async early(customer: Customer): Promise<string> {
    const code = codeOf(await this.#insist(customer, 1, false, customer.number));
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
    return code;
  }

  async #insist(customer: Customer, quantity: number, hangUp: boolean, turn: number): Promise<LoadAnswer> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const answer = await this.#click(customer, quantity, hangUp && tries === 0, turn + tries);
      if (answer === undefined) this.unanswered++;
      else if (answer.status === 401) {
        throw new Error(
          `the node no longer accepts ${customer.id}’s token. Was it started again with another AUTH_SECRET?`,
        );
      } else if (answer.status !== 503) {
        if (answer.replayed) this.replayed++;
        return answer;
      }
      await pauseAfter(tries);
    }
    throw new Error(`${customer.id} got no definite answer in ${TRIES_MAX} tries`);
  }

  async #click(
    { token, key }: Customer,
    quantity: number,
    hangUp: boolean,
    turn: number,
  ): Promise<LoadAnswer | undefined> {
    this.requests++;
    const body = { productId: this.#productId, quantity };
    const request = { method: 'POST', path: '/v1/orders', token, key, body, hangUp, turn };
    const answer = await this.#client.send(request);
    if (answer !== undefined) this.latency.record(Math.max(1, Math.round(answer.latencyMs * 1_000)));
    return answer;
  }
}

function codeOf({ status, body }: LoadAnswer): string {
  if (status === 201) return 'accepted';
  try {
    return (JSON.parse(body) as { code: string }).code;
  } catch {
    return `status ${status}`;
  }
}
