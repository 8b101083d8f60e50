// The headers of pages for shoppers and for readers of the documents.

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export function pageHeaders(set: (name: string, value: string) => void): void {
  set('Content-Security-Policy', POLICY);
  set('X-Content-Type-Options', 'nosniff');
  set('Referrer-Policy', 'same-origin');
  set('Cache-Control', 'no-store');
}
