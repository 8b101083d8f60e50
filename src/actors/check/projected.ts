// Rows as Postgres must have them, in the terms of the domain: what the projection writes and the checker compares.

import type { OrderStatus } from '../order.ts';

export interface ProjectedOrder {
  readonly id: string;
  readonly productId: string;
  readonly customerId: string;
  readonly idempotencyKey: string;
  readonly quantity: number;
  readonly unitAmount: number;
  readonly currency: string;
  readonly status: OrderStatus;
  readonly createdAt: number;
  readonly holdExpiresAt: number | null;
  readonly version: number;
}

export interface ProjectedProduct {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly unitAmount: number;
  readonly currency: string;
  readonly perCustomerLimit: number;
  readonly holdSeconds: number;
  readonly paused: boolean;
  /** Epoch milliseconds; null while its orders are in memory. */
  readonly retiredAt: number | null;
  readonly revision: number;
}

export interface ProjectedMovement {
  readonly productId: string;
  readonly requestId: string;
  readonly kind: 'loaded' | 'withdrawn';
  readonly quantity: number;
  readonly at: number;
}
