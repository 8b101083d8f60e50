// decide(product, command, now) → what the caller is told, and what happens. Pure: it changes nothing.
//
// A reservation is one step in one order: known key → its stored acceptance; then pause, window, limit, stock; then
// the decrement. Only acceptances are remembered, so a refused key is decided anew when it comes again.

import type {
  Cancel,
  ChangeStock,
  Command,
  Configure,
  Expire,
  Pay,
  PauseOrResume,
  ProductConfiguration,
  Refund,
  Reserve,
} from './command.ts';
import { STATUS_AFTER, type Event, type OrderChange } from './event.ts';
import { invariant } from './invariant.ts';
import { acceptedStatus, canExpire, holdExpiresAt, isHeld, type Order, type OrderStatus } from './order.ts';
import type { Refusal } from './outcome.ts';
import { NO_STOCK, readProduct, type Product, type ProductReading, type Stock } from './product.ts';

/** What the caller is told. */
export type Reply =
  | { readonly outcome: 'reserved'; readonly order: Order; readonly replayed: boolean }
  | { readonly outcome: 'order'; readonly order: Order }
  | { readonly outcome: 'configured'; readonly product: ProductReading; readonly created: boolean }
  | { readonly outcome: 'product'; readonly product: ProductReading }
  | {
      readonly outcome: 'stock';
      readonly productId: string;
      readonly stock: Stock;
      readonly duplicate: boolean;
    }
  | { readonly outcome: 'conflict'; readonly refusal: 'order_state_conflict'; readonly order: Order }
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

/** A decision without an event changes nothing, and its answer needs no append of its own. */
export interface Decision {
  readonly reply: Reply;
  readonly event: Event | undefined;
}

/** Bounds of one actor; what happens there is `overloaded`. */
export const ACTOR_LIMITS = {
  ordersMax: 16_000_000,
  stockRequestsMax: 100_000,
  termsMax: 1_000,
} as const;

// Refusals outnumber acceptances a hundred to one in a sale: each is made once.
const refusals = new Map<Refusal, Decision>();
export function refuse(refusal: Refusal): Decision {
  let decision = refusals.get(refusal);
  if (decision === undefined) {
    decision = Object.freeze({ reply: Object.freeze({ outcome: 'refused', refusal }), event: undefined });
    refusals.set(refusal, decision);
  }
  return decision;
}

const answer = (reply: Reply): Decision => ({ reply, event: undefined });

export function decide(product: Product | undefined, command: Command, now: number): Decision {
  if (command.kind === 'configure') return configure(product, command, now);
  if (product === undefined) return refuse('not_found');
  switch (command.kind) {
    case 'reserve':
      return reserve(product, command, now);
    case 'pay':
      return pay(product, command, now);
    case 'cancel':
      return cancel(product, command, now);
    case 'expire':
      return expire(product, command, now);
    case 'refund':
      return refund(product, command, now);
    case 'loadStock':
    case 'withdrawStock':
      return changeStock(product, command, now);
    case 'pause':
    case 'resume':
      return pauseOrResume(product, command, now);
    case 'showProduct':
      return answer({ outcome: 'product', product: product.read(now) });
    case 'showStock':
      return answer({
        outcome: 'stock',
        productId: product.id,
        stock: { ...product.stock },
        duplicate: false,
      });
    case 'showOrder': {
      const row = product.orders.ids.find(command.orderId);
      if (row < 0 || !product.orders.belongsTo(row, command.customerKey)) return refuse('not_found');
      return answer({ outcome: 'order', order: product.order(row) });
    }
    case 'findOrder': {
      const row = product.orders.requests.find(command.requestKey);
      return row < 0 ? refuse('not_found') : answer({ outcome: 'order', order: product.order(row) });
    }
  }
}

