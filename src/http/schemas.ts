// The shapes of the API, once: they validate what comes in and describe everything at /openapi.json.

import * as z from 'zod';
import {
  CUSTOMER_ID_CHARACTERS_MAX,
  isCustomerId,
  isPlainLines,
  isPlainText,
  ORDER_STATUSES,
} from '../actors/index.ts';
import { PROBLEMS, type ProblemCode } from './problem.ts';

export const UNITS_PER_ORDER_MAX = 10_000;
export const UNITS_PER_LOAD_MAX = 10_000_000;
export const DAY_SECONDS = 24 * 60 * 60;
export const WEEK_SECONDS = 7 * DAY_SECONDS;

export const ProductId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
  .meta({ id: 'ProductId', description: 'Chosen by the shop.', example: 'ember-kettle' });

export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/;

export const IdempotencyKey = z
  .string()
  .regex(IDEMPOTENCY_KEY, 'must be 1 to 128 printable ASCII characters')
  .meta({
    id: 'IdempotencyKey',
    description: 'A new one for each new purchase; the same one for its repetitions.',
  });

const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as EUR');

export const Money = z
  .strictObject({
    amount: z
      .int()
      .min(0)
      .max(1_000_000_000_000)
      .meta({ description: 'Minor units (cents).', example: 4900 }),
    currency: Currency.meta({ example: 'EUR' }),
  })
  .meta({ id: 'Money' });

export const YEAR_10000 = Date.UTC(10_000, 0);
export const Instant = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time with its offset, as 2030-01-31T18:00:00Z' })
  .refine(
    (text) => Date.parse(text) >= 0 && Date.parse(text) < YEAR_10000,
    'must lie in the years 1970 to 9999',
  );

export const PlaceOrder = z
  .strictObject({
    productId: ProductId,
    quantity: z.int().min(1).max(UNITS_PER_ORDER_MAX).meta({ example: 1 }),
  })
  .meta({ id: 'PlaceOrder' });

export const Order = z
  .object({
    id: z.string().meta({ description: '26 characters; leads to the order’s owner without a lookup.' }),
    productId: ProductId,
    customerId: z.string(),
    quantity: z.int(),
    unitPrice: Money,
    status: z.enum(ORDER_STATUSES),
    createdAt: Instant,
    holdExpiresAt: Instant.nullable().meta({
      description: 'Until when it can be paid; null when it was sold at once.',
    }),
  })
  .meta({ id: 'Order' });

export const OrderList = z
  .object({
    orders: z.array(Order),
    next: z
      .string()
      .nullable()
      .meta({ description: 'Ask for the next page with `before`; null on the last.' }),
    asOf: Instant.meta({ description: 'Everything up to this moment is in the list.' }),
  })
  .meta({ id: 'OrderList' });

export const PayOrder = z
  .strictObject({
    method: z.string().min(1).max(32).meta({ example: 'card' }),
    token: z.string().min(1).max(512).meta({
      description:
        'From the payment provider. In demo mode: `decline`, `pending`, `review` and others do what they say.',
      example: 'demo',
    }),
  })
  .meta({ id: 'PayOrder' });

export const OPEN_HOLDS_MAX = 1_000;
export const ATTEMPTS_MAX = 10_000;

const bound = (max: number, description: string) => z.int().min(0).max(max).default(0).meta({ description });

