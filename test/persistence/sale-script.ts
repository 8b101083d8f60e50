// Random sales for property tests: a list of small steps, carried out by real actors over three products in two shards.

import * as fc from 'fast-check';
import { keyOf, type Gate, type Key } from '../../src/actors/index.ts';
import { CONFIGURATION, SALE_STARTS_AT, ScriptedJournal } from './scripted-journal.ts';

export const SHARD_OF: Record<string, number> = { 'sku-1': 4, 'sku-2': 4, 'sku-3': 9 };
const PRODUCTS = Object.keys(SHARD_OF);

interface Step {
  readonly product: number;
  readonly kind: number;
  readonly customer: number;
  readonly key: number;
  readonly order: number;
  readonly passMs: number;
  readonly appends: boolean;
}

export const saleSteps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    product: fc.nat(PRODUCTS.length - 1),
    kind: fc.nat(19),
    customer: fc.nat(5),
    key: fc.nat(3),
    order: fc.nat(30),
    passMs: fc.constantFrom(0, 1, 400_000),
    appends: fc.boolean(),
  }),
  { minLength: 10, maxLength: 80 },
);

/** What one of the products asks of its customers. */
const GATES: Record<string, Gate> = {
  'sku-2': {
    ticket: true,
    work: false,
    openHoldsMax: 3,
    coolDownSeconds: 300,
    attemptsMax: 6,
    shortestHoldSeconds: 120,
  },
};

/** Names that need care in SQL and in array literals. */
const CUSTOMERS = ['ann', 'bob "b"', 'c,{}\\', 'NULL', 'Ünsal 🎧', "d'or"];

export function playSale(steps: readonly Step[]): ScriptedJournal {
  const journal = new ScriptedJournal((productId) => SHARD_OF[productId]!);
  const orders = new Map<string, Key[]>(PRODUCTS.map((productId) => [productId, []]));
  for (const productId of PRODUCTS) {
    journal.configure(productId, { holdSeconds: productId === 'sku-3' ? 0 : 600, gate: GATES[productId] });
    journal.loadStock(productId, 12);
  }
  for (const step of steps) {
    journal.now += step.passMs;
    playStep(journal, orders, step);
    if (step.appends) journal.append(SHARD_OF[PRODUCTS[step.product]!]);
  }
  if (steps.length % 3 === 0) theDayAfter(journal, orders);
  for (const shard of new Set(Object.values(SHARD_OF))) journal.append(shard);
  return journal;
}

/** Products without open orders retire, and are asked all the same. */
function theDayAfter(journal: ScriptedJournal, orders: ReadonlyMap<string, Key[]>): void {
  for (const [productId, known] of orders) {
    if (!journal.retire(productId)) continue;
    journal.append(SHARD_OF[productId]);
    journal.reserve(productId, CUSTOMERS[0]!, 'the day after');
    for (const orderId of known) journal.pay(productId, orderId);
  }
}

function playStep(journal: ScriptedJournal, orders: ReadonlyMap<string, Key[]>, step: Step): void {
  const productId = PRODUCTS[step.product]!;
  const known = orders.get(productId)!;
  const orderId = known[step.order % Math.max(1, known.length)];
  if (step.kind < 7 || orderId === undefined) {
    const reserved = journal.reserve(
      productId,
      CUSTOMERS[step.customer]!,
      `key ${step.key}`,
      1 + (step.key % 2),
      keyOf(`ticket ${step.order} of ${step.customer}`),
    );
    if (reserved !== undefined && !known.includes(reserved)) known.push(reserved);
    return;
  }
  switch (step.kind) {
    case 7:
      journal.cancel(productId, orderId);
      break;
    case 8:
      journal.command(productId, { kind: 'expire', orderId });
      break;
    case 9:
      journal.command(productId, { kind: 'refund', orderId });
      break;
    case 10:
      journal.pay(productId, orderId, 'payment_pending');
      break;
    case 11:
      journal.pay(productId, orderId, 'in_review');
      break;
    case 12:
      journal.command(productId, { kind: step.key % 2 === 0 ? 'pause' : 'resume', productId });
      break;
    case 13:
      journal.configure(productId, { name: `Name ${step.key}`, endsAt: CONFIGURATION.endsAt + step.key });
      break;
    case 14:
      journal.command(productId, {
        kind: step.key === 0 ? 'withdrawStock' : 'loadStock',
        productId,
        requestId: `request ${journal.now - SALE_STARTS_AT}`,
        quantity: 1 + step.key,
      });
      break;
    case 15:
      journal.command(productId, { kind: 'decline', orderId });
      break;
    case 16:
      journal.command(productId, { kind: 'deny', orderId });
      break;
    case 17:
      journal.command(productId, { kind: 'extendHold', orderId, byMs: 500_000, mostMs: 300_000 * step.key });
      break;
    case 18:
      journal.configure(productId, { gate: step.key === 0 ? undefined : GATES['sku-2'] });
      break;
    default:
      journal.pay(productId, orderId);
  }
}
