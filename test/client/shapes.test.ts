// The client knows the API by shapes of its own, since it imports nothing: they are those of the server, and so are the codes
// and bounds that it counts on.

import { expect, expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import type { Order, OrderPage, Payment, Product } from '../../src/client/index.ts';
import { DECISIONS } from '../../src/client/decision.ts';
import { PRODUCTS_PER_WATCH_MAX } from '../../src/client/watch.ts';
import { retryOf } from '../../src/actors/index.ts';
import { PROBLEMS } from '../../src/http/problem.ts';
import { PRODUCTS_PER_STREAM_MAX } from '../../src/http/product-routes.ts';
import type * as schemas from '../../src/http/schemas.ts';

type Frozen<T> = T extends object ? { readonly [Name in keyof T]: Frozen<T[Name]> } : T;
type Shape<Name extends keyof typeof schemas> = (typeof schemas)[Name] extends z.ZodType
  ? Frozen<z.output<(typeof schemas)[Name]>>
  : never;

// The compiler checks these lines: `npm run types` fails when a shape is another.
test('products, orders and payments have the shapes of the API', () => {
  expectTypeOf<Frozen<Product>>().toEqualTypeOf<Shape<'Product'>>();
  expectTypeOf<Frozen<Order>>().toEqualTypeOf<Shape<'Order'>>();
  expectTypeOf<Frozen<OrderPage>>().toEqualTypeOf<Shape<'OrderList'>>();
  expectTypeOf<Frozen<Payment>>().toEqualTypeOf<Shape<'PayOrder'>>();
});

test('what the client takes for a decision of the shop is one: a refusal for which the key was looked up', () => {
  const domain = Object.entries(PROBLEMS).filter(([code, { status }]) => {
    const isOfSales = DECISIONS.has(code);
    return isOfSales && [403, 404, 409].includes(status);
  });
  expect(domain.map(([code]) => code).sort()).toEqual([...DECISIONS].sort());
  for (const code of ['overloaded', 'outcome_unknown'] as const) {
    expect(retryOf(code)).not.toBe('never');
    expect(DECISIONS.has(code)).toBe(false);
  }
});

test('a watch carries as many products as a stream', () => {
  expect(PRODUCTS_PER_WATCH_MAX).toBe(PRODUCTS_PER_STREAM_MAX);
});
