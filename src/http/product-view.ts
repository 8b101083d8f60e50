// A product as the outside sees it, made from what its actor says.

import type { ProductReading } from '../actors/index.ts';
import { ticketsFrom, type TicketHours } from './gate/tickets/index.ts';
import type { ProductView } from './pages/index.ts';

/**
 * @param isCancelled whether its campaign was: its actor knows only that nobody may buy it now
 * @param tickets undefined: not told when they can be had
 */
export function productView(
  { productId, configuration, state, stock, asOf }: ProductReading,
  isCancelled: boolean,
  tickets?: TicketHours,
): ProductView {
  return {
    id: productId,
    name: configuration.name,
    description: configuration.description,
    price: { amount: configuration.amount, currency: configuration.currency },
    perCustomerLimit: configuration.perCustomerLimit,
    holdSeconds: configuration.holdSeconds,
    startsAt: new Date(configuration.startsAt).toISOString(),
    endsAt: new Date(configuration.endsAt).toISOString(),
    sale: {
      state: isCancelled ? 'cancelled' : state,
      available: stock.available,
      offered: stock.loaded - stock.withdrawn,
    },
    asOf: new Date(asOf).toISOString(),
    ...(configuration.gate?.ticket === true &&
      tickets !== undefined && { ticketsFrom: new Date(ticketsFrom(configuration, tickets)).toISOString() }),
  };
}
