// The orders of the `cache` benchmark: live ones of a sale that is open, and a closed one, whose actor has let them go.

import type { Command, Configure, Reserve } from '../src/actors/index.ts';
import type { OrderRow } from '../src/persistence/index.ts';
import { orderIdText } from '../src/actors/index.ts';
import type { Router } from '../src/runtime/index.ts';
import { openSale, reserve } from './sale.ts';

export const OPEN = 'open';
export const CLOSED = 'closed';
export const ORDERS = 10_000;

const PLACED_AT_ONCE = 500;

export interface CacheSale {
  /** What the owner has to do for it. */
  readonly commands: readonly Command[];
  readonly live: readonly Reserve[];
}

/** @param from number of the first customer */
export function cacheSale(from: number): CacheSale {
  const live = Array.from({ length: ORDERS }, (_, number) => reserve(OPEN, from + number) as Reserve);
  const [configure] = openSale(CLOSED, 1) as [Configure, Command];
  const over = { ...configure, configuration: { ...configure.configuration, endsAt: 1 } };
  return {
    commands: [...openSale(OPEN, ORDERS), over, { kind: 'retire', productId: CLOSED, keptMs: 0 }, ...live],
    live,
  };
}

/** One after the other as far as the sale's set-up goes, then many together. @throws when one of them is refused */
export async function placeOrders(router: Router, commands: readonly Command[]): Promise<void> {
  const setUp = commands.filter(({ kind }) => kind !== 'reserve');
  for (const command of setUp) await ask(router, command);
  const orders = commands.slice(setUp.length);
  for (let at = 0; at < orders.length; at += PLACED_AT_ONCE)
    await Promise.all(orders.slice(at, at + PLACED_AT_ONCE).map((command) => ask(router, command)));
}

async function ask(router: Router, command: Command): Promise<void> {
  const reply = await router.request(command);
  if (reply.outcome === 'refused') throw new Error(`${command.kind} was refused: ${reply.refusal}`);
}

/** Such orders of the closed sale as Postgres has them. @param from number of the first customer */
export function closedOrders(from: number): OrderRow[] {
  return Array.from({ length: ORDERS }, (_, number) => {
    const { orderId, customerId } = reserve(CLOSED, from + number) as Reserve;
    return {
      id: orderIdText(orderId),
      productId: CLOSED,
      customerId,
      quantity: 1,
      unitPrice: { amount: 1_999, currency: 'EUR' },
      status: 'paid',
      createdAt: 1_700_000_000_000 + number,
      holdExpiresAt: 1_700_000_600_000 + number,
    };
  });
}
