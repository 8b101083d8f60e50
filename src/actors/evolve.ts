// evolve(product, event): what an event does to the state. The only place that changes a product, live and in replay.
//
// It trusts nothing: each event is checked against the invariants before and after, because a replay may read what
// another version, or a damaged disk, wrote.

import {
  STATUS_AFTER,
  type Configured,
  type Event,
  type HoldExtended,
  type OrderChange,
  type OrderChanged,
  type Reserved,
  type ReservedRun,
  type Retired,
  type StockChanged,
} from './event.ts';
import { invariant } from './invariant.ts';
import { gateOf } from './gate.ts';
import { isSameTerms } from './hold-terms.ts';
import { KEY_WORDS, writeKey } from './key.ts';
import { acceptedStatus, canExpire, isHeld, type OrderStatus, type Terms } from './order.ts';
import { ORDER_KEYS } from './order-table.ts';
import { Product } from './product.ts';

const BEFORE: Record<OrderChange, readonly OrderStatus[]> = {
  paymentPending: ['reserved'],
  inReview: ['reserved', 'payment_pending'],
  paid: ['reserved', 'payment_pending', 'in_review', 'expired'],
  cancelled: ['reserved', 'payment_pending', 'in_review'],
  expired: ['reserved', 'payment_pending'],
  refundDue: ['cancelled', 'expired'],
  refunded: ['refund_due'],
  paymentDeclined: ['payment_pending'],
  denied: ['reserved', 'payment_pending', 'in_review'],
};

/** The keys of the one reservation that is being evolved: a scratch, so that it allocates nothing. */
const keysOfOne = new Uint32Array(ORDER_KEYS.words);
const ticketOfOne = new Uint32Array(KEY_WORDS);

/** @returns the product, which the first `configured` event makes */
export function evolve(product: Product | undefined, event: Event): Product {
  if (product !== undefined && product.retiredAt !== null) {
    invariant(false, `${event.kind} of ${event.productId}, which is retired`);
  }
  if (event.kind === 'configured') return configured(product, event);
  invariant(product !== undefined, `${event.kind} of ${event.productId}, which was never configured`);
  switch (event.kind) {
    case 'reserved':
      writeKey(keysOfOne, ORDER_KEYS.id, event.orderId);
      writeKey(keysOfOne, ORDER_KEYS.customer, event.customerKey);
      writeKey(keysOfOne, ORDER_KEYS.request, event.requestKey);
      burn(product, ticketOf(event), 0);
      reserved(product, event.quantity, event.terms, event.at, keysOfOne, 0);
      break;
    case 'stockLoaded':
    case 'stockWithdrawn':
      stockChanged(product, event);
      break;
    case 'paused':
    case 'resumed':
      product.paused = event.kind === 'paused';
      break;
    case 'retired':
      retired(product, event);
      break;
    case 'paymentPending':
    case 'inReview':
    case 'paid':
    case 'cancelled':
    case 'expired':
    case 'refundDue':
    case 'refunded':
    case 'paymentDeclined':
    case 'denied':
      orderChanged(product, event);
      break;
    case 'holdExtended':
      holdExtended(product, event);
      break;
  }
  assertStock(product);
  return product;
}

/** The same as `evolve` with each event of the run, for a replay, which has thousands of them at hand. */
export function evolveRun(product: Product | undefined, run: ReservedRun): Product {
  const { productId, terms, ats, quantities } = run;
  invariant(product !== undefined, `reserved of ${productId}, which was never configured`);
  invariant(product.retiredAt === null, `reserved of ${productId}, which is retired`);
  product.orders.lookAhead(run.keys);
  for (let index = 0; index < ats.length; index++) {
    burn(product, run.tickets, index * KEY_WORDS);
    reserved(product, quantities[index]!, terms, ats[index]!, run.keys, index * ORDER_KEYS.words);
    assertStock(product);
  }
  return product;
}

function configured(product: Product | undefined, event: Configured): Product {
  const evolved = product ?? new Product(event.productId, event.configuration);
  invariant(
    event.revision === evolved.revision + 1,
    `revision ${event.revision} follows ${evolved.revision}`,
  );
  evolved.configure(event.configuration);
  evolved.revision = event.revision;
  return evolved;
}

function stockChanged(product: Product, { kind, requestId, quantity }: StockChanged): void {
  invariant(!product.stockRequests.has(requestId), `stock request ${requestId} counted twice`);
  invariant(Number.isSafeInteger(quantity) && quantity > 0, `stock changes by whole units, not ${quantity}`);
  const { stock } = product;
  if (kind === 'stockLoaded') {
    stock.loaded += quantity;
    stock.available += quantity;
    product.stockRequests.set(requestId, { kind: 'loadStock', quantity });
  } else {
    stock.available -= quantity;
    stock.withdrawn += quantity;
    product.stockRequests.set(requestId, { kind: 'withdrawStock', quantity });
  }
}

