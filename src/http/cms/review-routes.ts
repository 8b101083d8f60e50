// Payments that wait for a person: the list, one order's decisions, and approving or denying it. A look does nothing; the button of
// the page that asks does.

import type { Context, Hono } from 'hono';
import { orderIdKey, type Key } from '../../actors/index.ts';
import type { OpenReview } from '../../persistence/index.ts';
import type { HttpContext } from '../context.ts';
import {
  reviewHref,
  reviewListPage,
  reviewPage,
  reviewStepPage,
  type FieldError,
  type ReviewStep,
} from '../pages/cms/index.ts';
import { Problem } from '../problem.ts';
import { ReviewDesk, type ReviewDecided } from '../risk/review-desk.ts';
import { NOTE_CHARACTERS_MAX } from '../risk/risk-schemas.ts';
import { CmsProblem } from './cms-problem.ts';
import { readForm } from './form.ts';
import { editorOf, lookOf } from './look.ts';
import { requireRole } from './signed-in.ts';
import { lineProblem } from './typed-text.ts';

export const REVIEWS_PER_PAGE = 25;
/** Of the first page of reviews. */
export const LATELY_SHOWN = 20;
/** Of one order: more were never shown. */
export const DECISIONS_SHOWN = 50;

const STEPS: readonly ReviewStep[] = ['approve', 'deny'];

export function reviewRoutes(cms: Hono, context: HttpContext): void {
  const { risk } = context;
  if (risk === undefined) return;
  const { catalogue } = context.cms!;
  const desk = new ReviewDesk({ decisions: risk.decisions, payments: context.payments });

  cms.get('/cms/reviews', async (c) => {
    const orderId = (c.req.query('order') ?? '').trim();
    if (orderIdKey(orderId) !== undefined) return c.redirect(reviewHref(orderId), 303);
    const errors = orderId === '' ? [] : [{ field: 'order', message: ORDER_WRONG }];
    const asked = c.req.query('after') ?? '';
    const after = /^\d{1,15}$/.test(asked) ? Number(asked) : undefined;
    const isFirstPage = after === undefined;
    const [{ reviews, next }, lately] = await Promise.all([
      risk.decisions.openReviews({ limit: REVIEWS_PER_PAGE, after }),
      isFirstPage ? risk.decisions.find({ limit: LATELY_SHOWN }) : { decisions: [] },
    ]);
    const { decisions } = lately;
    const names = await catalogue.productNames([...reviews, ...decisions].map(({ productId }) => productId));
    const address = next === undefined ? undefined : `/cms/reviews?after=${next}`;
    const view = { reviews, isFirstPage, next: address, lately: decisions, names, errors, orderId };
    return c.html(reviewListPage(lookOf(c, context), view), errors.length > 0 ? 422 : 200);
  });

  cms.get('/cms/reviews/:id', async (c) => {
    const { id } = orderOf(c);
    const [{ decisions }, review] = await Promise.all([
      risk.decisions.find({ orderId: id, limit: DECISIONS_SHOWN }),
      risk.decisions.openReview(id),
    ]);
    if (decisions.length === 0) throw noDecision();
    const names = await catalogue.productNames(decisions.map(({ productId }) => productId));
    return c.html(reviewPage(lookOf(c, context), { orderId: id, decisions, review, names }));
  });

  const ask = async (
    c: Context,
    how: ReviewStep,
    review: OpenReview,
    note = '',
    errors: readonly FieldError[] = [],
  ): Promise<Response> => {
    const names = await catalogue.productNames([review.productId]);
    const page = reviewStepPage(lookOf(c, context), { review, how, note, errors, names });
    return c.html(page, errors.length > 0 ? 422 : 200);
  };

  for (const how of STEPS) {
    cms.get(`/cms/reviews/:id/${how}`, async (c) => {
      requireRole(c, 'publisher');
      const review = await risk.decisions.openReview(orderOf(c).id);
      if (review === undefined) throw noReview();
      return ask(c, how, review);
    });

    cms.post(`/cms/reviews/:id/${how}`, async (c) => {
      requireRole(c, 'publisher');
      const note = (await readForm(c)).fields('note').trim();
      const { id, key } = orderOf(c);
      const problem = lineProblem(note, NOTE_CHARACTERS_MAX);
      if (problem !== undefined) {
        const review = await risk.decisions.openReview(id);
        if (review === undefined) throw noReview();
        return ask(c, how, review, note, [{ field: 'note', message: `Note ${problem}.` }]);
      }
      const decided = await decide(desk, key, { decision: how, note, by: editorOf(c).name });
      switch (decided.outcome) {
        case 'paid':
        case 'pending':
        case 'declined':
        case 'denied':
          return c.redirect(`/cms/reviews?done=review-${decided.outcome}`, 303);
        case 'gone':
        case 'no_review':
          throw noReview();
        case 'decided_otherwise':
          throw new CmsProblem(
            409,
            'Somebody decided otherwise',
            `${decided.by} ${how === 'approve' ? 'denied' : 'approved'} this payment a moment ago, and that is being carried out. Nothing was changed.`,
          );
      }
    });
  }
}

/** What cannot be carried out just now is kept, and told in other words than those of machines. */
async function decide(
  desk: ReviewDesk,
  key: Key,
  decision: Parameters<ReviewDesk['decide']>[1],
): Promise<ReviewDecided> {
  try {
    return await desk.decide(key, decision);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new CmsProblem(
      503,
      'This is not carried out yet',
      'What you decided may be kept, and the engine or the payment provider did not answer. Look at the order again in a moment, and do the same once more if it still waits.',
      2,
    );
  }
}

/** Of the address. @throws CmsProblem */
function orderOf(c: Context): { readonly id: string; readonly key: Key } {
  const id = c.req.param('id') ?? '';
  const key = orderIdKey(id);
  if (key === undefined) throw noDecision();
  return { id, key };
}

const ORDER_WRONG = 'Order must be an order’s number: 26 digits and lower-case letters.';

const noDecision = (): CmsProblem =>
  new CmsProblem(
    404,
    'No payment of this order was judged',
    'No order has this number, or nobody tried to pay for it yet.',
  );

const noReview = (): CmsProblem =>
  new CmsProblem(
    409,
    'Nothing of this order waits',
    'Somebody decided on it meanwhile, or the order was cancelled. Look at the order again. Nothing was changed.',
  );
