// A purchase by a form, without a script: the very purchase of the API, with the form's fields in place of its body. What comes back is
// the order's page, or the refusal in words on the page that the form stands on; the key stays, so that sending it again is safe. Where
// the sale asks for a ticket, one is got on the way; where a ticket costs work, the shopper waits for it on a page of its own.

import type { Context } from 'hono';
import type { Answer } from '../answer.ts';
import type { Shopper } from '../auth.ts';
import { callerOf } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import type { WaitPass } from '../gate/challenge/index.ts';
import type { TicketDesk } from '../gate/tickets/index.ts';
import type { Texts } from '../pages/index.ts';
import { Problem, problemAnswer, type ProblemCode } from '../problem.ts';
import { TICKET_HEADER, type Purchase } from '../purchase.ts';
import { IDEMPOTENCY_KEY } from '../schemas.ts';
import { readShopperForm, type ShopperForm } from '../session/csrf.ts';
import { newWishKey } from './page-visit.ts';
import { waitAddress } from './wait-routes.ts';

export type FormPurchase =
  | { readonly outcome: 'ordered'; readonly orderId: string }
  | { readonly outcome: 'waits'; readonly address: string }
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

export interface FormPurchaseParts {
  readonly purchase: Purchase;
  readonly ticketDesk: TicketDesk;
}

/** @throws Problem unauthenticated, forbidden, invalid_request, payload_too_large */
export async function formPurchase(
  c: Context,
  context: HttpContext,
  { purchase, ticketDesk }: FormPurchaseParts,
): Promise<FormPurchase> {
  const form = await readShopperForm(c, context);
  const productId = form.field('product');
  const typed = form.field('quantity').trim();
  const quantity = typed === '' ? 1 : /^\d{1,9}$/.test(typed) ? Number(typed) : 0;
  const key = form.field('key');
  const body = Buffer.from(JSON.stringify({ productId, quantity }));
  const address = context.addresses.ofContext(c);
  const order = (ticket: string | undefined): Promise<Answer> =>
    new Promise((resolve) =>
      purchase({ caller: callerOf(c), idempotencyKey: key, ticket, address, body }, resolve),
    );

  // Whatever was accepted under the key is told before anybody asks for a ticket.
  let answer = await order(c.req.header(TICKET_HEADER));
  if (needsTicket(answer)) {
    const got = await ticketFor(ticketDesk, form.shopper, productId, form.field('wait'), order);
    if ('pass' in got)
      return { outcome: 'waits', address: waitAddress({ productId, quantity, key, pass: got.pass }) };
    answer = got;
  }
  const { status, headers } = answer;
  const told = toldIn(answer);
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

/** @param pass that was waited for; '' for none @returns what came of the order with a ticket, or the pass to wait for */
async function ticketFor(
  desk: TicketDesk,
  shopper: Shopper,
  productId: string,
  pass: string,
  order: (ticket: string) => Promise<Answer>,
): Promise<Answer | WaitPass> {
  try {
    const got = await desk.ask(shopper, pass === '' ? { productId } : { productId, wait: pass });
    if (got.outcome === 'early') return problemAnswer('sale_not_started');
    if (got.outcome === 'refused') return problemAnswer(got.code);
    if (got.outcome === 'work') return got.asked.wait;
    const answer = await order(got.ticket);
    // The ticket of this pass was used for another order: there is another wait.
    return needsTicket(answer) && pass !== '' ? await ticketFor(desk, shopper, productId, '', order) : answer;
  } catch (error) {
    if (error instanceof Problem) return problemAnswer(error.code, error.extra);
    throw error;
  }
}

const toldIn = ({ body }: Answer): { id: string; code: ProblemCode } =>
  JSON.parse(body) as { id: string; code: ProblemCode };

const needsTicket = (answer: Answer): boolean =>
  answer.status === 403 && ['ticket_required', 'ticket_invalid'].includes(toldIn(answer).code);

/** Of paying or cancelling: the order stands, whatever is said. */
export const deedText = (code: string, texts: Texts): string =>
  Object.hasOwn(texts.deeds, code) ? texts.deeds[code as keyof Texts['deeds']] : refusalText(code, texts);

export function refusalText(code: string, { refusals }: Texts): string {
  return Object.hasOwn(refusals, code) ? refusals[code as keyof Texts['refusals']] : refusals.unknown;
}
