import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Message } from '../../src/runtime/index.ts';
import { packMessage, unpackMessage } from '../../src/runtime/packed-message.ts';

const key = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => String.fromCharCode(...bytes));
const text = fc.string({ maxLength: 20, unit: 'grapheme' });
const number = fc.nat();

const reserve = fc.record({
  kind: fc.constant('reserve' as const),
  productId: text,
  orderId: key,
  customerId: text,
  customerKey: key,
  idempotencyKey: text,
  requestKey: key,
  quantity: number,
});
const command = fc.oneof(reserve, fc.record({ kind: fc.constant('showProduct' as const), productId: text }));
const order = fc.record({
  orderId: key,
  productId: text,
  quantity: number,
  unitPrice: fc.record({ amount: number, currency: text }),
  status: fc.constantFrom('reserved' as const, 'paid' as const),
  createdAt: number,
  holdExpiresAt: fc.option(number),
});
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
  commands: fc.array(fc.record({ id: number, shard: number, timeLeftMs: number, command })),
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
  fc.assert(property);
});