export const Gate = z
  .strictObject({
    ticket: z
      .boolean()
      .default(false)
      .meta({ description: 'No order without a purchase ticket, which works once.' }),
    work: z.boolean().default(false).meta({ description: 'A ticket costs a proof of work, or a wait.' }),
    openHoldsMax: bound(
      OPEN_HOLDS_MAX,
      'Orders that one customer may hold unpaid at the same time; 0: no bound.',
    ),
    coolDownSeconds: bound(
      DAY_SECONDS,
      'How long a customer waits after a hold that ran out, or an order that was denied; 0: not at all.',
    ),
    attemptsMax: bound(
      ATTEMPTS_MAX,
      'Orders of one customer that were not paid, whatever became of them; 0: no bound.',
    ),
    shortestHoldSeconds: bound(
      WEEK_SECONDS,
      'As units become few, holds get shorter, down to this; 0: they do not.',
    ),
  })
  .refine(({ ticket, work }) => ticket || !work, {
    path: ['work'],
    message: 'needs `ticket`: the work is the price of a ticket',
  })
  .meta({
    id: 'Gate',
    description: 'What the sale asks of whoever wants to buy. docs/gate.md says what each costs.',
  });

export const PutProduct = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .refine((name) => isPlainText(name), 'must be well-formed text without control characters'),
    description: z
      .string()
      .max(5_000)
      .refine(isPlainLines, 'must be well-formed text without control characters')
      .default(''),
    startsAt: Instant,
    endsAt: Instant,
    price: Money,
    perCustomerLimit: z.int().min(1).max(UNITS_PER_ORDER_MAX).default(1),
    holdSeconds: z
      .int()
      .min(0)
      .max(WEEK_SECONDS)
      .default(300)
      .meta({ description: 'How long an unpaid order holds its units; 0 sells at once.' }),
    gate: Gate.prefault({}),
  })
  .refine(({ startsAt, endsAt }) => Date.parse(startsAt) < Date.parse(endsAt), {
    path: ['endsAt'],
    message: 'must be later than startsAt',
  })
  .refine(({ gate, holdSeconds }) => holdSeconds === 0 || gate.shortestHoldSeconds <= holdSeconds, {
    path: ['gate', 'shortestHoldSeconds'],
    message: 'must not be longer than holdSeconds',
  })
  .meta({ id: 'PutProduct' });

export const Product = z
  .object({
    id: ProductId,
    name: z.string(),
    description: z.string(),
    price: Money,
    perCustomerLimit: z.int(),
    holdSeconds: z.int(),
    startsAt: Instant,
    endsAt: Instant,
    sale: z.object({
      state: z
        .enum(['upcoming', 'on_sale', 'sold_out', 'paused', 'ended', 'cancelled'])
        .meta({ description: '`cancelled`: its campaign was, and it will not be sold any more.' }),
      available: z.int(),
      offered: z.int().meta({ description: 'Units put on sale, less those withdrawn.' }),
    }),
    asOf: Instant,
    ticketsFrom: Instant.optional().meta({
      description: 'From when on purchase tickets can be had; missing where the sale asks for none.',
    }),
  })
  .meta({ id: 'Product' });

/** As admins see it. */
export const AdminProduct = Product.extend({ gate: Gate }).meta({ id: 'AdminProduct' });

export const ChangeStock = z
  .strictObject({
    quantity: z
      .int()
      .min(-UNITS_PER_LOAD_MAX)
      .max(UNITS_PER_LOAD_MAX)
      .refine((quantity) => quantity !== 0, 'must not be 0')
      .meta({ description: 'Units to load; below 0, to withdraw.', example: 500 }),
  })
  .meta({ id: 'ChangeStock' });

export const NoFields = z.strictObject({});

/** `expectedRevision` as If-Match over HTTP; 0 only creates. */
export const PutProductRequest = PutProduct.safeExtend({
  productId: ProductId,
  expectedRevision: z.int().min(0).max(999_999_999).optional(),
});

const units = { loaded: z.int(), available: z.int(), reserved: z.int(), sold: z.int(), withdrawn: z.int() };

export const Stock = z.object({ productId: ProductId, ...units, duplicate: z.boolean().optional() }).meta({
  id: 'Stock',
  description: 'loaded = available + reserved + sold + withdrawn, from the actor itself.',
});

