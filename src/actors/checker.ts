// The invariants' one checker: audits, tests, simulations, fault runs and benchmarks all use it.
//
// It shares no code with the actor. It keeps a slow, obvious model of every product in Maps of strings, follows the
// journal record by record, and holds it against Postgres's rows and against what clients were told.

import type { Configured, Event, OrderChange, Reserved, StockChanged } from './event.ts';
import { orderIdText } from './key.ts';
import { acceptedStatus, holdExpiresAt, isHeld, type OrderStatus } from './order.ts';
import type { Stock } from './product.ts';
import type { JournalRecord } from './record.ts';

export const INVARIANTS = {
  1: 'never oversold: loaded = available + reserved + sold + withdrawn at every journal prefix',
  2: 'never undersold: units that nobody holds are available',
  3: 'every acknowledged order is in Postgres exactly once, and no row is without a journal event',
  4: 'one customer, product and key: at most one order',
  5: 'the per-customer limit holds',
  6: 'epochs rise, and nobody but the owner writes',
  7: 'the live state is the replayed state',
  8: 'no reservation outside the window; whole units and whole minor units',
  9: 'an unknown outcome is never answered as a success or a failure',
  10: 'what was answered rests on durable events',
} as const;

export type InvariantNumber = keyof typeof INVARIANTS;

export interface ProjectedOrder {
  readonly id: string;
  readonly productId: string;
  readonly customerId: string;
  readonly idempotencyKey: string;
  readonly quantity: number;
  readonly unitAmount: number;
  readonly currency: string;
  readonly status: string;
  readonly createdAt: number;
  readonly holdExpiresAt: number | null;
  readonly version: number;
}

export interface ProjectedProduct {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly unitAmount: number;
  readonly currency: string;
  readonly perCustomerLimit: number;
  readonly holdSeconds: number;
  readonly paused: boolean;
  readonly revision: number;
}

export interface ProjectedMovement {
  readonly productId: string;
  readonly requestId: string;
  readonly kind: 'loaded' | 'withdrawn';
  readonly quantity: number;
  readonly at: number;
}

/** What one client was told about one key, at last. */
export interface Answer {
  readonly productId: string;
  readonly customerId: string;
  readonly idempotencyKey: string;
  /** The order's id as text; undefined: the client was told that there is none. */
  readonly orderId: string | undefined;
}

export interface Violation {
  readonly invariant: InvariantNumber;
  readonly what: string;
}

export interface Report {
  readonly ok: boolean;
  readonly invariants: readonly {
    readonly invariant: InvariantNumber;
    readonly title: string;
    readonly checks: number;
    readonly violations: number;
  }[];
  /** The first hundred. */
  readonly violations: readonly Violation[];
  readonly figures: {
    readonly records: number;
    readonly events: number;
    readonly products: number;
    readonly orders: number;
    readonly unitsLoaded: number;
    readonly unitsSold: number;
    readonly unitsReserved: number;
    readonly unitsAvailable: number;
    readonly rows: number;
    /** Records after the projection's positions. */
    readonly recordsNotProjected: number;
    readonly answers: number;
  };
}

interface ModelOrder {
  readonly event: Reserved;
  status: OrderStatus;
  version: number;
  /** As Postgres must have it: the order up to the shard's projected position. */
  projected: { status: OrderStatus; version: number } | undefined;
  hasRow: boolean;
}

interface ModelProduct {
  readonly id: string;
  startsAt: number;
  endsAt: number;
  limit: number;
  paused: boolean;
  readonly stock: Stock;
  readonly held: Map<string, number>;
  /** As Postgres must have it; undefined while nothing of it is projected. */
  projected: ProjectedProduct | undefined;
  hasRow: boolean;
}

interface ModelShard {
  epoch: number;
  owner: string;
  number: number;
  head: number;
}

const VIOLATIONS_KEPT = 100;

const AFTER: Record<OrderChange, { from: readonly OrderStatus[]; to: OrderStatus }> = {
  paymentPending: { from: ['reserved'], to: 'payment_pending' },
  inReview: { from: ['reserved', 'payment_pending'], to: 'in_review' },
  paid: { from: ['reserved', 'payment_pending', 'in_review', 'expired'], to: 'paid' },
  cancelled: { from: ['reserved', 'payment_pending', 'in_review'], to: 'cancelled' },
  expired: { from: ['reserved', 'payment_pending'], to: 'expired' },
  refundDue: { from: ['cancelled', 'expired'], to: 'refund_due' },
  refunded: { from: ['refund_due'], to: 'refunded' },
};

