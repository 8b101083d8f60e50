// The headers of all pages, for shoppers, for readers of the documents and for business users: nothing inline, nothing from elsewhere but pictures, no frame
// around it, and nothing kept. A page belongs to whoever was let in, at that moment.

/** @param imageOrigins of pictures beside the node's own, such as the CDN's */
export const pagePolicy = (imageOrigins: readonly string[] = []): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    ['img-src', "'self'", ...imageOrigins].join(' '),
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

const POLICY = pagePolicy();

export function pageHeaders(set: (name: string, value: string) => void, policy: string = POLICY): void {
  set('Content-Security-Policy', policy);
  set('X-Content-Type-Options', 'nosniff');
  set('Referrer-Policy', 'same-origin');
  set('Cache-Control', 'no-store');
}
