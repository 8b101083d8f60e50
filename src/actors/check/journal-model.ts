// A slow, obvious model of every product in Maps of strings, which follows the journal record by record. It shares no
// code with the actor, so that a mistake would have to be made twice to stay unseen.

import type { Configured, Event, OrderChange, Reserved, StockChanged } from '../event.ts';
import { orderIdText } from '../key.ts';
import { acceptedStatus, isHeld, type OrderStatus } from '../order.ts';
import type { Stock } from '../product.ts';
import type { JournalRecord } from '../record.ts';
import type { Findings } from './findings.ts';
import type { ProjectedMovement, ProjectedProduct } from './projected.ts';

export interface ModelOrder {
  readonly event: Reserved;
  status: OrderStatus;
  version: number;
  /** As Postgres must have it: the order up to the shard's projected position. */
  projected: { status: OrderStatus; version: number } | undefined;
  hasRow: boolean;
}

export interface ModelProduct {
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

export class JournalModel {
  readonly products = new Map<string, ModelProduct>();
  readonly orders = new Map<string, ModelOrder>();
  /** Those that Postgres must have, by `movementName`. */
  readonly movements = new Map<string, ProjectedMovement>();
  records = 0;
  events = 0;
  recordsNotProjected = 0;
  readonly #byKey = new Map<string, string>();
  readonly #shards = new Map<number, ModelShard>();
  readonly #positions: ReadonlyMap<number, number>;
  readonly #findings: Findings;

  /** @param positions how far Postgres is, by shard */
  constructor(positions: ReadonlyMap<number, number>, findings: Findings) {
    this.#positions = positions;
    this.#findings = findings;
  }

  /** The journal's records, in journal order. */
  record(sequence: number, record: JournalRecord): void {
    this.records++;
    this.#follow(sequence, record);
    const isProjected = sequence <= (this.#positions.get(record.shard) ?? 0);
    if (!isProjected) this.recordsNotProjected++;
    for (const event of record.events) {
      this.events++;
      this.#event(event, sequence, isProjected);
    }
  }

  /** The order of one customer, product and key. */
  orderOf(productId: string, customerId: string, idempotencyKey: string): string | undefined {
    return this.#byKey.get(keyName(productId, customerId, idempotencyKey));
  }

  /** Units of the product that the orders take, counted from the orders alone. */
  unitsTaken(): Map<string, number> {
    const taken = new Map<string, number>();
    for (const { event, status } of this.orders.values()) {
      if (takesUnits(status)) taken.set(event.productId, (taken.get(event.productId) ?? 0) + event.quantity);
    }
    return taken;
  }

  #follow(sequence: number, record: JournalRecord): void {
    const shard = this.#shards.get(record.shard) ?? { epoch: 0, owner: '', number: 0, head: 0 };
    this.#shards.set(record.shard, shard);
    const where = `record ${sequence} of shard ${record.shard}`;
    const follows = record.previous === shard.head;
    this.#findings.check(6, follows, () => `${where} names ${record.previous} before it, not ${shard.head}`);
    if (record.number === 0) {
      const rises = record.epoch > shard.epoch;
      this.#findings.check(6, rises, () => `${where} claims epoch ${record.epoch} after ${shard.epoch}`);
    } else {
      const isOwners = record.epoch === shard.epoch && record.owner === shard.owner;
      this.#findings.check(6, isOwners, () => `${where} is not the owner's`);
      this.#findings.check(
        6,
        record.number === shard.number + 1,
        () => `${where} is number ${record.number}`,
      );
    }
    Object.assign(shard, { epoch: record.epoch, owner: record.owner, number: record.number, head: sequence });
  }

  #event(event: Event, sequence: number, isProjected: boolean): void {
    if (event.kind === 'configured') return this.#configured(event, isProjected);
    const product = this.products.get(event.productId);
    if (product === undefined)
      return this.#findings.broken(8, `${event.kind} of unknown product ${event.productId}`);
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
    this.#findings.check(
      1,
      adds,
      () => `${product.id} after record ${sequence}: ${JSON.stringify(product.stock)}`,
    );
  }

  #configured({ productId: id, configuration, revision }: Configured, isProjected: boolean): void {
    const { startsAt, endsAt, perCustomerLimit, amount } = configuration;
    this.#findings.check(8, Number.isSafeInteger(amount), () => `${id} costs ${amount}`);
    const known = this.products.get(id);
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
    this.products.set(id, product);
  }

  #moved({ productId, requestId, quantity, at }: StockChanged, kind: ProjectedMovement['kind']): void {
    this.movements.set(movementName(productId, requestId), { productId, requestId, kind, quantity, at });
  }

  #reserved(product: ModelProduct, event: Reserved, sequence: number, isProjected: boolean): void {
    const { quantity, at, customerId, terms } = event;
    const id = orderIdText(event.orderId);
    const key = keyName(product.id, customerId, event.idempotencyKey);
    this.#findings.check(
      4,
      !this.#byKey.has(key),
      () => `orders ${this.#byKey.get(key)} and ${id} have one key`,
    );
    this.#findings.check(4, !this.orders.has(id), () => `two orders ${id}`);
    this.#byKey.set(key, id);
    const inWindow = at >= product.startsAt && at < product.endsAt && !product.paused;
    this.#findings.check(8, inWindow, () => `order ${id} at ${at} is outside the sale`);
    const isWhole = Number.isSafeInteger(quantity) && quantity > 0 && Number.isSafeInteger(terms.amount);
    this.#findings.check(8, isWhole, () => `order ${id} is not in whole units`);
    this.#hold(product, customerId, quantity, id);
    const status = acceptedStatus(terms);
    product.stock.available -= quantity;
    product.stock[status === 'paid' ? 'sold' : 'reserved'] += quantity;
    const projected = isProjected ? { status, version: sequence } : undefined;
    this.orders.set(id, { event, status, version: sequence, projected, hasRow: false });
  }

  #changed(
    product: ModelProduct,
    kind: OrderChange,
    id: string,
    sequence: number,
    isProjected: boolean,
  ): void {
    const order = this.orders.get(id);
    if (order === undefined) return this.#findings.broken(3, `${kind} of unknown order ${id}`);
    const { from, to } = AFTER[kind];
    this.#findings.check(
      1,
      from.includes(order.status),
      () => `${kind} of order ${id}, which is ${order.status}`,
    );
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
    this.#findings.check(
      5,
      held <= product.limit,
      () => `${customerId} holds ${held} of ${product.id} with ${orderId}`,
    );
  }
}

export const movementName = (productId: string, requestId: string): string => `${productId}\0${requestId}`;

const keyName = (productId: string, customerId: string, idempotencyKey: string): string =>
  `${productId}\0${customerId}\0${idempotencyKey}`;
