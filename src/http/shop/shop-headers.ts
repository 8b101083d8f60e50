// What a browser may do on a page for shoppers, and that it keeps nothing: a page belongs to whoever was let in, at that moment.

import type { Context } from 'hono';

/** @param imageOrigins of pictures beside the node's own, such as the CDN's */
export function shopPolicy(imageOrigins: readonly string[] = []): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    ['img-src', "'self'", ...imageOrigins].join(' '),
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export function shopHeaders(c: Context, policy: string = shopPolicy()): void {
  c.header('Content-Security-Policy', policy);
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('Referrer-Policy', 'same-origin');
  c.header('Cache-Control', 'no-store');
}

/** For answers that are made past the context's headers. */
export const pageHeaders = (policy: string): Readonly<Record<string, string>> => ({
  'Content-Type': 'text/html; charset=UTF-8',
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
});