export const Shard = z
  .object({
    shard: z.int(),
    node: z.string(),
    worker: z.int(),
    phase: z.enum(['opening', 'open', 'recovering', 'lost', 'refused', 'drained', 'silent']),
    epoch: z.int().nullable(),
    sequence: z.int().nullable(),
    mailboxDepth: z.int().nullable(),
    aheadMs: z.number().nullable(),
    products: z.int().nullable(),
    bytes: z
      .int()
      .nullable()
      .describe('of its records since it was opened, behind the snapshot that it began with'),
    reason: z.string().nullable(),
  })
  .meta({
    id: 'Shard',
    description:
      '`silent`: its worker thread does not answer, and only the thread knows the figures, which are null.',
  });

export const ShardList = z.object({ shards: z.array(Shard) }).meta({ id: 'ShardList' });

const WORKER_NUMBER_MAX = 1_000;
const PROFILE_SECONDS_MAX = 60;

export const TakeProfile = z
  .strictObject({
    worker: z
      .int()
      .min(0)
      .max(WORKER_NUMBER_MAX)
      .meta({ description: 'Number of the worker thread, as in the list of shards.' }),
    kind: z.enum(['cpu', 'heap']),
    seconds: z.number().min(0.1).max(PROFILE_SECONDS_MAX).meta({ example: 10 }),
  })
  .meta({ id: 'TakeProfile' });

export const Profile = z.looseObject({}).meta({
  id: 'Profile',
  description: 'A .cpuprofile or .heapprofile, as Chrome’s developer tools and speedscope read it.',
});

export const PlacementFile = z.string().meta({
  description: 'The placement file as it is: JSON text. Mistakes are told with their lines.',
  example: '{ "strategy": "rendezvous", "pins": [{ "shards": [7, 8], "node": "node-1", "worker": 1 }] }',
});
export const PlanPlacement = z.strictObject({ file: PlacementFile }).meta({ id: 'PlanPlacement' });
export const ApplyPlacement = z
  .strictObject({
    file: PlacementFile,
    revision: z.int().min(0).meta({ description: 'Of the plan that is to be carried out.' }),
  })
  .meta({ id: 'ApplyPlacement' });

const Home = z.object({ node: z.string(), worker: z.int(), product: z.string().optional() });
const PlacementRemark = z.object({ line: z.int(), message: z.string() });

export const PlacementPlan = z
  .object({
    revision: z.int(),
    moves: z.array(
      z.object({
        shard: z.int(),
        from: Home.optional(),
        to: Home.optional(),
        product: z.string().optional(),
        neighbours: z.array(z.string()),
        moreNeighbours: z.int(),
      }),
    ),
    notes: z.array(PlacementRemark),
  })
  .meta({ id: 'PlacementPlan', description: 'What would move, from where the shards are now.' });

export const PlacementStatus = z
  .object({
    revision: z.int(),
    appliedAt: Instant.nullable(),
    file: z.string().nullable(),
    running: z.boolean(),
    moves: z.int(),
    done: z.int(),
    failures: z.array(z.object({ shard: z.int(), why: z.string() })),
    longestPauseMs: z.number(),
  })
  .meta({
    id: 'PlacementStatus',
    description: 'The file that was last applied, and how far it is carried out.',
  });

/** The same as the schema below says, for the path of every request. */
export { isCustomerId };

export const CustomerId = z
  .string()
  .min(1)
  .max(CUSTOMER_ID_CHARACTERS_MAX)
  .refine((id) => isPlainText(id), 'must be well-formed text without control characters')
  .meta({ id: 'CustomerId', example: 'ada' });

export const MakeToken = z.strictObject({ customerId: CustomerId }).meta({ id: 'MakeToken' });
export const Token = z.object({ token: z.string() }).meta({ id: 'Token' });
export const Time = z.object({ now: Instant, epochMs: z.int() }).meta({ id: 'Time' });

export const ProblemDetails = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    detail: z.string(),
    retry: z.enum(['same_key', 'later', 'never']),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457.' });
