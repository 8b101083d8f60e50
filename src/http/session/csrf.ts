// Forms of shoppers' pages: read, and held against the session of the page that they stand on.

import type { Context } from 'hono';
import type { Shopper } from '../auth.ts';
import type { HttpContext } from '../context.ts';
import { csrfOf, isSecret } from '../form-secret.ts';
import { invalid, Problem } from '../problem.ts';
import { readBytes } from '../request.ts';
import type { Session } from './session.ts';

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
  if (!isSecret(field('csrf'), csrfOf(session.id)))
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
