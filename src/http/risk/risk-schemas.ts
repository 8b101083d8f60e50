// The shapes of calls about decisions on payments, and about the rules.

import * as z from 'zod';
import { isPlainLines, ORDER_STATUSES, orderIdKey } from '../../actors/index.ts';
import { RECORDED_MAX } from '../../persistence/index.ts';
import { CHANGES_TOLD_MAX, OUTCOMES, RULES_CHARACTERS_MAX, WINDOW_NAMES } from '../../risk/index.ts';
import { CustomerId, Instant } from '../schemas.ts';
import { ShownStatus } from './status-schemas.ts';

export const NOTE_CHARACTERS_MAX = 1_000;

export const OrderId = z
  .string()
  .refine((id) => orderIdKey(id) !== undefined, 'must be the id of an order: 26 characters')
  .meta({ example: '3vvfxqwz6d07w4x9v6t1q5e8mk' });
const Outcome = z.enum(OUTCOMES).meta({ id: 'RiskOutcome' });

const Counts = z
  .object(Object.fromEntries(WINDOW_NAMES.map((name) => [name, z.int()])))
  .meta({ id: 'RiskCounts', description: 'In the time up to the payment; counted up to 1000.' });

const Facts = z
  .object({
    status: ShownStatus.shape.status,
    accountAgeSeconds: z.int().nullable(),
    ordersOfCustomer: Counts,
    abandonedHolds: Counts,
    customersPerAddress: Counts,
    customersPerFingerprint: Counts.nullable(),
    quantity: z.int(),
    amount: z.object({ amount: z.int(), currency: z.string() }),
  })
  .meta({ id: 'RiskFacts', description: 'What was known of the payment.' });

export const Decision = z
  .object({
    id: z.int(),
    orderId: OrderId,
    productId: z.string(),
    customerId: CustomerId,
    at: Instant,
    outcome: Outcome,
    decidedBy: z.string().meta({ description: '`rules`, or a person.' }),
    rules: z.string().meta({ description: 'Digest of the rules in force.' }),
    reasons: z
      .array(z.string())
      .meta({ description: 'In words; the first one decided. Of a person: the note.' }),
    facts: Facts,
    settledAt: Instant.nullable().meta({ description: 'Of a review: when it was decided.' }),
  })
  .meta({ id: 'RiskDecision' });

const Cursor = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be `next` of the page before')
  .transform(Number)
  .optional();

export const ListDecisions = z
  .strictObject({ orderId: OrderId.optional(), customerId: CustomerId.optional(), before: Cursor })
  .refine(
    ({ orderId, customerId }) => orderId === undefined || customerId === undefined,
    'names an order and a customer; name one of them',
  );

export const DecisionList = z
  .object({ decisions: z.array(Decision), next: z.int().nullable() })
  .meta({ id: 'RiskDecisionList' });

export const ListReviews = z.strictObject({ after: Cursor });

export const Review = Decision.extend({
  orderStatus: z.enum(ORDER_STATUSES).nullable().meta({ description: 'As the list of orders has it.' }),
  decided: z
    .object({ outcome: Outcome, by: z.string() })
    .nullable()
    .meta({ description: 'What a person decided, while it is not carried out. Repeat it.' }),
}).meta({ id: 'Review' });

export const ReviewList = z
  .object({ reviews: z.array(Review), next: z.int().nullable(), waiting: z.int() })
  .meta({ id: 'ReviewList' });

export const DecideReview = z
  .strictObject({
    decision: z.enum(['approve', 'deny']),
    note: z
      .string()
      .max(NOTE_CHARACTERS_MAX)
      .refine(isPlainLines, 'must be well-formed text without control characters')
      .default('')
      .meta({ description: 'For colleagues; it is kept with the decision.' }),
  })
  .meta({ id: 'DecideReview' });

export const ReviewDecidedView = z
  .object({
    outcome: z.enum(['paid', 'pending', 'declined', 'denied']).meta({
      description:
        '`pending`: approved, and the money is on its way. `declined`: approved, and the bank said no; the customer may try again.',
    }),
    orderStatus: z.enum(ORDER_STATUSES),
  })
  .meta({ id: 'ReviewDecided' });

export const RulesView = z
  .object({
    digest: z.string(),
    file: z.string().nullable().meta({ description: 'As RISK_RULES names it; null: those of the program.' }),
    rules: z.string().meta({ description: 'The text of the file.' }),
  })
  .meta({ id: 'RiskRules' });

export const TryRules = z
  .strictObject({
    rules: z.string().min(1).max(RULES_CHARACTERS_MAX).meta({ description: 'The text of a file of rules.' }),
    limit: z.int().min(1).max(RECORDED_MAX).default(RECORDED_MAX).meta({ description: 'Latest payments.' }),
  })
  .meta({ id: 'TryRules' });

const Outcomes = z.object(Object.fromEntries(OUTCOMES.map((outcome) => [outcome, z.int()])));

export const RulesTried = z
  .object({
    payments: z.int(),
    inForce: Outcomes.meta({ description: 'By the rules in force.' }),
    tried: Outcomes,
    changed: z.int(),
    changes: z
      .array(
        z.object({
          orderId: OrderId,
          customerId: CustomerId,
          at: Instant,
          inForce: Outcome,
          tried: Outcome,
          reasons: z.array(z.string()),
        }),
      )
      .meta({ description: `The first ${CHANGES_TOLD_MAX}.` }),
  })
  .meta({ id: 'RulesTried' });
