// An order as other nodes read it. Neighbours in a message share all of it but the id (reply-columns.ts).
//
//   [product, quantity, amount, currency, status, createdAt, holdExpiresAt or nil]      status: place in ORDER_STATUSES

import { ORDER_STATUSES, type Money, type Order } from '../../actors/index.ts';
import {
  AMOUNT_MAX,
  CURRENCY,
  EPOCH_MS_MAX,
  PRODUCT_ID,
  PRODUCT_ID_BYTES_MAX,
  QUANTITY_MAX,
} from './wire-bounds.ts';
import type { WireReader } from './wire-reader.ts';

const CURRENCY_BYTES = 3;

export const ORDER_FIELDS = 7;

export const orderFields = (order: Omit<Order, 'orderId'>): unknown[] => [
  order.productId,
  order.quantity,
  order.unitPrice.amount,
  order.unitPrice.currency,
  ORDER_STATUSES.indexOf(order.status),
  order.createdAt,
  order.holdExpiresAt,
];

/** @throws MessageRefused */
export function readOrderFields(reader: WireReader): Omit<Order, 'orderId'> {
  const productId = readProductId(reader);
  const quantity = reader.integer('a quantity', 1, QUANTITY_MAX);
  const unitPrice = readMoney(reader);
  const status = ORDER_STATUSES[reader.integer('a status', 0, ORDER_STATUSES.length - 1)]!;
  const createdAt = readTime(reader, 'createdAt');
  const holdExpiresAt = reader.takesNil() ? null : readTime(reader, 'holdExpiresAt');
  return { productId, quantity, unitPrice, status, createdAt, holdExpiresAt };
}

export const readProductId = (reader: WireReader): string =>
  reader.text('a product id', PRODUCT_ID, PRODUCT_ID_BYTES_MAX);

export const readMoney = (reader: WireReader): Money => ({
  amount: reader.integer('an amount', 0, AMOUNT_MAX),
  currency: reader.text('a currency', CURRENCY, CURRENCY_BYTES),
});

export const readTime = (reader: WireReader, what: string): number => reader.integer(what, 0, EPOCH_MS_MAX);
