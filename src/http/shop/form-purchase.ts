// A purchase by a form, without a script: the very purchase of the API, with the form's fields in place of its body. What comes back is
// the order's page, or the refusal in words on the page that the form stands on; the key stays, so that sending it again is safe.

import type { Context } from 'hono';
import type { Answer } from '../answer.ts';
import { callerOf } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import type { Texts } from '../pages/index.ts';
import type { ProblemCode } from '../problem.ts';
import { TICKET_HEADER, type Purchase } from '../purchase.ts';
import { IDEMPOTENCY_KEY } from '../schemas.ts';
import { readShopperForm, type ShopperForm } from '../session/csrf.ts';
import { newWishKey } from './page-visit.ts';

export type FormPurchase =
  | { readonly outcome: 'ordered'; readonly orderId: string }
  | {
      readonly outcome: 'refused';
      readonly form: ShopperForm;
      readonly productId: string;
      readonly quantity: number;
      readonly key: string;
      readonly code: ProblemCode;
      readonly status: number;
      readonly retryAfter: string | undefined;
    };

/** @throws Problem unauthenticated, forbidden, invalid_request, payload_too_large */
export async function formPurchase(
  c: Context,
  context: HttpContext,
  purchase: Purchase,
): Promise<FormPurchase> {
  const form = await readShopperForm(c, context);
  const productId = form.field('product');
  const typed = form.field('quantity').trim();
  const quantity = typed === '' ? 1 : /^\d{1,9}$/.test(typed) ? Number(typed) : 0;
  const key = form.field('key');
  const { status, headers, body } = await new Promise<Answer>((resolve) =>
    purchase(
      {
        caller: callerOf(c),
        idempotencyKey: key,
        ticket: c.req.header(TICKET_HEADER),
        address: context.addresses.ofContext(c),
        body: Buffer.from(JSON.stringify({ productId, quantity })),
      },
      resolve,
    ),
  );
  const told = JSON.parse(body) as { id: string; code: ProblemCode };
  if (status === 201) return { outcome: 'ordered', orderId: told.id };
  return {
    outcome: 'refused',
    form,
    productId,
    quantity: Math.max(1, quantity),
    // The same quantity is taken with this key alone: another wish needs another one. And nothing is bought under one that is none.
    key: told.code === 'idempotency_key_reused' || !IDEMPOTENCY_KEY.test(key) ? newWishKey(context) : key,
    code: told.code,
    status,
    retryAfter: headers['Retry-After'],
  };
}

/** Of paying or cancelling: the order stands, whatever is said. */
export const deedText = (code: string, texts: Texts): string =>
  Object.hasOwn(texts.deeds, code) ? texts.deeds[code as keyof Texts['deeds']] : refusalText(code, texts);

export function refusalText(code: string, { refusals }: Texts): string {
  return Object.hasOwn(refusals, code) ? refusals[code as keyof Texts['refusals']] : refusals.unknown;
}
