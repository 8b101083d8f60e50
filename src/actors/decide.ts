// decide(product, command, now) → what the caller is told, and what happens. Pure: it changes nothing.
//
// A reservation is one step in one order: known key → its stored acceptance; then pause, window, ticket, holds, limit,
// stock; then the decrement. Only acceptances are remembered, so a refused key is decided anew when it comes again.

import type { Command, Reserve } from './command.ts';
import { ACTOR_LIMITS, answer, refuse, type Decision } from './decision.ts';
import { changeStock, checkStock, configure, pauseOrResume, show } from './offer.ts';
import { BAD_TICKET, gateOf, type Gate } from './gate.ts';
import { acceptedStatus, holdExpiresAt } from './order.ts';
import type { OrderTable } from './order-table.ts';
import type { Product } from './product.ts';
import { afterRetirement, retire } from './retirement.ts';
import { cancel, decline, deny, expire, extendHold, pay, refund } from './settlement.ts';

export function decide(product: Product | undefined, command: Command, now: number): Decision {
  if (product !== undefined && product.retiredAt !== null) return afterRetirement(product, command, now);
  if (command.kind === 'configure') return configure(product, command, now);
  if (product === undefined) return refuse('not_found');
  switch (command.kind) {
    case 'reserve':
      return reserve(product, command, now);
    case 'pay':
      return pay(product, command, now);
    case 'decline':
      return decline(product, command, now);
    case 'deny':
      return deny(product, command, now);
    case 'extendHold':
      return extendHold(product, command, now);
    case 'cancel':
      return cancel(product, command, now);
    case 'expire':
      return expire(product, command, now);
    case 'refund':
      return refund(product, command, now);
    case 'loadStock':
    case 'withdrawStock':
      return changeStock(product, command, now);
    case 'checkStock':
      return checkStock(product, command);
    case 'pause':
    case 'resume':
      return pauseOrResume(product, command, now);
    case 'retire':
      return retire(product, command, now);
    case 'showProduct':
    case 'showStock':
      return show(product, command, now);
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
    return answer({ outcome: 'reserved', order: product.accepted(known), replayed: true });
  }
  if (product.paused) return refuse('sale_paused');
  if (now < configuration.startsAt) return refuse('sale_not_started');
  if (now >= configuration.endsAt) return refuse('sale_ended');
  const gate = gateOf(configuration);
  if (gate.ticket) {
    if (command.ticket === undefined) return refuse('ticket_required');
    if (command.ticket === BAD_TICKET || product.tickets.find(command.ticket) >= 0)
      return refuse('ticket_invalid');
  }
  const customer = orders.customers.find(command.customerKey);
  if (customer >= 0) {
    if (holdsTooMany(orders, customer, gate, now)) return refuse('too_many_holds');
  }
  const held = customer < 0 ? 0 : orders.heldByRow(customer);
  if (held + command.quantity > configuration.perCustomerLimit) return refuse('limit_reached');
  if (stock.available === 0) return refuse('sold_out');
  if (stock.available < command.quantity) return refuse('insufficient_stock');
  if (orders.size >= ACTOR_LIMITS.ordersMax) return refuse('overloaded');
  // Drawn by chance, twice; or made to do harm. The repetition draws another.
  if (orders.ids.find(command.orderId) >= 0) return refuse('overloaded');

  const terms = product.terms[product.termsIndex]!;
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
      ...(gate.ticket ? { ticket: command.ticket } : {}),
    },
  };
}

/** Each bound that is 0 is none. */
function holdsTooMany(orders: OrderTable, customer: number, gate: Gate, now: number): boolean {
  const { openHoldsMax, coolDownSeconds, attemptsMax } = gate;
  if (openHoldsMax > 0 && orders.openByRow(customer) >= openHoldsMax) return true;
  if (attemptsMax > 0 && orders.unpaidByRow(customer) >= attemptsMax) return true;
  const abandonedAt = orders.abandonedAtByRow(customer);
  return abandonedAt > 0 && now < abandonedAt + coolDownSeconds * 1_000;
}
