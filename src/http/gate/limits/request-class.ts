// Which limit a request comes under, by its method and path. What is not here in vain: a purchase is judged on its own path (purchase.ts),
// which needs to know its product, whichever of its routes it came by.

import type { RequestClass } from './limit-policy.ts';

/** Health checks, the shop's own calls and people, files that browsers keep, and the payment provider's word, which is signed. */
const UNLIMITED =
  /^\/(?:livez|readyz|metrics|favicon\.ico|(?:static|assets|cms|v1\/admin)(?:\/.*)?|v1\/payments\/webhook)$/;
const PURCHASE = /^\/(?:v1\/orders|orders|c\/[^/]+\/orders)$/;
const DEED = /^\/orders\/[^/]+\/(?:payment|cancel)$/;
const API_DEED = /^\/v1\/orders\/[^/]+(?:\/payment)?$/;
const STREAM = /^\/v1\/(?:events|products\/[^/]+\/events)$/;
const SIGN_IN = /^\/(?:session|sign-in|sign-out|v1\/dev\/tokens)(?:\/.*)?$/;

/** @returns undefined: none, or judged elsewhere */
export function requestClass(method: string, path: string): RequestClass | undefined {
  if (UNLIMITED.test(path)) return undefined;
  const isLook = method === 'GET' || method === 'HEAD';
  if (!isLook) {
    if (method === 'POST' && PURCHASE.test(path)) return undefined;
    if (path === '/v1/tickets') return 'ticket';
    if (DEED.test(path) || API_DEED.test(path)) return 'payment';
  }
  if (SIGN_IN.test(path)) return 'sign-in';
  if (!path.startsWith('/v1/')) return 'page';
  return isLook && STREAM.test(path) ? 'stream' : 'read';
}
