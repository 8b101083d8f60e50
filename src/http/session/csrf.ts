// What ties a form to the session of the page that it stands on. Another site can make a browser send a form, but cannot know this, and
// the browser says where the form comes from besides.

import { hash, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import type { Shopper } from '../auth.ts';
import type { HttpContext } from '../context.ts';
import { invalid, Problem } from '../problem.ts';
import { readBytes } from '../request.ts';
import type { Session } from './session.ts';

/** What forms carry as `csrf`: follows from the session, and does not lead back to it. */
export const csrfOf = (session: Pick<Session, 'id'>): string =>
  hash('sha256', `doorbuster form\0${session.id}`, 'base64url');

export interface ShopperForm {
  readonly shopper: Shopper & { readonly session: Session };
  /** The first value of this name, '' when there is none. */
  readonly field: (name: string) => string;
}

/**
 * A form of a page of ours, sent by whoever is signed in.
 * @throws Problem unauthenticated, forbidden, invalid_request, payload_too_large
 */
export async function readShopperForm(c: Context, { auth, limits }: HttpContext): Promise<ShopperForm> {
  const shopper = await auth.shopper(c);
  const { session } = shopper;
  if (session === undefined)
    throw new Problem('unauthenticated', {
      detail: 'A form needs the session of the page that it stands on.',
    });
  const field = await readFields(c, limits.orderBytesMax);
  if (!isSame(field('csrf'), csrfOf(session)))
    throw new Problem('forbidden', {
      detail: 'This form is not of your session. Load its page again, and send it from there.',
    });
  return { shopper: { ...shopper, session }, field };
}

/** @throws Problem invalid_request, payload_too_large */
export async function readFields(c: Context, bytesMax: number): Promise<(name: string) => string> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(c.req.header('content-type') ?? ''))
    throw invalid('Content-Type', 'must be application/x-www-form-urlencoded, as a browser sends a form');
  const fields = new URLSearchParams(new TextDecoder().decode(await readBytes(c, bytesMax)));
  return (name) => fields.get(name) ?? '';
}

export function isSame(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
