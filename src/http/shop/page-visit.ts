// Who looks at a page for shoppers, in which language, and what their forms carry.

import type { Context } from 'hono';
import type { Visitor } from '../auth.ts';
import { changesNothing } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import { localeOf, type Locale, type VisitorView } from '../pages/index.ts';
import { csrfOf } from '../form-secret.ts';
import type { Reader } from './campaign-pages.ts';
import { signedOutAddress, signInAddress } from '../session/addresses.ts';

export interface PageVisit {
  readonly visitor: Visitor;
  /** Undefined: nobody is signed in. */
  readonly shown: VisitorView | undefined;
  readonly locale: Locale;
  readonly signInHref: string;
}

const KEY_CHARACTERS = 16;

/** @param next the page to come back to after signing in @throws Problem unauthenticated */
export function pageVisit(
  c: Context,
  { auth }: Pick<HttpContext, 'auth'>,
  next: string,
): PageVisit | Promise<PageVisit> {
  const found = auth.visitor(c);
  const visitOf = (visitor: Visitor): PageVisit => ({
    visitor,
    shown: visitor && visitorView(visitor),
    locale: localeOf(c.req.header('accept-language')),
    signInHref: changesNothing(c.req.method) ? signInAddress(next) : signedOutAddress(next),
  });
  return found instanceof Promise ? found.then(visitOf) : visitOf(found);
}

/** Who reads a page. @param key of their next wish */
export const newReader = (visitor: Visitor, acceptLanguage: string | undefined, key: string): Reader => ({
  visitor: visitor && visitorView(visitor),
  locale: localeOf(acceptLanguage),
  key,
});

function visitorView({ customerId, session }: NonNullable<Visitor>): VisitorView {
  // Whoever brings a token to a page may look at it; its forms need a session.
  return {
    customerId,
    name: session?.name ?? customerId,
    csrf: session === undefined ? '' : csrfOf(session.id),
  };
}

/** Names one wish: a form that is sent twice is one purchase. */
export const newWishKey = ({ random }: Pick<HttpContext, 'random'>): string =>
  Buffer.from(random.characters(KEY_CHARACTERS), 'latin1').toString('base64url');
