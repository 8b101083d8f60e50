// A slow, obvious model of every product in Maps of strings, which follows the journal record by record. It shares no
// code with the actor, so that a mistake would have to be made twice to stay unseen.

import type {
  Configured,
  Event,
  HoldExtended,
  OrderChange,
  OrderChanged,
  Reserved,
  Retired,
  StockChanged,
} from '../event.ts';
import type { ProductConfiguration } from '../command.ts';
import { orderIdText } from '../key.ts';
import { acceptedStatus, canExpire, holdExpiresAt, isHeld, type OrderStatus } from '../order.ts';
import type { Stock } from '../product.ts';
import type { JournalRecord } from '../record.ts';
import type { Findings } from './findings.ts';
import type { ProjectedMovement, ProjectedProduct } from './projected.ts';
import { ChainModel } from './chain-model.ts';
import { GateModel } from './gate-model.ts';
import { Timeline } from './timeline.ts';

export interface ModelOrder {
  readonly shard: number;
  readonly event: Reserved;
  readonly status: Timeline<OrderStatus>;
  /** Epoch milliseconds; null when it was sold at once. */
  readonly holdExpiresAt: Timeline<number | null>;
  hasRow: boolean;
}

export interface ModelProduct {
  readonly id: string;
  readonly shard: number;
  /** Its configuration, and whether it is paused or retired, as Postgres has them. */
  readonly sale: Timeline<ProjectedProduct>;
  /** As it was last configured, with what Postgres does not have. */
  configuration: ProductConfiguration;
  readonly stock: Stock;
  readonly held: Map<string, number>;
  /** Orders of which something may still become. */
  open: number;
  hasRow: boolean;
}

export interface ModelMovement extends ProjectedMovement {
  readonly shard: number;
  readonly sequence: number;
  hasRow: boolean;
}

const AFTER: Record<OrderChange, { from: readonly OrderStatus[]; to: OrderStatus }> = {
  paymentPending: { from: ['reserved'], to: 'payment_pending' },
  inReview: { from: ['reserved', 'payment_pending'], to: 'in_review' },
  paid: { from: ['reserved', 'payment_pending', 'in_review', 'expired'], to: 'paid' },
  cancelled: { from: ['reserved', 'payment_pending', 'in_review'], to: 'cancelled' },
  expired: { from: ['reserved', 'payment_pending'], to: 'expired' },
  refundDue: { from: ['cancelled', 'expired'], to: 'refund_due' },
  refunded: { from: ['refund_due'], to: 'refunded' },
  paymentDeclined: { from: ['payment_pending'], to: 'reserved' },
  denied: { from: ['reserved', 'payment_pending', 'in_review'], to: 'cancelled' },
};

const isOpen = (status: OrderStatus): boolean => isHeld(status) || status === 'refund_due';
const takesUnits = (status: OrderStatus): boolean => isHeld(status) || status === 'paid';

export class JournalModel {
  readonly products = new Map<string, ModelProduct>();
  readonly orders = new Map<string, ModelOrder>();
  /** By `movementName`. */
  readonly movements = new Map<string, ModelMovement>();
  /** Products whose first records are not read: what happens to them cannot be followed. */
  readonly unseen = new Set<string>();
  records = 0;
  events = 0;
  readonly #byKey = new Map<string, string>();
  readonly #findings: Findings;
  readonly #chain: ChainModel;
  readonly #gate: GateModel;

  constructor(findings: Findings) {
    this.#findings = findings;
    this.#chain = new ChainModel(findings);
    this.#gate = new GateModel(findings);
  }

  /** The shard's records are read from behind `head` on. @param unseen products that a snapshot behind `head` has */
  begin(shard: number, head: number, unseen: Iterable<string>): void {
    this.#chain.begin(shard, head);
    for (const productId of unseen) this.unseen.add(productId);
  }

  /** The journal's records, in journal order. */
  record(sequence: number, record: JournalRecord): void {
    this.records++;
    this.#chain.follow(sequence, record);
    for (const event of record.events) {
      this.events++;
      this.#event(event, sequence, record.shard);
    }
  }