function ticketOf({ ticket }: Reserved): Uint32Array | undefined {
  if (ticket === undefined) return undefined;
  writeKey(ticketOfOne, 0, ticket);
  return ticketOfOne;
}

/** @param tickets of which the order's is at word `from` */
function burn(product: Product, tickets: Uint32Array | undefined, from: number): void {
  const isAsked = product.configuration.gate?.ticket ?? false;
  invariant(
    isAsked === (tickets !== undefined),
    'a reservation without its ticket, or with one that nobody asked for',
  );
  if (tickets !== undefined)
    invariant(product.tickets.addNew(tickets, from) >= 0, 'a ticket that is used twice');
}

/** @param keys of the order, from word `from` on */
function reserved(
  product: Product,
  quantity: number,
  terms: Terms,
  at: number,
  keys: Uint32Array,
  from: number,
): void {
  const { orders, stock, configuration } = product;
  invariant(Number.isSafeInteger(quantity) && quantity > 0, `an order is of whole units, not ${quantity}`);
  invariant(!product.paused, 'a reservation while paused');
  invariant(at >= configuration.startsAt && at < configuration.endsAt, 'a reservation outside the window');
  const { termsIndex } = product;
  invariant(isSameTerms(terms, product.terms[termsIndex]!), 'a reservation on terms that are not in force');

  const customer = orders.customer(keys, from);
  const held = orders.heldByRow(customer) + quantity;
  invariant(held <= configuration.perCustomerLimit, 'a customer above the limit');
  const status = acceptedStatus(terms);
  orders.add(keys, from, customer, quantity, termsIndex, status, at);
  orders.changeHeld(customer, quantity);
  product.holds.add(orders.size - 1);
  stock.available -= quantity;
  if (status === 'paid') stock.sold += quantity;
  else stock.reserved += quantity;
}

function orderChanged(product: Product, { kind, orderId, at }: OrderChanged): void {
  const { orders, stock } = product;
  const row = orders.ids.find(orderId);
  invariant(row >= 0, `${kind} of an order that does not exist`);
  const before = orders.status(row);
  invariant(BEFORE[kind].includes(before), `${kind} of an order that is ${before}`);
  const after = STATUS_AFTER[kind];
  const quantity = orders.quantity(row);
  orders.setStatus(row, after);

  if (after === 'refund_due') product.refundsDue++;
  if (before === 'refund_due') product.refundsDue--;

  // Where the units were, and where they are now.
  if (isHeld(before) && !isHeld(after)) stock.reserved -= quantity;
  if (after === 'paid') stock.sold += quantity;
  if (after === 'cancelled' || after === 'expired') stock.available += quantity;
  if (before === 'expired' && after === 'paid') stock.available -= quantity;

  const customer = orders.customerRow(row);
  const isAbandoned = kind === 'expired' || kind === 'denied';
  if (isAbandoned && gateOf(product.configuration).coolDownSeconds > 0) orders.coolDown(customer, at);
  if (after === 'cancelled' || after === 'expired') orders.changeHeld(customer, -quantity);
  if (before === 'expired' && after === 'paid') {
    orders.changeHeld(customer, quantity);
    invariant(
      orders.heldByRow(customer) <= product.configuration.perCustomerLimit,
      'a late payment above the limit',
    );
  }
}

function holdExtended(product: Product, { orderId, until }: HoldExtended): void {
  const row = product.orders.ids.find(orderId);
  invariant(row >= 0, 'an extended hold of an order that does not exist');
  const { status, holdExpiresAt } = product.order(row);
  invariant(canExpire(status), `an extended hold of an order that is ${status}`);
  const isLater = Number.isSafeInteger(until) && holdExpiresAt !== null && until > holdExpiresAt;
  invariant(isLater, `a hold is extended from ${holdExpiresAt} to ${until}`);
  product.holds.extended.extend(row, until);
}

function retired(product: Product, { at }: Retired): void {
  invariant(at >= product.configuration.endsAt, 'a retirement before the end of the sale');
  invariant(!product.isOpen, 'a retirement while orders are open');
  product.retire(at);
}

/** Invariant 1, after every event. */
function assertStock({ id, stock }: Product): void {
  const { loaded, available, reserved, sold, withdrawn } = stock;
  const adds = loaded === available + reserved + sold + withdrawn;
  if (adds && available >= 0 && reserved >= 0 && sold >= 0) return;
  invariant(false, `stock of ${id} does not add up: ${JSON.stringify(stock)}`);
}
