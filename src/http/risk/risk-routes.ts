// Risk control, for whoever has the admin token: customers' statuses, reviews, decisions, and the rules.

import type { Context, Hono } from 'hono';
import type * as z from 'zod';
import { orderIdKey, type Key } from '../../actors/index.ts';
import { DECISIONS_PER_PAGE_MAX, type OpenReview, type RiskDecision } from '../../persistence/index.ts';
import { dryRun, parseRiskRules } from '../../risk/index.ts';
import type { HttpContext } from '../context.ts';
import { Problem } from '../problem.ts';
import { parse, readBytes, readJson } from '../request.ts';
import { CustomerId } from '../schemas.ts';
import { ReviewDesk } from './review-desk.ts';
import type { RiskContext } from './risk-context.ts';
import {
  DecideReview,
  ListDecisions,
  ListReviews,
  OrderId,
  TryRules,
  type Decision,
  type DecisionList,
  type Review,
  type ReviewDecidedView,
  type ReviewList,
  type RulesTried,
  type RulesView,
} from './risk-schemas.ts';
import { STATUS_FILE_BYTES_MAX, StatusDesk } from './status-desk.ts';
import { PutStatus, PutStatuses } from './status-schemas.ts';

/** Of a call that brings many statuses, or a file of rules, as JSON. */
const RISK_BODY_BYTES_MAX = 1024 * 1024;
/** As decisions name whoever has the token. */
const ADMIN = 'Admin API';

/** Behind the admin token: admin-routes.ts checks it for all of /v1/admin. */
export function riskRoutes(app: Hono, context: HttpContext): void {
  const { limits, payments, clock } = context;
  const statusDesk = (): StatusDesk => new StatusDesk({ ...riskOf(context), clock });

  app.get('/v1/admin/customers/:id/status', async (c) => c.json(await statusDesk().show(customerOf(c))));

  app.put('/v1/admin/customers/:id/status', async (c) => {
    const customerId = customerOf(c);
    return c.json(await statusDesk().change(customerId, await readJson(c, PutStatus, limits.adminBytesMax)));
  });

  app.put('/v1/admin/customers/statuses', async (c) => {
    const desk = statusDesk();
    const type = c.req.header('content-type') ?? '';
    if (!/ndjson|jsonl|json-lines/.test(type))
      return c.json(await desk.changeAll(await readJson(c, PutStatuses, RISK_BODY_BYTES_MAX)));
    const file = await desk.changeByFile(new Uint8Array(await readBytes(c, STATUS_FILE_BYTES_MAX)));
    if (file.outcome === 'saved') return c.json(file.saved);
    const { count, lines } = file;
    throw new Problem('bad_lines', {
      detail: `${count} ${count === 1 ? 'line is' : 'lines are'} wrong, and nothing was changed. Mend them, and send the file again.`,
      badLines: { count, lines },
    });
  });

  app.get('/v1/admin/reviews', async (c) => {
    const { decisions } = riskOf(context);
    const { after } = parse(ListReviews, c.req.query(), 'query');
    const [page, waiting] = await Promise.all([
      decisions.openReviews({ limit: DECISIONS_PER_PAGE_MAX, after }),
      decisions.countOpen(),
    ]);
    const view: z.input<typeof ReviewList> = {
      reviews: page.reviews.map(reviewOf),
      next: page.next ?? null,
      waiting,
    };
    return c.json(view);
  });

  app.post('/v1/admin/reviews/:orderId', async (c) => {
    const { decisions } = riskOf(context);
    const orderId = orderOf(c);
    const { decision, note } = await readJson(c, DecideReview, limits.adminBytesMax);
    const decided = await new ReviewDesk({ decisions, payments }).decide(orderId, {
      decision,
      note,
      by: ADMIN,
    });
    switch (decided.outcome) {
      case 'no_review':
        throw new Problem('not_found', { detail: 'Nothing of this order waits for a decision.' });
      case 'decided_otherwise':
        throw new Problem('order_state_conflict', {
          detail: `${decided.by} decided otherwise a moment ago. Look at the order again.`,
        });
      case 'gone':
        throw new Problem('order_state_conflict', {
          detail:
            decided.order === undefined
              ? 'Nobody knows this order’s payment any more; nothing was taken by this.'
              : `The order is ${decided.order.status} by now; nothing was decided.`,
        });
      default: {
        const { outcome, order } = decided;
        const view: z.input<typeof ReviewDecidedView> = { outcome, orderStatus: order.status };
        return c.json(view);
      }
    }
  });

  app.get('/v1/admin/risk/decisions', async (c) => {
    const { decisions } = riskOf(context);
    const wanted = parse(ListDecisions, c.req.query(), 'query');
    const { decisions: found, next } = await decisions.find({ ...wanted, limit: DECISIONS_PER_PAGE_MAX });
    const view: z.input<typeof DecisionList> = { decisions: found.map(decisionOf), next: next ?? null };
    return c.json(view);
  });

  app.get('/v1/admin/risk/rules', (c) => {
    const { rules, rulesText, rulesFile } = riskOf(context);
    const view: z.input<typeof RulesView> = {
      digest: rules.digest,
      file: rulesFile ?? null,
      rules: rulesText,
    };
    return c.json(view);
  });

  app.post('/v1/admin/risk/try', async (c) => {
    const { decisions, rules } = riskOf(context);
    const { rules: text, limit } = await readJson(c, TryRules, RISK_BODY_BYTES_MAX);
    const file = parseRiskRules(text);
    if (file.kind === 'refused') {
      const { mistakes, more } = file;
      const lines = mistakes.map(({ line, message }) => `line ${line}: ${message}`);
      throw new Problem('invalid_request', {
        detail: [...lines, ...(more > 0 ? [`and ${more} more mistakes`] : [])].join('; '),
        errors: mistakes.map(({ line, message }) => ({ field: `line ${line}`, message })),
      });
    }
    const run = dryRun(rules, file.rules, await decisions.recorded(limit));
    const view: z.input<typeof RulesTried> = {
      ...run,
      changes: run.changes.map(({ at, reasons, ...change }) => ({
        ...change,
        at: timeOf(at),
        reasons: [...reasons],
      })),
    };
    return c.json(view);
  });
}

/** @throws Problem unavailable */
function riskOf({ risk }: HttpContext): RiskContext {
  if (risk === undefined) throw new Problem('unavailable');
  return risk;
}

const customerOf = (c: Context): string => parse(CustomerId, c.req.param('id'), 'id');

/** @throws Problem invalid_request */
const orderOf = (c: Context): Key => orderIdKey(parse(OrderId, c.req.param('orderId'), 'orderId'))!;

const timeOf = (at: number): string => new Date(at).toISOString();

function decisionOf({ at, settledAt, reasons, facts, ...decision }: RiskDecision): z.input<typeof Decision> {
  return {
    ...decision,
    at: timeOf(at),
    reasons: [...reasons],
    facts,
    settledAt: settledAt === undefined ? null : timeOf(settledAt),
  };
}

const reviewOf = ({ orderStatus, decided, ...decision }: OpenReview): z.input<typeof Review> => ({
  ...decisionOf(decision),
  orderStatus: orderStatus ?? null,
  decided: decided ?? null,
});
