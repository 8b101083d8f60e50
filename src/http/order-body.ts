// An order as its customer sees it.

import { orderIdText, type Order } from '../actors/index.ts';
import type { Shopper } from './auth.ts';
import { instant } from './instant.ts';

export function orderBody(order: Order, { customerId }: Shopper) {
  return {
    id: orderIdText(order.orderId),
    productId: order.productId,
    customerId,
    quantity: order.quantity,
    unitPrice: order.unitPrice,
    status: order.status,
    createdAt: instant(order.createdAt),
    holdExpiresAt: order.holdExpiresAt === null ? null : instant(order.holdExpiresAt),
  };
}
