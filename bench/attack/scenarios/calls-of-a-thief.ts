// Everything that somebody with a stolen name would try: look at, pay, cancel and list somebody's orders, and buy in their name.

import type { Call } from '../client.ts';

/** @param token the thief's; undefined where it comes in a header of its own */
export function callsOfAThief(productId: string, orderId: string, token?: string): readonly Call[] {
  const at = `/v1/orders/${orderId}`;
  return [
    { method: 'GET', path: at, token },
    { method: 'GET', path: '/v1/orders', token },
    { method: 'POST', path: `${at}/payment`, token, body: { method: 'card', token: 'demo' } },
    { method: 'DELETE', path: at, token },
    { method: 'POST', path: '/v1/orders', token, key: 'stolen', body: { productId, quantity: 1 } },
    { method: 'POST', path: '/v1/tickets', token, body: { productId } },
  ];
}
