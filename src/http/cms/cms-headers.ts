// What the browser may do on a page of the CMS: nothing inline, nothing from elsewhere, no frame around it, nothing kept.

import type { Context } from 'hono';

export interface CmsHeaders {
  /** Origins of pictures beside the node's own, such as the CDN's. */
  readonly imageOrigins?: readonly string[];
}

export function cmsHeaders(c: Context, { imageOrigins = [] }: CmsHeaders = {}): void {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    ['img-src', "'self'", ...imageOrigins].join(' '),
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  c.header('Content-Security-Policy', policy.join('; '));
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('Referrer-Policy', 'same-origin');
  c.header('Cache-Control', 'no-store');
}
