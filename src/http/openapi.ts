// The API as an OpenAPI 3.1 document, from the same schemas that validate requests.

import * as z from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import { problemBody, PROBLEMS, type ProblemCode } from './problem.ts';
import { PRODUCTS_PER_STREAM_MAX } from './product-routes.ts';
import * as schemas from './schemas.ts';

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });

/** Responses by status, with the codes that each may carry. */
function problems(...codes: ProblemCode[]): ZodOpenApiOperationObject['responses'] {
  const byStatus = new Map<string, ProblemCode[]>();
  for (const code of codes) {
    const status = String(PROBLEMS[code].status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      status,
      {
        description: ofStatus.map((code) => `\`${code}\`: ${PROBLEMS[code].detail}`).join('\n\n'),
        content: {
          'application/problem+json': {
            schema: schemas.ProblemDetails,
            examples: Object.fromEntries(
              ofStatus.map((code) => [code, { value: JSON.parse(problemBody(code)) as unknown }]),
            ),
          },
        },
      },
    ]),
  );
}

const ok = (description: string, schema: z.ZodType) => ({ description, ...json(schema) });
const keyHeader = z.object({ 'Idempotency-Key': schemas.IdempotencyKey });
const orderPath = { path: z.object({ id: schemas.Order.shape.id }) };
const productPath = { path: z.object({ id: schemas.ProductId }) };
const shopper = [{ shopper: [] }];
const admin = [{ admin: [] }];
const busy = ['overloaded', 'outcome_unknown'] as const;

const eventStream = (description: string) => ({
  description,
  content: { 'text/event-stream': { schema: z.string() } },
});

const placeOrder: ZodOpenApiOperationObject = {
  operationId: 'placeOrder',
  tags: ['Orders'],
  summary: 'Buy',
  description:
    'Reserves units for the caller, durably: a 201 survives the death of the process. Repeat a request whose answer was ' +
    'lost with the same key: the same order comes back, with `Idempotency-Replayed: true`.',
  security: shopper,
  requestParams: { header: keyHeader },
  requestBody: { required: true, ...json(schemas.PlaceOrder) },
  responses: {
    '201': ok('Reserved; paid at once when the product’s hold time is 0.', schemas.Order),
    ...problems(
      'invalid_request',
      'idempotency_key_missing',
      'unauthenticated',
      'not_found',
      'sold_out',
      'insufficient_stock',
      'limit_reached',
      'sale_not_started',
      'sale_ended',
      'sale_paused',
      'payload_too_large',
      'idempotency_key_reused',
      ...busy,
      'shutting_down',
    ),
  },
};

const listOrders: ZodOpenApiOperationObject = {
  operationId: 'listOrders',
  tags: ['Orders'],
  summary: 'My orders, or the order of one key',
  description:
    'Without parameters: the caller’s newest orders from the projection, complete up to `asOf`. With both parameters, for ' +
    'the client that lost its answer: the order that this key made, asked of the product’s actor itself.',
  security: shopper,
  requestParams: {
    query: z.object({
      productId: schemas.ProductId.optional(),
      idempotencyKey: schemas.IdempotencyKey.optional(),
      before: z.string().optional().meta({ description: '`next` of the page before.' }),
    }),
  },
  responses: {
    '200': ok('The list; with both parameters, the one order.', z.union([schemas.OrderList, schemas.Order])),
    ...problems('invalid_request', 'unauthenticated', 'not_found', 'unavailable', ...busy),
  },
};

const putProduct: ZodOpenApiOperationObject = {
  operationId: 'putProduct',
  tags: ['Admin'],
  summary: 'Create or change a product',
  description:
    'With `If-Match` it changes only the revision that the caller saw; with `If-None-Match: *` it only creates. Price and ' +
    'currency change only before the start or while the sale is paused.',
  security: admin,
  requestParams: {
    ...productPath,
    header: z.object({ 'If-Match': z.string().optional(), 'If-None-Match': z.string().optional() }),
  },
  requestBody: { required: true, ...json(schemas.PutProduct) },
  responses: {
    '200': ok('Changed, or as it was.', schemas.Product),
    '201': ok('Created.', schemas.Product),
    ...problems(
      'invalid_request',
      'unauthenticated',
      'forbidden',
      'payload_too_large',
      'price_locked',
      'version_conflict',
      ...busy,
    ),
  },
};