const takesUnits = (status: OrderStatus): boolean => isHeld(status) || status === 'paid';

export class Checker {
  readonly #products = new Map<string, ModelProduct>();
  readonly #orders = new Map<string, ModelOrder>();
  readonly #byKey = new Map<string, string>();
  /** Those that Postgres must have; taken out as their rows come. */
  readonly #movements = new Map<string, ProjectedMovement>();
  readonly #shards = new Map<number, ModelShard>();
  readonly #positions: ReadonlyMap<number, number>;
  readonly #checks = new Map<InvariantNumber, number>();
  readonly #counts = new Map<InvariantNumber, number>();
  readonly #violations: Violation[] = [];
  #records = 0;
  #events = 0;
  #rows = 0;
  #answers = 0;
  #notProjected = 0;

  /** @param positions how far Postgres is, by shard; without it no rows are expected */
  constructor(positions: ReadonlyMap<number, number> = new Map()) {
    this.#positions = positions;
  }

  /** The journal's records, in journal order. */
  record(sequence: number, record: JournalRecord): void {
    this.#records++;
    this.#follow(sequence, record);
    const isProjected = sequence <= (this.#positions.get(record.shard) ?? 0);
    if (!isProjected) this.#notProjected++;
    for (const event of record.events) {
      this.#events++;
      this.#event(event, sequence, isProjected);
    }
  }

  /** A row of Postgres's orders. Call after all records. */
  row(row: ProjectedOrder): void {
    this.#rows++;
    const order = this.#orders.get(row.id);
    if (!this.#check(3, order?.projected !== undefined, () => `row ${row.id} has no journal event`)) return;
    const { event, projected } = order!;
    this.#check(3, !order!.hasRow, () => `order ${row.id} has two rows`);
    order!.hasRow = true;
    this.#compare<ProjectedOrder>(`order ${row.id}`, row, {
      id: row.id,
      productId: event.productId,
      customerId: event.customerId,
      idempotencyKey: event.idempotencyKey,
      quantity: event.quantity,
      unitAmount: event.terms.amount,
      currency: event.terms.currency,
      status: projected!.status,
      createdAt: event.at,
      holdExpiresAt: holdExpiresAt(event.at, event.terms),
      version: projected!.version,
    });
  }

  /** A row of Postgres's products. Call after all records. */
  productRow(row: ProjectedProduct): void {
    const expected = this.#products.get(row.id)?.projected;
    if (!this.#check(3, expected !== undefined, () => `product row ${row.id} has no journal event`)) return;
    this.#products.get(row.id)!.hasRow = true;
    this.#compare(`product ${row.id}`, row, expected!);
  }

  /** A row of Postgres's stock movements. Call after all records. */
  movementRow(row: ProjectedMovement): void {
    const name = `${row.productId}\0${row.requestId}`;
    const what = `stock movement ${row.requestId} of ${row.productId}`;
    const expected = this.#movements.get(name);
    if (!this.#check(3, expected !== undefined, () => `${what} has no journal event, or two rows`)) return;
    this.#movements.delete(name);
    this.#compare(what, row, expected!);
  }

  /** What a client was told. Call after all records. */
  answer({ productId, customerId, idempotencyKey, orderId }: Answer): void {
    this.#answers++;
    const journaled = this.#byKey.get(keyName(productId, customerId, idempotencyKey));
    const who = `${customerId} with key ${idempotencyKey}`;
    if (orderId === undefined) {
      this.#check(9, journaled === undefined, () => `${who} was refused at last, but has order ${journaled}`);
    } else {
      this.#check(
        10,
        journaled !== undefined,
        () => `${who} was told of ${orderId}, which is not in the journal`,
      );
      this.#check(
        4,
        journaled === orderId,
        () => `${who} was told of ${orderId}, but the order is ${journaled}`,
      );
    }
  }

  /** The live actor's own counters. Call after all records. */
  live(productId: string, stock: Stock): void {
    const model = this.#products.get(productId);
    const told = JSON.stringify(stock);
    const modelled = JSON.stringify(model?.stock);
    this.#check(7, told === modelled, () => `${productId} is live ${told}, by the journal ${modelled}`);
  }

  /** Whether the replayed and the live fingerprint of a product are the same. */
  fingerprint(productId: string, isSame: boolean): void {
    this.#check(7, isSame, () => `the live state of ${productId} is not its replay`);
  }

  /** A damaged or foreign record, a product that no model can follow: anything that ends the reading. */
  broken(invariant: InvariantNumber, what: string): void {
    this.#check(invariant, false, () => what);
  }

  stockOf(productId: string): Stock | undefined {
    return this.#products.get(productId)?.stock;
  }

