// Counts of answers by product: what is taken away once, and whose ids find no place.

import { expect, test } from 'vitest';
import { ORDERS, REFUSALS_COUNTED, REFUSED, Traffic, UNITS } from '../../src/http/traffic.ts';

const column = (code: (typeof REFUSALS_COUNTED)[number]): number => REFUSED + REFUSALS_COUNTED.indexOf(code);

/** As main takes it: the numbers are its own by then. */
function take(traffic: Traffic, received: number) {
  const { number, products } = traffic.take(received);
  return { number, products: new Map(products.map(([id, columns]) => [id, columns.slice()])) };
}

test('orders, units and refusals are counted for their product, and each of them comes in one window', () => {
  const traffic = new Traffic();
  traffic.accepted('a', 2);
  traffic.accepted('a', 1);
  traffic.refused('a', 'sold_out');
  traffic.refused('b', 'limit_reached');
  const first = take(traffic, 0);
  expect([...first.products.keys()]).toEqual(['a', 'b']);
  expect(first.products.get('a')![ORDERS]).toBe(2);
  expect(first.products.get('a')![UNITS]).toBe(3);
  expect(first.products.get('a')![column('sold_out')]).toBe(1);
  expect(first.products.get('b')![column('limit_reached')]).toBe(1);
  traffic.accepted('b', 1);
  const second = take(traffic, first.number);
  expect([...second.products.keys()]).toEqual(['b']);
  expect(second.products.get('b')![ORDERS]).toBe(1);
  expect(second.products.get('b')![column('limit_reached')]).toBe(0);
});

test('a window that was lost on its way comes again with the next one', () => {
  const traffic = new Traffic();
  traffic.accepted('a', 1);
  const { number } = take(traffic, 0);
  traffic.accepted('a', 4);
  // Main never heard of that window.
  const again = take(traffic, 0);
  expect(again.products.get('a')![ORDERS]).toBe(2);
  expect(again.products.get('a')![UNITS]).toBe(5);
  expect(again.number).toBeGreaterThan(number);
  expect(take(traffic, again.number).products.size).toBe(0);
});

test('made-up products find no place, however busy the actors are', () => {
  const traffic = new Traffic(10);
  traffic.accepted('real', 1);
  for (let stranger = 0; stranger < 1_000; stranger++) {
    traffic.refused(`made-up-${stranger}`, 'not_found');
    traffic.refused(`made-up-${stranger}`, 'overloaded');
    traffic.refused(`made-up-${stranger}`, 'outcome_unknown');
  }
  traffic.refused('real', 'overloaded');
  const { products } = take(traffic, 0);
  expect([...products.keys()]).toEqual(['real']);
  expect(products.get('real')![column('overloaded')]).toBe(1);
});

test('at the bound the products used longest ago make room, and what they counted is told all the same', () => {
  const traffic = new Traffic(10);
  for (let product = 0; product < 10; product++) traffic.accepted(`old-${product}`, 1);
  let { number } = take(traffic, 0);
  for (let product = 1; product < 10; product++) traffic.accepted(`old-${product}`, 1);
  ({ number } = take(traffic, number));
  // old-0 is forgotten; busy answers alone do not bring it back.
  traffic.accepted('new', 1);
  traffic.refused('old-0', 'overloaded');
  traffic.refused('old-1', 'overloaded');
  const window = take(traffic, number);
  number = window.number;
  expect([...window.products.keys()].toSorted()).toEqual(['new', 'old-1']);
  for (let product = 0; product < 100; product++) traffic.accepted(`many-${product}`, 3);
  const { products } = take(traffic, number);
  const units = [...products.values()].reduce((sum, columns) => sum + columns[UNITS]!, 0);
  expect(units).toBe(300);
});