const changeStock: ZodOpenApiOperationObject = {
  operationId: 'changeStock',
  tags: ['Admin'],
  summary: 'Load or withdraw stock',
  description: 'Idempotent by its key; answered when it is durable.',
  security: admin,
  requestParams: { ...productPath, header: keyHeader },
  requestBody: { required: true, ...json(schemas.ChangeStock) },
  responses: {
    '200': ok('The stock now; `duplicate` when this key was counted before.', schemas.Stock),
    ...problems(
      'invalid_request',
      'idempotency_key_missing',
      'unauthenticated',
      'forbidden',
      'not_found',
      'insufficient_stock',
      'payload_too_large',
      'idempotency_key_reused',
      ...busy,
    ),
  },
};

const switchSale = (kind: 'pause' | 'resume'): ZodOpenApiOperationObject => ({
  operationId: `${kind}Sale`,
  tags: ['Admin'],
  summary: kind === 'pause' ? 'Pause the sale' : 'Resume the sale',
  security: admin,
  requestParams: productPath,
  responses: {
    '200': ok('As it is now.', schemas.Product),
    ...problems('invalid_request', 'unauthenticated', 'forbidden', 'not_found', ...busy),
  },
});

let document: ReturnType<typeof createDocument> | undefined;

export function openApiDocument(): ReturnType<typeof createDocument> {
  document ??= createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Doorbuster',
      version: '1',
      description:
        'Flash sales: every unit is sold exactly once. Errors are RFC 9457 problem details with a stable `code`, and ' +
        '`retry` says whether trying again can help.',
    },
    tags: [
      { name: 'Orders', description: 'For shoppers.' },
      { name: 'Products', description: 'For everybody.' },
      { name: 'Admin', description: 'For the shop.' },
      { name: 'Node', description: 'For operators.' },
    ],
    components: {
      securitySchemes: {
        shopper: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'HS256; `sub` is the customer.',
        },
        admin: { type: 'http', scheme: 'bearer', description: 'The admin token.' },
      },
    },
    paths: {
      '/v1/orders': { post: placeOrder, get: listOrders },
      '/v1/orders/{id}': {
        get: {
          operationId: 'getOrder',
          tags: ['Orders'],
          summary: 'One of my orders',
          description: 'Found from the moment in which it was acknowledged.',
          security: shopper,
          requestParams: orderPath,
          responses: {
            '200': ok('The order as it is now.', schemas.Order),
            ...problems('unauthenticated', 'not_found', ...busy),
          },
        },
        delete: {
          operationId: 'cancelOrder',
          tags: ['Orders'],
          summary: 'Cancel',
          description: 'Gives the units back. Repeating it gives the same answer.',
          security: shopper,
          requestParams: orderPath,
          responses: {
            '200': ok('Cancelled.', schemas.Order),
            ...problems('unauthenticated', 'not_found', 'order_state_conflict', ...busy, 'shutting_down'),
          },
        },
      },
      '/v1/orders/{id}/payment': {
        post: {
          operationId: 'payOrder',
          tags: ['Orders'],
          summary: 'Pay',
          description:
            'Repeating it gives the same answer. A payment after the hold’s end is honoured while units are left.',
          security: shopper,
          requestParams: orderPath,
          requestBody: { required: true, ...json(schemas.PayOrder) },
          responses: {
            '200': ok('Paid.', schemas.Order),
            '202': ok('Pending, or in review.', schemas.Order),
            ...problems(
              'invalid_request',
              'unauthenticated',
              'payment_declined',
              'not_found',
              'order_state_conflict',
              'payload_too_large',
              ...busy,
              'shutting_down',
            ),
          },
        },
      },
      '/v1/products/{id}': {
        get: {
          operationId: 'getProduct',
          tags: ['Products'],
          summary: 'A product and the state of its sale',
          requestParams: productPath,
          responses: {
            '200': ok('From its actor.', schemas.Product),
            ...problems('invalid_request', 'not_found', ...busy),
          },
        },
      },
      '/v1/products/{id}/events': {
        get: {
          operationId: 'watchProduct',
          tags: ['Products'],
          summary: 'The same as it changes',
          requestParams: productPath,
          responses: {
            '200': eventStream('`product` events whose data is a Product, at most four a second.'),
            ...problems('invalid_request', 'not_found', ...busy),
          },
        },
      },
      '/v1/events': {
        get: {
          operationId: 'watchProducts',
          tags: ['Products'],
          summary: 'Several products in one stream',
          requestParams: {
            query: z.object({ product: z.array(schemas.ProductId).min(1).max(PRODUCTS_PER_STREAM_MAX) }),
          },
          responses: {
            '200': eventStream('As above.'),
            ...problems('invalid_request', 'not_found', ...busy),
          },
        },
      },
      '/v1/time': {
        get: {
          operationId: 'getTime',
          tags: ['Products'],
          summary: 'The server’s time, for countdowns',
          responses: { '200': ok('Now.', schemas.Time) },
        },
      },
      '/v1/admin/products/{id}': { put: putProduct },
      '/v1/admin/products/{id}/pause': { post: switchSale('pause') },
      '/v1/admin/products/{id}/resume': { post: switchSale('resume') },
      '/v1/admin/products/{id}/stock': {
        post: changeStock,
        get: {
          operationId: 'getStock',
          tags: ['Admin'],
          summary: 'The stock, from the actor itself',
          security: admin,
          requestParams: productPath,
          responses: {
            '200': ok('Counted now.', schemas.Stock),
            ...problems('invalid_request', 'unauthenticated', 'forbidden', 'not_found', ...busy),
          },
        },
      },
      '/v1/admin/shards': {
        get: {
          operationId: 'getShards',
          tags: ['Admin'],
          summary: 'Who owns what',
          security: admin,
          responses: {
            '200': ok('Every shard of this node.', schemas.ShardList),
            ...problems('unauthenticated', 'forbidden'),
          },
        },
      },
      '/v1/admin/audit': {
        get: {
          operationId: 'audit',
          tags: ['Admin'],
          summary: 'The journal held against Postgres',
          description: 'Reads the whole journal and all rows, and checks every invariant.',
          security: admin,
          responses: {
            '200': { description: 'Each invariant with its figures. `silentWorkers` were not asked.' },
            ...problems('unauthenticated', 'forbidden', 'unavailable'),
          },
        },
      },
      '/v1/dev/tokens': {
        post: {
          operationId: 'makeToken',
          tags: ['Node'],
          summary: 'A shopper’s token (demo mode only)',
          requestBody: { required: true, ...json(schemas.MakeToken) },
          responses: {
            '200': ok('Good for a day.', schemas.Token),
            ...problems('invalid_request', 'not_found', 'payload_too_large'),
          },
        },
      },
      '/livez': {
        get: {
          operationId: 'livez',
          tags: ['Node'],
          summary: 'Alive',
          responses: { '200': { description: 'ok' } },
        },
      },
      '/readyz': {
        get: {
          operationId: 'readyz',
          tags: ['Node'],
          summary: 'Ready for requests',
          responses: { '200': { description: 'ready' }, '503': { description: 'starting or stopping' } },
        },
      },
      '/metrics': {
        get: {
          operationId: 'metrics',
          tags: ['Node'],
          summary: 'Prometheus metrics of all threads',
          responses: { '200': { description: 'Text.' } },
        },
      },
    },
  });
  return document;
}
