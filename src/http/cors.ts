// Shops' own front ends, on origins of their own: a browser lets them read the shoppers' API only where the operator has
// named their origin. They bring tokens. Cookies are for this server's own pages alone, so credentials are never
// allowed. It stands in front of everything else, since purchases go past the app.

import type { IncomingMessage, ServerResponse } from 'node:http';

const METHODS = 'GET, POST, DELETE';
const REQUEST_HEADERS =
  'Authorization, Content-Type, Doorbuster-Invitation, Doorbuster-Ticket, Idempotency-Key';
const RESPONSE_HEADERS = 'ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After';
/** A browser asks no more often whether it may; no browser takes more than two hours. */
const PREFLIGHT_SECONDS_MAX = 7_200;
/** The shoppers' API. */
const OPEN = /^\/v1\/(?!admin\/|dev\/)/;
/** The client for it: the same for everybody, and kept by caches that know nothing of origins. */
const CLIENT = '/static/client/';

export class Cors {
  readonly #origins: ReadonlySet<string>;

  /** @param origins exactly as browsers send them */
  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins);
  }

  /** Adds to the answer that is to come. True when the browser only asked whether it may, which is answered. */
  answers(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    if (this.#origins.size === 0) return false;
    const { url = '', headers } = incoming;
    if (url.startsWith(CLIENT)) outgoing.setHeader('Access-Control-Allow-Origin', '*');
    const { origin } = headers;
    if (origin === undefined || !OPEN.test(url)) return false;
    outgoing.setHeader('Vary', 'Origin');
    if (!this.#origins.has(origin)) return false;
    outgoing.setHeader('Access-Control-Allow-Origin', origin);
    outgoing.setHeader('Access-Control-Expose-Headers', RESPONSE_HEADERS);
    const asks = headers['access-control-request-method'] !== undefined;
    if (incoming.method !== 'OPTIONS' || !asks) return false;
    outgoing.writeHead(204, {
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': REQUEST_HEADERS,
      'Access-Control-Max-Age': `${PREFLIGHT_SECONDS_MAX}`,
    });
    outgoing.end();
    return true;
  }
}
