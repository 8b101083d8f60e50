// The cookies of shoppers' browsers: one that says who is signed in, and short-lived ones on the way there. Scripts cannot read them,
// and another site's requests come without them. Where there is TLS their names begin with __Host-, so that no other host of the shop's
// domain, nor a page without TLS, can put one of its own in their place.

import type { Context } from 'hono';
import { setCookie } from 'hono/cookie';
import type { Caller } from '../caller.ts';
import { cookieNamed } from '../cookie.ts';

const NAMES = {
  session: 'doorbuster_session',
  /** Ties the demo's sign-in form to this browser. */
  entry: 'doorbuster_entry',
  /** What a sign-in at the shop's provider has to come back with. */
  way: 'doorbuster_way',
} as const;
export type CookieKind = keyof typeof NAMES;

/** Under this name a browser takes it over HTTPS alone, for one host, and from nobody else. */
const nameOf = (kind: CookieKind, secure: boolean): string =>
  secure ? `__Host-${NAMES[kind]}` : NAMES[kind];

/** Of the name alone that belongs to the connection. @param secure whether shoppers come over TLS, here and below */
export const readCookie = (caller: Caller, kind: CookieKind, secure: boolean): string | undefined =>
  cookieNamed(caller.cookie, nameOf(kind, secure));

/** @param seconds from now; undefined: until the browser is closed */
export function writeCookie(
  c: Context,
  kind: CookieKind,
  value: string,
  { secure, seconds }: { secure: boolean; seconds?: number | undefined },
): void {
  setCookie(c, nameOf(kind, secure), value, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure,
    ...(seconds !== undefined && { maxAge: Math.max(0, Math.floor(seconds)) }),
  });
}

export const removeCookie = (c: Context, kind: CookieKind, secure: boolean): void =>
  writeCookie(c, kind, '', { secure, seconds: 0 });
