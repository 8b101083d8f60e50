// What sales ask of their customers, followed in Maps of strings: tickets, holds, attempts, cool-downs. Like the rest of the model
// it shares no code with the actor.

import type { ProductConfiguration } from '../command.ts';
import type { OrderChange, Reserved } from '../event.ts';
import { OPEN_GATE, type Gate } from '../gate.ts';
import { isHeld, isUnpaid, type OrderStatus } from '../order.ts';
import type { Stock } from '../product.ts';
import type { Findings } from './findings.ts';

interface Buyer {
  /** Orders whose units are held. */
  open: number;
  /** Orders that were not paid. */
  unpaid: number;
  /** When a hold last ran out or was denied, epoch milliseconds. */
  abandonedAt: number;
}

interface Change {
  readonly kind: OrderChange;
  readonly at: number;
  readonly before: OrderStatus;
  readonly after: OrderStatus;
  /** Of the product at that time. */
  readonly gate: Gate | undefined;
}

export class GateModel {
  readonly #findings: Findings;
  /** By product and customer. */
  readonly #buyers = new Map<string, Buyer>();
  /** By product. */
  readonly #tickets = new Map<string, Set<string>>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** @param stock before it */
  reserved(id: string, event: Reserved, sale: ProductConfiguration, stock: Stock, status: OrderStatus): void {
    const { productId, customerId, at, ticket, terms } = event;
    const gate = sale.gate ?? OPEN_GATE;
    const who = `order ${id} of ${customerId}`;
    const isAsAsked = gate.ticket === (ticket !== undefined);
    this.#findings.check(
      4,
      isAsAsked,
      () => `${who} has ${gate.ticket ? 'no ticket' : 'a ticket, and none was asked for'}`,
    );
    if (ticket !== undefined) {
      const burned = this.#tickets.get(productId) ?? new Set();
      this.#tickets.set(productId, burned);
      this.#findings.check(4, !burned.has(ticket), () => `the ticket of ${who} was used before`);
      burned.add(ticket);
    }
    const buyer = this.#buyer(productId, customerId);
    const { openHoldsMax, attemptsMax, coolDownSeconds } = gate;
    const isFree = openHoldsMax === 0 || buyer.open < openHoldsMax;
    this.#findings.check(5, isFree, () => `${who} comes beside ${buyer.open} open ones of ${openHoldsMax}`);
    const mayTry = attemptsMax === 0 || buyer.unpaid < attemptsMax;
    this.#findings.check(5, mayTry, () => `${who} comes after ${buyer.unpaid} unpaid ones of ${attemptsMax}`);
    const isCool = at >= buyer.abandonedAt + coolDownSeconds * 1_000;
    this.#findings.check(
      5,
      isCool,
      () => `${who} at ${at} comes within a cool-down since ${buyer.abandonedAt}`,
    );
    const hold = holdSecondsOf(sale, stock);
    this.#findings.check(
      8,
      terms.holdSeconds === hold,
      () => `${who} is held for ${terms.holdSeconds} s, not ${hold}`,
    );
    count(buyer, status, 1);
  }

  changed({ productId, customerId }: Reserved, { before, after, kind, at, gate = OPEN_GATE }: Change): void {
    const buyer = this.#buyer(productId, customerId);
    count(buyer, before, -1);
    count(buyer, after, 1);
    if ((kind === 'expired' || kind === 'denied') && gate.coolDownSeconds > 0) buyer.abandonedAt = at;
  }

  #buyer(productId: string, customerId: string): Buyer {
    const name = `${productId}\0${customerId}`;
    let buyer = this.#buyers.get(name);
    if (buyer === undefined) this.#buyers.set(name, (buyer = { open: 0, unpaid: 0, abandonedAt: -Infinity }));
    return buyer;
  }
}

function count(buyer: Buyer, status: OrderStatus, by: 1 | -1): void {
  if (isHeld(status)) buyer.open += by;
  if (isUnpaid(status)) buyer.unpaid += by;
}

/** Shorter as units become few, where the gate says so. */
function holdSecondsOf({ holdSeconds, gate = OPEN_GATE }: ProductConfiguration, stock: Stock): number {
  const shortest = gate.shortestHoldSeconds;
  if (shortest === 0 || shortest >= holdSeconds) return holdSeconds;
  const share = stock.available / (stock.loaded - stock.withdrawn);
  const part = share < 0.2 ? 4 : share < 0.5 ? 2 : 1;
  return Math.max(shortest, Math.floor(holdSeconds / part));
}
