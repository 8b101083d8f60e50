// An order as its customer sees it, and a page of them.

import type { Money } from './product.ts';
import { isRecord } from './shape.ts';

export type OrderStatus =
  | 'reserved'
  | 'payment_pending'
  | 'in_review'
  | 'paid'
  | 'cancelled'
  | 'expired'
  | 'refund_due'
  | 'refunded';

export interface Order {
  readonly id: string;
  readonly productId: string;
  readonly customerId: string;
  readonly quantity: number;
  readonly unitPrice: Money;
  readonly status: OrderStatus;
  readonly createdAt: string;
  /** Until when it can be paid; null when it was sold at once. */
  readonly holdExpiresAt: string | null;
}

export interface OrderPage {
  /** Newest first. */
  readonly orders: readonly Order[];
  /** Ask for the next page with `before`; null on the last. */
  readonly next: string | null;
  /** Everything up to this moment is in the list; what came later may be missing. */
  readonly asOf: string;
}

/** How to pay: what the payment provider gave. */
export interface Payment {
  readonly method: string;
  readonly token: string;
}

export function isOrder(value: unknown): value is Order {
  if (!isRecord(value) || !isRecord(value['unitPrice'])) return false;
  const { id, productId, quantity, status, createdAt } = value;
  return [id, productId, status, createdAt].every((field) => typeof field === 'string') && isUnits(quantity);
}

export const isOrderOf = (productId: string, value: unknown): value is Order =>
  isOrder(value) && value.productId === productId;

export function isOrderPage(value: unknown): value is OrderPage {
  if (!isRecord(value) || typeof value['asOf'] !== 'string') return false;
  return Array.isArray(value['orders']) && value['orders'].every(isOrder);
}

const isUnits = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
