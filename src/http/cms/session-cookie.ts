// The cookies of the CMS: one that says who is signed in, before that one that ties the sign-in form to this browser, and after it
// one that says that this browser signed in. Scripts cannot read them, other sites cannot have them sent along with a form, and they
// go to /cms alone.

import type { Context } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import type { CookieOptions } from 'hono/utils/cookie';
import { DEVICE_MS_MAX, SESSION_MS_MAX } from '../../persistence/index.ts';
import { callerOf, isSecure as isSecureFor } from '../caller.ts';
import { cookieNamed } from '../cookie.ts';

const NAMES = {
  session: 'doorbuster_cms',
  entry: 'doorbuster_cms_entry',
  device: 'doorbuster_cms_device',
} as const;
export type CookieKind = keyof typeof NAMES;
const OWN_ATTRIBUTES: Readonly<Record<CookieKind, CookieOptions>> = {
  session: { maxAge: SESSION_MS_MAX / 1_000 },
  entry: {},
  device: { maxAge: DEVICE_MS_MAX / 1_000, path: '/cms/sign-in', sameSite: 'Strict' },
};

export const readCookie = (c: Context, kind: CookieKind, demo: boolean): string | undefined =>
  cookieNamed(c.req.header('cookie'), nameOf(c, kind, demo));

export function writeCookie(c: Context, kind: CookieKind, value: string, demo: boolean): void {
  setCookie(c, nameOf(c, kind, demo), value, { ...attributes(c, demo), ...OWN_ATTRIBUTES[kind] });
}

export function removeCookie(c: Context, kind: CookieKind, demo: boolean): void {
  deleteCookie(c, nameOf(c, kind, demo), attributes(c, demo));
}

const attributes = (c: Context, demo: boolean): CookieOptions => ({
  path: '/cms',
  httpOnly: true,
  sameSite: 'Lax',
  secure: isSecure(c, demo),
});

/** Under this name a browser takes it over HTTPS alone. */
const nameOf = (c: Context, kind: CookieKind, demo: boolean): string =>
  isSecure(c, demo) ? `__Secure-${NAMES[kind]}` : NAMES[kind];

export const isSecure = (c: Context, demo: boolean): boolean => isSecureFor(callerOf(c), demo);
