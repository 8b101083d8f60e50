// A replay takes whole runs of reservations; it must come to what their events one by one come to, and stop where they stop.

import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import {
  decodeForReplay,
  decodeRecord,
  digest,
  encodeRecord,
  evolve,
  evolveRun,
  InvariantViolation,
  keyOf,
  OPEN_GATE,
  type Event,
  type Product,
  type Reserved,
  type Terms,
} from '../../src/actors/index.ts';
import { playSale, saleSteps } from '../persistence/sale-script.ts';
import { END, PRODUCT, selling, START } from './actor.ts';

type Products = Map<string, Product>;

function replayEvents(bytes: Uint8Array, products: Products): void {
  for (const event of decodeRecord(bytes).events)
    products.set(event.productId, evolve(products.get(event.productId), event));
}

function replayRuns(bytes: Uint8Array, products: Products): void {
  for (const step of decodeForReplay(bytes).steps) {
    const product = products.get(step.productId);
    products.set(
      step.productId,
      step.kind === 'reservedRun' ? evolveRun(product, step) : evolve(product, step),
    );
  }
}

type Replay = typeof replayEvents;

/** What the products are afterwards, or which invariant was broken. */
function outcomeOf(replay: Replay, records: readonly Uint8Array[]): readonly string[] {
  const products: Products = new Map();
  try {
    for (const bytes of records) replay(bytes, products);
  } catch (error) {
    if (!(error instanceof InvariantViolation)) throw error;
    return [error.message];
  }
  return [...products.values()].map((product) => `${digest(product)} ${product.nextExpiry()}`);
}

const header = { shard: 0, epoch: 1, owner: keyOf('owner'), number: 1, previous: 1, revision: 0, at: START };

test('any sale is the same by runs and by events', () => {
  const property = fc.property(saleSteps, (steps) => {
    const records = playSale(steps).records.map(({ bytes }) => bytes);
    expect(outcomeOf(replayRuns, records)).toEqual(outcomeOf(replayEvents, records));
  });
  fc.assert(property, { numRuns: 300 });
});

interface Drawn {
  readonly order: number;
  readonly customer: number;
  readonly request: number;
  readonly quantity: number;
  readonly at: number;
  readonly terms: Terms;
  readonly ticket: number | undefined;
}

describe('reservations that nobody may have decided', () => {
  const TERMS: Terms = { amount: 1_999, currency: 'EUR', holdSeconds: 60 };
  const OTHERS: Terms = { ...TERMS, amount: 2_999 };
  const ONE = { order: 1, customer: 1, request: 1, quantity: 1, at: START, terms: TERMS, ticket: undefined };
  /** Mostly as they should be, so that a run goes some way before it breaks. */
  const rarely = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
    fc.oneof({ weight: 19, arbitrary: usual }, { weight: 1, arbitrary: rare });
  const reservations: fc.Arbitrary<Drawn[]> = fc.array(
    fc.record({
      order: fc.nat(400),
      customer: fc.nat(40),
      request: fc.nat(400),
      quantity: rarely(fc.constant(1), fc.constantFrom(0, -1, 0.5, 2, 30)),
      at: rarely(fc.constantFrom(START, END - 1), fc.constantFrom(START - 1, END)),
      terms: rarely(fc.constant(TERMS), fc.constant(OTHERS)),
      ticket: rarely(fc.nat(400), fc.constant(undefined)),
    }),
    { minLength: 1, maxLength: 12 },
  );
  const reservedOf = (drawn: readonly Drawn[]): Reserved[] =>
    drawn.map(({ order, customer, request, quantity, at, terms, ticket }) => ({
      kind: 'reserved',
      productId: PRODUCT,
      at,
      orderId: keyOf(`order ${order}`),
      customerId: `customer ${customer}`,
      customerKey: keyOf(`customer ${customer}`),
      idempotencyKey: `key ${request}`,
      requestKey: keyOf(`request ${request}`),
      quantity,
      terms,
      ...(ticket === undefined ? {} : { ticket: keyOf(`ticket ${ticket}`) }),
    }));

  test('break the same invariant at the same place', () => {
    const met = new Set<string>();
    const property = fc.property(reservations, fc.constantFrom('resumed', 'paused'), (drawn, kind) => {
      const { events } = selling(10, { gate: { ...OPEN_GATE, ticket: true } });
      const before: Event[] = [...events];
      if (kind === 'paused') before.push({ kind, productId: PRODUCT, at: START });
      const records = [encodeRecord(header, before), encodeRecord(header, reservedOf(drawn))];
      const outcome = outcomeOf(replayRuns, records);
      expect(outcome).toEqual(outcomeOf(replayEvents, records));
      met.add(outcome[0]!.replace(/, not .*|: .*|^[0-9a-f]{64} .*/, ''));
    });
    fc.assert(property, { numRuns: 3_000 });
    expect([...met].sort()).toEqual([
      '',
      'a customer above the limit',
      'a reservation on terms that are not in force',
      'a reservation outside the window',
      'a reservation while paused',
      'a reservation without its ticket, or with one that nobody asked for',
      'a second order for one key',
      'a second order with one id',
      'a ticket that is used twice',
      'an order is of whole units',
      'stock of sku-1 does not add up',
    ]);
  });

  test('of a product that was never configured, or is retired, are refused', () => {
    const run = encodeRecord(header, reservedOf([ONE]));
    const retired = selling(1);
    retired.now = END + 86_400_000;
    retired.retire();
    for (const events of [[], retired.events]) {
      const records = [encodeRecord(header, events), run];
      const [broken] = outcomeOf(replayRuns, records);
      expect(broken).toMatch(/^reserved of sku-1, which (was never configured|is retired)$/);
      expect(outcomeOf(replayEvents, records)).toEqual([broken]);
    }
  });

  test.each([
    ['keys', 7, (keys: Uint8Array) => keys.subarray(1)],
    ['quantities', 6, (quantities: number[]) => [...quantities, 1]],
    ['tickets', 9, (tickets: Uint8Array) => tickets.subarray(1)],
  ])('with more or fewer %s than orders are no run', (_, place, change: (part: never) => unknown) => {
    const packr = new Packr({ useRecords: false });
    const whole = encodeRecord(header, reservedOf([{ ...ONE, ticket: 1 }]));
    const parts = packr.unpack(whole.subarray(1)) as [...number[], unknown[][]];
    const run = (parts.at(-1) as unknown[][])[0]!;
    run[place] = change(run[place] as never);
    const bytes = Buffer.concat([whole.subarray(0, 1), packr.pack(parts)]);
    for (const decode of [decodeRecord, decodeForReplay])
      expect(() => decode(bytes)).toThrow(InvariantViolation);
  });
});
