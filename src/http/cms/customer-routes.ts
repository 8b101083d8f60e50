// Customers: what their status is and who says so, what was decided on their payments, and the form that sets another status.

import type { Context, Hono } from 'hono';
import { CUSTOMER_ID_CHARACTERS_MAX, isCustomerId } from '../../actors/index.ts';
import { CUSTOMER_STATUSES } from '../../risk/index.ts';
import type { HttpContext } from '../context.ts';
import { customerHref, customerPage, type CustomerView } from '../pages/cms/index.ts';
import { NOTE_CHARACTERS_MAX } from '../risk/risk-schemas.ts';
import { readForm } from './form.ts';
import { editorOf, lookOf } from './look.ts';
import { requireRole } from './signed-in.ts';
import { lineProblem } from './typed-text.ts';

/** Decisions on one customer's payments, on one page. */
export const DECISIONS_PER_CUSTOMER = 20;

export function customerRoutes(cms: Hono, context: HttpContext): void {
  const { risk } = context;
  if (risk === undefined) return;
  const { catalogue } = context.cms!;

  const show = async (
    c: Context,
    customerId: string,
    { errors = [], typed }: Partial<Pick<CustomerView, 'errors' | 'typed'>> = {},
    status: 200 | 409 | 422 = 200,
  ): Promise<Response> => {
    const asked = c.req.query('before') ?? '';
    const before = /^\d{1,15}$/.test(asked) ? Number(asked) : undefined;
    const [known, { decisions, next }] = await Promise.all([
      risk.statuses.find(customerId),
      risk.decisions.find({ customerId, limit: DECISIONS_PER_CUSTOMER, before }),
    ]);
    const names = await catalogue.productNames(decisions.map(({ productId }) => productId));
    const older = next === undefined ? undefined : `${customerHref(customerId)}&before=${next}`;
    const found = { known, decisions, older, names };
    return c.html(customerPage(lookOf(c, context), { customerId, found, errors, typed }), status);
  };

  const showWrong = (c: Context, customerId: string): Response => {
    const errors = [{ field: 'id', message: CUSTOMER_WRONG }];
    return c.html(
      customerPage(lookOf(c, context), { customerId, found: undefined, errors }),
      422,
    ) as Response;
  };

  cms.get('/cms/customers', async (c) => {
    const customerId = (c.req.query('id') ?? '').trim();
    if (customerId === '')
      return c.html(customerPage(lookOf(c, context), { customerId, found: undefined, errors: [] }));
    return isCustomerId(customerId) ? show(c, customerId) : showWrong(c, customerId);
  });

  cms.post('/cms/customers', async (c) => {
    requireRole(c, 'publisher');
    const form = await readForm(c);
    const customerId = c.req.query('id') ?? '';
    if (!isCustomerId(customerId)) return showWrong(c, customerId);
    const typed = { status: form.fields('status'), note: form.fields('note').trim() };
    const status = CUSTOMER_STATUSES.find((each) => each === typed.status);
    const noteProblem = lineProblem(typed.note, NOTE_CHARACTERS_MAX);
    const errors = [
      ...(status === undefined
        ? [{ field: 'status', message: 'Status must be one of the four choices.' }]
        : []),
      ...(noteProblem === undefined ? [] : [{ field: 'note', message: `Note ${noteProblem}.` }]),
    ];
    if (status === undefined || errors.length > 0) return show(c, customerId, { errors, typed }, 422);
    const sent = form.fields('seen');
    const seen = /^\d{1,15}$/.test(sent) ? Number(sent) : undefined;
    const saved = await catalogue.setStatus(editorOf(c), { customerId, status, note: typed.note, seen });
    if (saved === 'conflict') {
      const known = await risk.statuses.find(customerId);
      const message = `Somebody else said another status meanwhile: ${known.source}. It stands beside this form; set yours again if it still holds.`;
      return show(c, customerId, { errors: [{ field: 'status', message }], typed }, 409);
    }
    risk.onStatusChanged();
    return c.redirect(`${customerHref(customerId)}&done=status-${saved}`, 303);
  });
}

const CUSTOMER_WRONG = `Customer must be an id of 1 to ${CUSTOMER_ID_CHARACTERS_MAX} characters without control characters.`;