  report(): Report {
    this.#settle();
    const total = (field: keyof Stock) =>
      [...this.#products.values()].reduce((sum, { stock }) => sum + stock[field], 0);
    return {
      ok: this.#counts.size === 0,
      invariants: Object.keys(INVARIANTS).map((name) => {
        const invariant = Number(name) as InvariantNumber;
        return {
          invariant,
          title: INVARIANTS[invariant],
          checks: this.#checks.get(invariant) ?? 0,
          violations: this.#counts.get(invariant) ?? 0,
        };
      }),
      violations: this.#violations,
      figures: {
        records: this.#records,
        events: this.#events,
        products: this.#products.size,
        orders: this.#orders.size,
        unitsLoaded: total('loaded'),
        unitsSold: total('sold'),
        unitsReserved: total('reserved'),
        unitsAvailable: total('available'),
        rows: this.#rows,
        recordsNotProjected: this.#notProjected,
        answers: this.#answers,
      },
    };
  }

  /** Invariant 2, and the rows that are missing. */
  #settle(): void {
    const taken = new Map<string, number>();
    for (const [id, { event, status, projected, hasRow }] of this.#orders) {
      if (takesUnits(status)) taken.set(event.productId, (taken.get(event.productId) ?? 0) + event.quantity);
      if (projected !== undefined) this.#check(3, hasRow, () => `order ${id} has no row`);
    }
    for (const { productId, requestId } of this.#movements.values()) {
      this.broken(3, `stock movement ${requestId} of ${productId} has no row`);
    }
    for (const { id, stock, projected, hasRow } of this.#products.values()) {
      if (projected !== undefined) this.#check(3, hasRow, () => `product ${id} has no row`);
      const free = stock.loaded - stock.withdrawn - (taken.get(id) ?? 0);
      this.#check(
        2,
        stock.available === free,
        () => `${id}: ${free} units free, ${stock.available} available`,
      );
    }
  }

  #follow(sequence: number, record: JournalRecord): void {
    const shard = this.#shards.get(record.shard) ?? { epoch: 0, owner: '', number: 0, head: 0 };
    this.#shards.set(record.shard, shard);
    const where = `record ${sequence} of shard ${record.shard}`;
    const follows = record.previous === shard.head;
    this.#check(6, follows, () => `${where} names ${record.previous} before it, not ${shard.head}`);
    if (record.number === 0) {
      const rises = record.epoch > shard.epoch;
      this.#check(6, rises, () => `${where} claims epoch ${record.epoch} after ${shard.epoch}`);
    } else {
      const isOwners = record.epoch === shard.epoch && record.owner === shard.owner;
      this.#check(6, isOwners, () => `${where} is not the owner's`);
      this.#check(6, record.number === shard.number + 1, () => `${where} is number ${record.number}`);
    }
    Object.assign(shard, { epoch: record.epoch, owner: record.owner, number: record.number, head: sequence });
  }

  #event(event: Event, sequence: number, isProjected: boolean): void {
    if (event.kind === 'configured') return this.#configured(event, isProjected);
    const product = this.#products.get(event.productId);
    if (product === undefined) return this.broken(8, `${event.kind} of unknown product ${event.productId}`);
    switch (event.kind) {
      case 'stockLoaded':
        product.stock.loaded += event.quantity;
        product.stock.available += event.quantity;
        if (isProjected) this.#moved(event, 'loaded');
        break;
      case 'stockWithdrawn':
        product.stock.withdrawn += event.quantity;
        product.stock.available -= event.quantity;
        if (isProjected) this.#moved(event, 'withdrawn');
        break;
      case 'paused':
      case 'resumed':
        product.paused = event.kind === 'paused';
        if (isProjected) product.projected = { ...product.projected!, paused: product.paused };
        break;
      case 'reserved':
        this.#reserved(product, event, sequence, isProjected);
        break;
      default:
        this.#changed(product, event.kind, orderIdText(event.orderId), sequence, isProjected);
    }
    const { loaded, available, reserved, sold, withdrawn } = product.stock;
    const adds = loaded === available + reserved + sold + withdrawn && available >= 0;
    this.#check(1, adds, () => `${product.id} after record ${sequence}: ${JSON.stringify(product.stock)}`);
  }

  #configured({ productId: id, configuration, revision }: Configured, isProjected: boolean): void {
    const { startsAt, endsAt, perCustomerLimit, amount } = configuration;
    this.#check(8, Number.isSafeInteger(amount), () => `${id} costs ${amount}`);
    const known = this.#products.get(id);
    const stock = { loaded: 0, available: 0, reserved: 0, sold: 0, withdrawn: 0 };
    const product: ModelProduct = known ?? {
      id,
      startsAt,
      endsAt,
      limit: perCustomerLimit,
      paused: false,
      stock,
      held: new Map(),
      projected: undefined,
      hasRow: false,
    };
    Object.assign(product, { startsAt, endsAt, limit: perCustomerLimit });
    if (isProjected) {
      const { amount: unitAmount, ...rest } = configuration;
      product.projected = { id, ...rest, unitAmount, revision, paused: product.paused };
    }
    this.#products.set(id, product);
  }

  #moved({ productId, requestId, quantity, at }: StockChanged, kind: ProjectedMovement['kind']): void {
    this.#movements.set(`${productId}\0${requestId}`, { productId, requestId, kind, quantity, at });
  }

  #reserved(product: ModelProduct, event: Reserved, sequence: number, isProjected: boolean): void {
    const { quantity, at, customerId, terms } = event;
    const id = orderIdText(event.orderId);
    const key = keyName(product.id, customerId, event.idempotencyKey);
    this.#check(4, !this.#byKey.has(key), () => `orders ${this.#byKey.get(key)} and ${id} have one key`);
    this.#check(4, !this.#orders.has(id), () => `two orders ${id}`);
    this.#byKey.set(key, id);
    const inWindow = at >= product.startsAt && at < product.endsAt && !product.paused;
    this.#check(8, inWindow, () => `order ${id} at ${at} is outside the sale`);
    const isWhole = Number.isSafeInteger(quantity) && quantity > 0 && Number.isSafeInteger(terms.amount);
    this.#check(8, isWhole, () => `order ${id} is not in whole units`);
    this.#hold(product, customerId, quantity, id);
    const status = acceptedStatus(terms);
    product.stock.available -= quantity;
    product.stock[status === 'paid' ? 'sold' : 'reserved'] += quantity;
    const projected = isProjected ? { status, version: sequence } : undefined;
    this.#orders.set(id, { event, status, version: sequence, projected, hasRow: false });
  }

  #changed(
    product: ModelProduct,
    kind: OrderChange,
    id: string,
    sequence: number,
    isProjected: boolean,
  ): void {
    const order = this.#orders.get(id);
    if (order === undefined) return this.broken(3, `${kind} of unknown order ${id}`);
    const { from, to } = AFTER[kind];
    this.#check(1, from.includes(order.status), () => `${kind} of order ${id}, which is ${order.status}`);
    const { quantity, customerId } = order.event;
    if (takesUnits(order.status) && !takesUnits(to)) {
      product.stock[order.status === 'paid' ? 'sold' : 'reserved'] -= quantity;
      product.stock.available += quantity;
      product.held.set(customerId, (product.held.get(customerId) ?? 0) - quantity);
    } else if (isHeld(order.status) && to === 'paid') {
      product.stock.reserved -= quantity;
      product.stock.sold += quantity;
    } else if (!takesUnits(order.status) && to === 'paid') {
      product.stock.available -= quantity;
      product.stock.sold += quantity;
      this.#hold(product, customerId, quantity, id);
    }
    order.status = to;
    order.version = sequence;
    if (isProjected) order.projected = { status: to, version: sequence };
  }

  #hold(product: ModelProduct, customerId: string, quantity: number, orderId: string): void {
    const held = (product.held.get(customerId) ?? 0) + quantity;
    product.held.set(customerId, held);
    this.#check(
      5,
      held <= product.limit,
      () => `${customerId} holds ${held} of ${product.id} with ${orderId}`,
    );
  }

  /** Invariant 3, field by field. */
  #compare<T extends object>(what: string, row: T, expected: T): void {
    for (const field of Object.keys(expected) as (keyof T & string)[]) {
      const isSame = row[field] === expected[field];
      this.#check(
        3,
        isSame,
        () =>
          `${what}: Postgres says ${field} = ${String(row[field])}, the journal ${String(expected[field])}`,
      );
    }
  }

  #check(invariant: InvariantNumber, holds: boolean, what: () => string): boolean {
    this.#checks.set(invariant, (this.#checks.get(invariant) ?? 0) + 1);
    if (holds) return true;
    this.#counts.set(invariant, (this.#counts.get(invariant) ?? 0) + 1);
    if (this.#violations.length < VIOLATIONS_KEPT) this.#violations.push({ invariant, what: what() });
    return false;
  }
}

const keyName = (productId: string, customerId: string, idempotencyKey: string): string =>
  `${productId}\0${customerId}\0${idempotencyKey}`;
