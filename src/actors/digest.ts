// The fingerprint of a product's whole state, to compare a replay with the live actor. Linear in its orders: for
// audits and tests, never for the path of a purchase.

import { createHash } from 'node:crypto';
import { gateFields, gateOf } from './gate.ts';
import type { Product } from './product.ts';

/** SHA-256 in hex: equal exactly when every field, order, key and limit counter is. */
export function digest(product: Product): string {
  const sum = createHash('sha256');
  const { id, configuration, revision, paused, retiredAt, stock, terms, orders, tickets } = product;
  const { name, description, startsAt, endsAt, amount, currency, perCustomerLimit, holdSeconds } =
    configuration;
  const gate = gateFields(gateOf(configuration));
  const sale = [
    name,
    description,
    startsAt,
    endsAt,
    amount,
    currency,
    perCustomerLimit,
    holdSeconds,
    ...gate,
  ];
  const { loaded, available, reserved, sold, withdrawn } = stock;
  const units = [loaded, available, reserved, sold, withdrawn];
  sum.update(
    JSON.stringify([id, sale, revision, paused, retiredAt, units, terms, [...product.stockRequests]]),
  );
  for (let row = 0; row < orders.size; row++) {
    const customer = orders.customerRow(row);
    const keys = [orders.ids.keyAt(row), orders.requests.keyAt(row), orders.customers.keyAt(customer)];
    sum.update(keys.join(''), 'latin1');
    const facts = [orders.quantity(row), orders.termsIndex(row), orders.status(row), orders.createdAt(row)];
    const ofCustomer = [
      orders.heldByRow(customer),
      orders.openByRow(customer),
      orders.unpaidByRow(customer),
      orders.abandonedAtByRow(customer),
    ];
    sum.update(`${facts.join(',')},${ofCustomer.join(',')};`);
  }
  for (let row = 0; row < tickets.size; row++) sum.update(tickets.keyAt(row), 'latin1');
  sum.update(JSON.stringify(product.holds.extended.entries()));
  return sum.digest('hex');
}