function reserve(product: Product, command: Reserve, now: number): Decision {
  const { orders, stock, configuration } = product;
  const known = orders.requests.find(command.requestKey);
  if (known >= 0) {
    if (orders.quantity(known) !== command.quantity) return refuse('idempotency_key_reused');
    const accepted = acceptedStatus(product.terms[orders.termsIndex(known)]!);
    return answer({ outcome: 'reserved', order: product.order(known, accepted), replayed: true });
  }
  if (product.paused) return refuse('sale_paused');
  if (now < configuration.startsAt) return refuse('sale_not_started');
  if (now >= configuration.endsAt) return refuse('sale_ended');
  if (orders.heldBy(command.customerKey) + command.quantity > configuration.perCustomerLimit) {
    return refuse('limit_reached');
  }
  if (stock.available === 0) return refuse('sold_out');
  if (stock.available < command.quantity) return refuse('insufficient_stock');
  if (orders.size >= ACTOR_LIMITS.ordersMax) return refuse('overloaded');

  const terms = product.currentTerms;
  return {
    reply: {
      outcome: 'reserved',
      replayed: false,
      order: {
        orderId: command.orderId,
        productId: product.id,
        quantity: command.quantity,
        unitPrice: { amount: terms.amount, currency: terms.currency },
        status: acceptedStatus(terms),
        createdAt: now,
        holdExpiresAt: holdExpiresAt(now, terms),
      },
    },
    event: {
      kind: 'reserved',
      productId: product.id,
      at: now,
      orderId: command.orderId,
      customerId: command.customerId,
      customerKey: command.customerKey,
      idempotencyKey: command.idempotencyKey,
      requestKey: command.requestKey,
      quantity: command.quantity,
      terms,
    },
  };
}

function pay(product: Product, command: Pay, now: number): Decision {
  const row = product.orders.ids.find(command.orderId);
  if (row < 0 || !product.orders.belongsTo(row, command.customerKey)) return refuse('not_found');
  const status = product.orders.status(row);
  if (command.settlement !== 'paid') return settleLater(product, row, status, command.settlement, now);
  switch (status) {
    case 'reserved':
    case 'payment_pending':
    case 'in_review':
      return change(product, row, 'paid', now);
    case 'expired':
      return canStillFulfil(product, row)
        ? change(product, row, 'paid', now)
        : change(product, row, 'refundDue', now);
    case 'cancelled':
      return change(product, row, 'refundDue', now);
    case 'paid':
    case 'refund_due':
    case 'refunded':
      return answer({ outcome: 'order', order: product.order(row) });
  }
}

/** The provider has not made up its mind, or the shop wants to look at the order. */
function settleLater(
  product: Product,
  row: number,
  status: OrderStatus,
  settlement: 'payment_pending' | 'in_review',
  now: number,
): Decision {
  if (status === settlement || status === 'in_review' || status === 'paid') {
    return answer({ outcome: 'order', order: product.order(row) });
  }
  if (!isHeld(status)) return conflict(product, row);
  return settlement === 'in_review'
    ? change(product, row, 'inReview', now)
    : change(product, row, 'paymentPending', now);
}

function canStillFulfil(product: Product, row: number): boolean {
  const { orders, stock, configuration } = product;
  const quantity = orders.quantity(row);
  const held = orders.heldByRow(orders.customerRow(row));
  return quantity <= stock.available && held + quantity <= configuration.perCustomerLimit;
}

function cancel(product: Product, command: Cancel, now: number): Decision {
  const row = product.orders.ids.find(command.orderId);
  if (row < 0 || !product.orders.belongsTo(row, command.customerKey)) return refuse('not_found');
  const status = product.orders.status(row);
  if (isHeld(status)) return change(product, row, 'cancelled', now);
  if (status === 'cancelled') return answer({ outcome: 'order', order: product.order(row) });
  return conflict(product, row);
}

function expire(product: Product, command: Expire, now: number): Decision {
  const row = product.orders.ids.find(command.orderId);
  if (row < 0) return refuse('not_found');
  const order = product.order(row);
  const isDue = order.holdExpiresAt !== null && order.holdExpiresAt <= now;
  if (!canExpire(order.status) || !isDue) return conflict(product, row);
  return change(product, row, 'expired', now);
}

function refund(product: Product, command: Refund, now: number): Decision {
  const row = product.orders.ids.find(command.orderId);
  if (row < 0) return refuse('not_found');
  const status = product.orders.status(row);
  if (status === 'refund_due') return change(product, row, 'refunded', now);
  if (status === 'refunded') return answer({ outcome: 'order', order: product.order(row) });
  return conflict(product, row);
}

