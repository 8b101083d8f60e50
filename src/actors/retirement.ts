// The end of a product's life in memory. When its sale has been over for long and nothing of it is open, its actor lets
// orders, keys and requestIds go; counters and configuration stay. From then on nothing of it changes, and whoever asks for
// an order is told to look where the journal's events were written.

import type { Command, Retire } from './command.ts';
import { answer, refuse, type Decision } from './decision.ts';
import { checkStock, show } from './offer.ts';
import type { Product } from './product.ts';

/** Without an event when it is not due, or something is open. */
export function retire(product: Product, { keptMs }: Retire, now: number): Decision {
  const { reply } = show(product, { kind: 'showProduct', productId: product.id }, now);
  if (product.retiresAt(keptMs) > now) return { reply, event: undefined };
  return { reply, event: { kind: 'retired', productId: product.id, at: now } };
}

/** @param product is retired */
export function afterRetirement(product: Product, command: Command, now: number): Decision {
  switch (command.kind) {
    case 'reserve':
    case 'pay':
    case 'decline':
    case 'deny':
    case 'extendHold':
    case 'cancel':
    case 'expire':
    case 'refund':
    case 'showOrder':
    case 'findOrder':
      return answer({ outcome: 'retired', productId: product.id });
    case 'configure':
    case 'loadStock':
    case 'withdrawStock':
    case 'pause':
    case 'resume':
      return refuse('sale_ended');
    case 'checkStock':
      return checkStock(product, command);
    case 'showProduct':
    case 'showStock':
      return show(product, command, now);
    case 'retire':
      return retire(product, command, now);
  }
}
