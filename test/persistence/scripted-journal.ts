// A journal in memory that real actors write: whatever the script asks for, its records are such as the engine makes.

import {
  customerKeyOf,
  decide,
  encodeRecord,
  evolve,
  keyOf,
  orderIdText,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  type Command,
  type Event,
  type Key,
  type Product,
  type ProductConfiguration,
  type Reply,
} from '../../src/actors/index.ts';
import type { Journal, Sequence, StoredRecord } from '../../src/runtime/ports.ts';
import type { OrderRowProjected } from '../../src/persistence/index.ts';

export const SALE_STARTS_AT = 1_790_000_000_000;

export const ORDERS_KEPT_MS = 86_400_000;

export const CONFIGURATION: ProductConfiguration = {
  name: 'Headphones',
  description: 'They say "quiet", {truly} \\ quiet, NULL',
  startsAt: SALE_STARTS_AT,
  endsAt: SALE_STARTS_AT + 86_400_000,
  amount: 19_900,
  currency: 'EUR',
  perCustomerLimit: 5,
  holdSeconds: 600,
};

interface Shard {
  previous: Sequence;
  number: number;
  events: Event[];
}

type ScriptedOrder = Omit<OrderRowProjected, 'version'>;

interface Accepted {
  readonly customerId: string;
  readonly idempotencyKey: string;
}

export class ScriptedJournal implements Pick<Journal, 'head' | 'replay'> {
  readonly records: StoredRecord[] = [];
  readonly products = new Map<string, Product>();
  readonly #shards = new Map<number, Shard>();
  readonly #shardOf: (productId: string) => number;
  readonly #accepted = new Map<Key, Accepted>();
  /** Orders of retired products. */
  readonly #letGo: ScriptedOrder[] = [];
  now = SALE_STARTS_AT;
  #sequence = 0;

  constructor(shardOf: (productId: string) => number = () => 0) {
    this.#shardOf = shardOf;
  }

  configure(productId: string, changes: Partial<ProductConfiguration> = {}): Reply {
    const configuration = { ...CONFIGURATION, ...changes };
    return this.command(productId, {
      kind: 'configure',
      productId,
      configuration,
      expectedRevision: undefined,
    });
  }

  loadStock(productId: string, quantity: number, requestId = `load-${quantity}`): Reply {
    return this.command(productId, { kind: 'loadStock', productId, requestId, quantity });
  }

  /** @returns the order's id, or undefined when it was refused */
  reserve(
    productId: string,
    customerId: string,
    idempotencyKey: string,
    quantity = 1,
    ticket?: Key,
  ): Key | undefined {
    const orderId = orderKeyOf(
      productTagOf(productId),
      Math.floor(this.now / 1_000),
      keyOf(`${productId} ${customerId} ${idempotencyKey}`).slice(0, 8),
    );
    const reply = this.command(productId, {
      kind: 'reserve',
      productId,
      orderId,
      customerId,
      customerKey: customerKeyOf(customerId),
      idempotencyKey,
      requestKey: requestKeyOf(productId, customerId, idempotencyKey),
      quantity,
      ticket,
    });
    if (reply.outcome !== 'reserved') return undefined;
    if (!reply.replayed) this.#accepted.set(orderId, { customerId, idempotencyKey });
    return reply.order.orderId;
  }

  pay(productId: string, orderId: Key, settlement: 'paid' | 'payment_pending' | 'in_review' = 'paid'): Reply {
    return this.command(productId, {
      kind: 'pay',
      orderId,
      customerKey: this.#customerOf(orderId),
      settlement,
    });
  }

  cancel(productId: string, orderId: Key): Reply {
    return this.command(productId, { kind: 'cancel', orderId, customerKey: this.#customerOf(orderId) });
  }

  command(productId: string, command: Command): Reply {
    const product = this.products.get(productId);
    const { event, reply } = decide(product, command, this.now);
    if (event !== undefined) {
      this.products.set(productId, evolve(product, event));
      this.#shard(this.#shardOf(productId)).events.push(event);
    }
    return reply;
  }

  /** A day after its sale; holds that have run out end before. @returns whether nothing of it was open any more */
  retire(productId: string): boolean {
    const product = this.products.get(productId)!;
    this.now = Math.max(this.now, product.configuration.endsAt + ORDERS_KEPT_MS);
    for (const orderId of product.dueHolds(this.now, Infinity))
      this.command(productId, { kind: 'expire', orderId });
    const orders = this.#ordersOf(productId, product);
    this.command(productId, { kind: 'retire', productId, keptMs: ORDERS_KEPT_MS });
    if (product.retiredAt !== null) this.#letGo.push(...orders);
    return product.retiredAt !== null;
  }

  /** Appends what has happened in the shard since its last record. A record without events is a claim's. */
  append(shardNumber = 0): StoredRecord {
    const shard = this.#shard(shardNumber);
    const header = {
      shard: shardNumber,
      epoch: 1,
      owner: keyOf('owner'),
      number: shard.number++,
      previous: shard.previous,
      revision: 0,
      at: this.now,
    };
    const record = {
      sequence: ++this.#sequence,
      shard: shardNumber,
      bytes: encodeRecord(header, shard.events),
    };
    shard.previous = record.sequence;
    shard.events = [];
    this.records.push(record);
    return record;
  }

  head(shard: number): Promise<StoredRecord | undefined> {
    return Promise.resolve(this.records.findLast((record) => record.shard === shard));
  }

  async *replay(shard: number, from: Sequence, to: Sequence): AsyncGenerator<StoredRecord[]> {
    const wanted = this.records.filter(({ sequence }) => sequence >= from && sequence <= to);
    const own = wanted.filter((record) => record.shard === shard);
    for (let at = 0; at < own.length; at += 7) yield await Promise.resolve(own.slice(at, at + 7));
  }

  /** What the actors say, or said, of their orders, in the order of ids; `version` is left to the caller. */
  orders(): ScriptedOrder[] {
    const rows = [...this.products].flatMap(([productId, product]) => this.#ordersOf(productId, product));
    return [...rows, ...this.#letGo].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  #ordersOf(productId: string, product: Product): ScriptedOrder[] {
    return Array.from({ length: product.orders.size }, (_, row) => {
      const order = product.order(row);
      return {
        id: orderIdText(order.orderId),
        productId,
        ...this.#accepted.get(order.orderId)!,
        quantity: order.quantity,
        unitAmount: order.unitPrice.amount,
        currency: order.unitPrice.currency,
        status: order.status,
        createdAt: order.createdAt,
        holdExpiresAt: order.holdExpiresAt,
        shard: this.#shardOf(productId),
      };
    });
  }

  #customerOf(orderId: Key): Key {
    return customerKeyOf(this.#accepted.get(orderId)!.customerId);
  }

  #shard(shardNumber: number): Shard {
    let shard = this.#shards.get(shardNumber);
    if (shard === undefined) {
      this.#shards.set(shardNumber, (shard = { previous: 0, number: 0, events: [] }));
    }
    return shard;
  }
}

/** A product with stock, and one order by each customer, in one record. */
export function smallSale(
  customers: readonly string[],
  holdSeconds = 600,
): { journal: ScriptedJournal; orders: Key[] } {
  const journal = new ScriptedJournal();
  journal.configure('sku', { holdSeconds });
  journal.loadStock('sku', 100);
  const orders = customers.map((customer) => journal.reserve('sku', customer, 'key')!);
  journal.append();
  return { journal, orders };
}
