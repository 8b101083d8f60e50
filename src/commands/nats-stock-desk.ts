// Stock through the NATS service `stock-admin` of a cluster: whichever node is free answers.

import { ServiceError } from '@nats-io/services';
import { CommandError } from '../node-client.ts';
import type { StockChanged, StockCounted, StockResult } from '../http/index.ts';
import {
  isDenied,
  JetStreamNames,
  openLink,
  systemTimers,
  type AdminCall,
  type Link,
  type NatsConnectionSettings,
} from '../runtime/index.ts';
import {
  ANSWER_MS_MAX,
  bodyOf,
  type Change,
  type StockBatchWish,
  type StockDesk,
  type StockWish,
} from './stock-desk.ts';
import { StockRefused } from './stock-refused.ts';

const BATCHES_IN_FLIGHT_MAX = 32;

export class NatsStockDesk implements StockDesk {
  readonly batchesInFlightMax = BATCHES_IN_FLIGHT_MAX;
  readonly name: string;
  readonly #link: Link;
  readonly #names: JetStreamNames;

  private constructor(link: Link, names: JetStreamNames) {
    this.#link = link;
    this.#names = names;
    this.name = `${names.adminPrefix}.> over NATS`;
  }

  /** @throws NatsUnreachable */
  static async open(
    settings: NatsConnectionSettings & { readonly prefix?: string | undefined },
  ): Promise<NatsStockDesk> {
    return new NatsStockDesk(await openLink(settings, systemTimers), new JetStreamNames(settings.prefix));
  }

  change(change: Change, { productId, quantity, requestId }: StockWish): Promise<StockChanged> {
    return this.#ask<StockChanged>(`stock.${change}`, { productId, quantity, requestId });
  }

  async changeMany(batch: StockBatchWish): Promise<readonly StockResult[]> {
    const answer = await this.#ask<{ readonly results: readonly StockResult[] }>(
      'stock.batch',
      bodyOf(batch),
    );
    return answer.results;
  }

  show(productId: string): Promise<StockCounted> {
    return this.#ask<StockCounted>('stock.show', { productId });
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  async #ask<T>(call: AdminCall, body: unknown): Promise<T> {
    const subject = this.#names.adminOf(call);
    let answer;
    try {
      const request = JSON.stringify(body);
      answer = await this.#link.whileUp(() =>
        this.#link.connection.request(subject, request, { timeout: ANSWER_MS_MAX }),
      );
    } catch (error) {
      if (isDenied(error))
        throw new CommandError(
          `The NATS user in NATS_URL may not do this: ${(error as Error).message}. It must be allowed to publish ` +
            `${this.#names.adminPrefix}.> and to subscribe to its inboxes (NATS_INBOX_PREFIX).`,
          { cause: error },
        );
      throw StockRefused.silent(subject, `${(error as Error).message}; does a node with HTTP run?`);
    }
    const error = ServiceError.toServiceError(answer);
    if (error !== null) throw StockRefused.answered(subject, error.code, answer.string());
    return answer.json<T>();
  }
}
