// The quick reading of a purchase's body accepts nothing that its schema would refuse, and reads the same.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeOrderOf } from '../../src/http/place-order.ts';
import { parseJson } from '../../src/http/request.ts';
import { PlaceOrder } from '../../src/http/schemas.ts';

const outcome = (read: (body: Uint8Array) => unknown, text: string): unknown => {
  try {
    return read(Buffer.from(text));
  } catch (error) {
    return error;
  }
};

const bySchema = (body: Uint8Array): unknown => parseJson(body, PlaceOrder);

const ids = fc.oneof(fc.stringMatching(/^[A-Za-z0-9._-]{0,70}$/), fc.string({ unit: 'grapheme' }));
const numbers = fc.oneof(fc.integer(), fc.constantFrom(0, 1, 9_999, 10_000, 10_001, 1.5, 1e21), fc.double());

test('any product and any quantity', () => {
  fc.assert(
    fc.property(ids, numbers, (productId, quantity) => {
      const text = JSON.stringify({ productId, quantity });
      expect(outcome(placeOrderOf, text)).toEqual(outcome(bySchema, text));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  '{"productId":"kettle","quantity":1}',
  ' {"productId":"kettle","quantity":1}',
  '{"productId":"kettle","quantity":1}\n',
  '{"quantity":1,"productId":"kettle"}',
  '{"productId":"kettle","quantity":01}',
  '{"productId":"kettle","quantity":-1}',
  '{"productId":"kettle","quantity":"1"}',
  '{"productId":"kettle","quantity":1,"quantity":2}',
  '{"productId":"kettle","quantity":1}{"productId":"kettle","quantity":1}',
  '{"productId":"ke\\u0074tle","quantity":1}',
  '{"productId":"kettle"}',
  '{}',
  '',
])('%j', (text) => {
  expect(outcome(placeOrderOf, text)).toEqual(outcome(bySchema, text));
});