  /** Records behind the positions. */
  recordsAfter(positions: ReadonlyMap<number, number>): number {
    return this.#chain.recordsAfter(positions);
  }

  /** The order of one customer, product and key. */
  orderOf(productId: string, customerId: string, idempotencyKey: string): string | undefined {
    return this.#byKey.get(keyName(productId, customerId, idempotencyKey));
  }

  /** Units of the product that the orders take, counted from the orders alone. */
  unitsTaken(): Map<string, number> {
    const taken = new Map<string, number>();
    for (const { event, status } of this.orders.values()) {
      if (takesUnits(status.now))
        taken.set(event.productId, (taken.get(event.productId) ?? 0) + event.quantity);
    }
    return taken;
  }

  #event(event: Event, sequence: number, shard: number): void {
    // Its whole history is behind the beginning after all.
    if (event.kind === 'configured' && event.revision === 1) this.unseen.delete(event.productId);
    if (this.unseen.has(event.productId)) return;
    const product = this.products.get(event.productId);
    if (product !== undefined && product.sale.now.retiredAt !== null)
      this.#findings.broken(8, `${event.kind} of ${event.productId}, which is retired`);
    if (event.kind === 'configured') return this.#configured(event, sequence, shard);
    if (product === undefined)
      return this.#findings.broken(8, `${event.kind} of unknown product ${event.productId}`);
    switch (event.kind) {
      case 'stockLoaded':
        product.stock.loaded += event.quantity;
        product.stock.available += event.quantity;
        this.#moved(event, 'loaded', sequence, shard);
        break;
      case 'stockWithdrawn':
        product.stock.withdrawn += event.quantity;
        product.stock.available -= event.quantity;
        this.#moved(event, 'withdrawn', sequence, shard);
        break;
      case 'paused':
      case 'resumed':
        product.sale.set(sequence, { ...product.sale.now, paused: event.kind === 'paused' });
        break;
      case 'retired':
        this.#retired(product, event, sequence);
        break;
      case 'reserved':
        this.#reserved(product, event, sequence, shard);
        break;
      case 'holdExtended':
        this.#extended(event, sequence);
        break;
      default:
        this.#changed(product, event, sequence);
    }
    const { loaded, available, reserved, sold, withdrawn } = product.stock;
    const adds = loaded === available + reserved + sold + withdrawn && available >= 0;
    this.#findings.check(
      1,
      adds,
      () => `${product.id} after record ${sequence}: ${JSON.stringify(product.stock)}`,
    );
  }

  #configured({ productId: id, configuration, revision }: Configured, sequence: number, shard: number): void {
    const { amount: unitAmount, gate: _, ...rest } = configuration;
    this.#findings.check(8, Number.isSafeInteger(unitAmount), () => `${id} costs ${unitAmount}`);
    const known = this.products.get(id);
    const { paused, retiredAt } = known?.sale.now ?? { paused: false, retiredAt: null };
    const sale = { id, ...rest, unitAmount, revision, paused, retiredAt };
    if (known !== undefined) {
      known.configuration = configuration;
      return known.sale.set(sequence, sale);
    }
    const stock = { loaded: 0, available: 0, reserved: 0, sold: 0, withdrawn: 0 };
    const timeline = new Timeline<ProjectedProduct>(sequence, sale);
    const nothing = { held: new Map<string, number>(), open: 0, hasRow: false };
    this.products.set(id, { id, shard, sale: timeline, configuration, stock, ...nothing });
  }

  #moved(event: StockChanged, kind: ProjectedMovement['kind'], sequence: number, shard: number): void {
    const { productId, requestId, quantity, at } = event;
    const name = movementName(productId, requestId);
    const isNew = !this.movements.has(name);
    this.#findings.check(4, isNew, () => `stock request ${requestId} of ${productId} counted twice`);
    this.movements.set(name, { productId, requestId, kind, quantity, at, shard, sequence, hasRow: false });
  }

  #reserved(product: ModelProduct, event: Reserved, sequence: number, shard: number): void {
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
    const { startsAt, endsAt, paused } = product.sale.now;
    const inWindow = at >= startsAt && at < endsAt && !paused;
    this.#findings.check(8, inWindow, () => `order ${id} at ${at} is outside the sale`);
    const isWhole = Number.isSafeInteger(quantity) && quantity > 0 && Number.isSafeInteger(terms.amount);
    this.#findings.check(8, isWhole, () => `order ${id} is not in whole units`);
    this.#hold(product, customerId, quantity, id);
    const status = acceptedStatus(terms);
    this.#gate.reserved(id, event, product.configuration, product.stock, status);
    if (isOpen(status)) product.open++;
    product.stock.available -= quantity;
    product.stock[status === 'paid' ? 'sold' : 'reserved'] += quantity;
    this.orders.set(id, {
      shard,
      event,
      status: new Timeline<OrderStatus>(sequence, status),
      holdExpiresAt: new Timeline<number | null>(sequence, holdExpiresAt(at, terms)),
      hasRow: false,
    });
  }

  #changed(product: ModelProduct, { kind, orderId, at }: OrderChanged, sequence: number): void {
    const id = orderIdText(orderId);
    const order = this.orders.get(id);
    if (order === undefined) return this.#findings.broken(3, `${kind} of unknown order ${id}`);
    const { from, to } = AFTER[kind];
    const before = order.status.now;
    this.#findings.check(1, from.includes(before), () => `${kind} of order ${id}, which is ${before}`);
    product.open += Number(isOpen(to)) - Number(isOpen(before));
    const { quantity, customerId } = order.event;
    if (takesUnits(before) && !takesUnits(to)) {
      product.stock[before === 'paid' ? 'sold' : 'reserved'] -= quantity;
      product.stock.available += quantity;
      product.held.set(customerId, (product.held.get(customerId) ?? 0) - quantity);
    } else if (isHeld(before) && to === 'paid') {
      product.stock.reserved -= quantity;
      product.stock.sold += quantity;
    } else if (!takesUnits(before) && to === 'paid') {
      product.stock.available -= quantity;
      product.stock.sold += quantity;
      this.#hold(product, customerId, quantity, id);
    }
    if (kind === 'expired') {
      const end = order.holdExpiresAt.now;
      const isOver = end !== null && at >= end;
      this.#findings.check(8, isOver, () => `order ${id} expired at ${at}, and its hold ends at ${end}`);
    }
    this.#gate.changed(order.event, { kind, at, before, after: to, gate: product.configuration.gate });
    order.status.set(sequence, to);
  }

  #extended({ orderId, until }: HoldExtended, sequence: number): void {
    const id = orderIdText(orderId);
    const order = this.orders.get(id);
    if (order === undefined) return this.#findings.broken(3, `holdExtended of unknown order ${id}`);
    const { status, holdExpiresAt: end } = order;
    this.#findings.check(
      1,
      canExpire(status.now),
      () => `holdExtended of order ${id}, which is ${status.now}`,
    );
    const isLater = end.now !== null && until > end.now;
    this.#findings.check(8, isLater, () => `the hold of order ${id} goes from ${end.now} to ${until}`);
    end.set(sequence, until);
    // The row says it too.
    status.set(sequence, status.now);
  }

  /** Whoever asks for an order or a key afterwards is answered from the rows, so nothing may still become of them. */
  #retired({ id, sale, open }: ModelProduct, { at }: Retired, sequence: number): void {
    const { endsAt } = sale.now;
    this.#findings.check(4, at >= endsAt, () => `${id} was retired at ${at}, and its sale ends at ${endsAt}`);
    this.#findings.check(2, open === 0, () => `${id} was retired with ${open} open orders`);
    sale.set(sequence, { ...sale.now, retiredAt: at });
  }

  #hold(product: ModelProduct, customerId: string, quantity: number, orderId: string): void {
    const held = (product.held.get(customerId) ?? 0) + quantity;
    product.held.set(customerId, held);
    this.#findings.check(
      5,
      held <= product.sale.now.perCustomerLimit,
      () => `${customerId} holds ${held} of ${product.id} with ${orderId}`,
    );
  }
}

export const movementName = (productId: string, requestId: string): string => `${productId}\0${requestId}`;

const keyName = (productId: string, customerId: string, idempotencyKey: string): string =>
  `${productId}\0${customerId}\0${idempotencyKey}`;
