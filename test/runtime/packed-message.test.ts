import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OrderStatus } from '../../src/actors/index.ts';
import type { Message } from '../../src/runtime/index.ts';
import { packMessage, unpackMessage } from '../../src/runtime/packed-message.ts';

const key = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => String.fromCharCode(...bytes));
const text = fc.string({ maxLength: 20, unit: 'grapheme' });
const number = fc.nat();

/** Neighbours are alike, but for one thing at most. */
const variantOf = <T extends object>(usual: T, ...changes: Partial<T>[]): fc.Arbitrary<T> =>
  fc.constantFrom({}, ...changes).map((change) => ({ ...usual, ...change }));

const reserve = fc
  .tuple(
    variantOf({ productId: 'kettle', quantity: 1 }, { productId: 'lamp' }, { quantity: 2 }),
    fc.record({
      orderId: key,
      customerId: text,
      customerKey: key,
      idempotencyKey: text,
      requestKey: key,
      ticket: fc.option(key, { nil: undefined }),
    }),
  )
  .map(([what, who]) => ({ kind: 'reserve' as const, ...what, ...who }));
const command = fc.oneof(reserve, fc.record({ kind: fc.constant('showProduct' as const), productId: text }));
const usual = {
  productId: 'kettle',
  quantity: 1,
  unitPrice: { amount: 4_900, currency: 'EUR' },
  status: 'reserved' as OrderStatus,
  createdAt: 10,
  holdExpiresAt: 20 as number | null,
};
const order = fc
  .tuple(
    key,
    variantOf(
      usual,
      { productId: 'lamp' },
      { quantity: 2 },
      { unitPrice: { amount: 5_000, currency: 'EUR' } },
      { unitPrice: { amount: 4_900, currency: 'USD' } },
      { status: 'paid' },
      { createdAt: 11 },
      { holdExpiresAt: null },
    ),
  )
  .map(([orderId, rest]) => ({ orderId, ...rest }));
const reply = fc.oneof(
  fc.record({ outcome: fc.constant('reserved' as const), order, replayed: fc.boolean() }),
  fc.record({ outcome: fc.constant('order' as const), order }),
  fc.record({
    outcome: fc.constant('refused' as const),
    refusal: fc.constantFrom('sold_out', 'overloaded' as const),
  }),
  fc.record({ outcome: fc.constant('moved' as const) }),
);
const message = fc.record({
  from: number,
  commands: fc.array(fc.record({ id: number, shard: fc.nat(1), timeLeftMs: number, command })),
  replies: fc.array(fc.record({ id: number, reply })),
}) as fc.Arbitrary<Message>;

const sorted = (of: readonly object[]): string[] =>
  of.map((each) => JSON.stringify(each, Object.keys(flat(each)).sort())).sort();

/** All property names at any depth, so that the order of properties does not count. */
function flat(value: object): Record<string, true> {
  const names: Record<string, true> = {};
  for (const [name, inner] of Object.entries(value)) {
    names[name] = true;
    if (typeof inner === 'object' && inner !== null) Object.assign(names, flat(inner as object));
  }
  return names;
}

test('a message arrives as it was sent, whatever crosses the threads', () => {
  const property = fc.property(message, (sent) => {
    const arrived = unpackMessage(structuredClone(packMessage(sent)));
    expect(arrived.from).toBe(sent.from);
    expect(sorted(arrived.commands)).toEqual(sorted(sent.commands));
    expect(sorted(arrived.replies)).toEqual(sorted(sent.replies));
  });
  fc.assert(property, { numRuns: 2_000 });
});