function change(product: Product, row: number, kind: OrderChange, now: number): Decision {
  const order = product.order(row, STATUS_AFTER[kind]);
  return {
    reply: { outcome: 'order', order },
    event: { kind, productId: product.id, at: now, orderId: order.orderId },
  };
}

const conflict = (product: Product, row: number): Decision =>
  answer({ outcome: 'conflict', refusal: 'order_state_conflict', order: product.order(row) });

function configure(product: Product | undefined, command: Configure, now: number): Decision {
  const { configuration, productId, expectedRevision } = command;
  assertConfiguration(configuration);
  const revision = product?.revision ?? 0;
  if (expectedRevision !== undefined && expectedRevision !== revision) return refuse('version_conflict');
  if (product !== undefined) {
    if (isSame(product.configuration, configuration)) {
      return answer({ outcome: 'configured', product: product.read(now), created: false });
    }
    const old = product.configuration;
    const changesPrice = old.amount !== configuration.amount || old.currency !== configuration.currency;
    if (changesPrice && now >= old.startsAt && !product.paused) return refuse('price_locked');
    const changesTerms = changesPrice || old.holdSeconds !== configuration.holdSeconds;
    if (changesTerms && product.terms.length >= ACTOR_LIMITS.termsMax) return refuse('overloaded');
  }
  const reading = readProduct({
    id: productId,
    configuration,
    revision: revision + 1,
    paused: product?.paused ?? false,
    stock: product?.stock ?? NO_STOCK,
    now,
  });
  return {
    reply: { outcome: 'configured', product: reading, created: product === undefined },
    event: { kind: 'configured', productId, at: now, configuration, revision: revision + 1 },
  };
}

function assertConfiguration(configuration: ProductConfiguration): void {
  const { startsAt, endsAt, amount, perCustomerLimit, holdSeconds } = configuration;
  for (const value of [startsAt, endsAt, amount, perCustomerLimit, holdSeconds]) {
    invariant(Number.isSafeInteger(value) && value >= 0, `a configuration holds integers, not ${value}`);
  }
  invariant(startsAt < endsAt, 'a sale ends after it starts');
}

const isSame = (one: ProductConfiguration, other: ProductConfiguration): boolean =>
  one.name === other.name &&
  one.description === other.description &&
  one.startsAt === other.startsAt &&
  one.endsAt === other.endsAt &&
  one.amount === other.amount &&
  one.currency === other.currency &&
  one.perCustomerLimit === other.perCustomerLimit &&
  one.holdSeconds === other.holdSeconds;

function changeStock(product: Product, command: ChangeStock, now: number): Decision {
  const { kind, requestId, quantity } = command;
  const known = product.stockRequests.get(requestId);
  if (known !== undefined) {
    if (known.kind !== kind || known.quantity !== quantity) return refuse('idempotency_key_reused');
    return answer({ outcome: 'stock', productId: product.id, stock: { ...product.stock }, duplicate: true });
  }
  if (product.stockRequests.size >= ACTOR_LIMITS.stockRequestsMax) return refuse('overloaded');
  const stock = { ...product.stock };
  if (kind === 'loadStock') {
    stock.loaded += quantity;
    stock.available += quantity;
  } else {
    if (quantity > stock.available) return refuse('insufficient_stock');
    stock.available -= quantity;
    stock.withdrawn += quantity;
  }
  return {
    reply: { outcome: 'stock', productId: product.id, stock, duplicate: false },
    event: {
      kind: kind === 'loadStock' ? 'stockLoaded' : 'stockWithdrawn',
      productId: product.id,
      at: now,
      requestId,
      quantity,
    },
  };
}

function pauseOrResume(product: Product, command: PauseOrResume, now: number): Decision {
  const paused = command.kind === 'pause';
  if (product.paused === paused) return answer({ outcome: 'product', product: product.read(now) });
  return {
    reply: { outcome: 'product', product: readProduct({ ...product.parts, paused, now }) },
    event: { kind: paused ? 'paused' : 'resumed', productId: product.id, at: now },
  };
}
