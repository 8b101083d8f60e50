// Calls of shoppers, about their orders.

import * as z from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import * as schemas from '../schemas.ts';
import { busy, invitation, json, keyHeader, ok, orderPath, problems, shopper, ticket } from './parts.ts';

const placeOrder: ZodOpenApiOperationObject = {
  operationId: 'placeOrder',
  tags: ['Orders'],
  summary: 'Buy',
  description:
    'Reserves units for the caller, durably: a 201 survives the death of the process. Repeat a request whose answer was ' +
    'lost with the same key: the same order comes back, with `Idempotency-Replayed: true`. A product of a campaign that the ' +
    'caller may not enter is `not_found`, as one that never was.',
  security: shopper,
  requestParams: { header: keyHeader.extend(invitation).extend(ticket) },
  requestBody: { required: true, ...json(schemas.PlaceOrder) },
  responses: {
    '201': ok('Reserved; paid at once when the product’s hold time is 0.', schemas.Order),
    ...problems(
      'invalid_request',
      'idempotency_key_missing',
      'unauthenticated',
      'rate_limited',
      'forbidden',
      'not_found',
      'sold_out',
      'insufficient_stock',
      'limit_reached',
      'sale_not_started',
      'sale_ended',
      'sale_paused',
      'ticket_required',
      'ticket_invalid',
      'too_many_holds',
      'payload_too_large',
      'idempotency_key_reused',
      'unavailable',
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
    ...problems('invalid_request', 'unauthenticated', 'rate_limited', 'not_found', 'unavailable', ...busy),
  },
};

export const orderPaths: ZodOpenApiPathsObject = {
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
        ...problems('unauthenticated', 'rate_limited', 'not_found', 'unavailable', ...busy),
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
        ...problems(
          'unauthenticated',
          'rate_limited',
          'forbidden',
          'not_found',
          'order_state_conflict',
          'unavailable',
          ...busy,
          'shutting_down',
        ),
      },
    },
  },
  '/v1/orders/{id}/payment': {
    post: {
      operationId: 'payOrder',
      tags: ['Orders'],
      summary: 'Pay',
      description:
        'Repeating it gives the same answer, and the money is taken once. 402 comes with the order: `reserved` when the bank said no and ' +
        'another token may be tried, `cancelled` when the shop does not sell to this customer. A payment after the hold’s end is ' +
        'honoured while units are left; money that cannot be honoured goes back. 503 `unavailable`: nothing was asked; try again.',
      security: shopper,
      requestParams: orderPath,
      requestBody: { required: true, ...json(schemas.PayOrder) },
      responses: {
        '200': ok('Paid.', schemas.Order),
        '202': ok('Pending, or in review.', schemas.Order),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'rate_limited',
          'forbidden',
          'payment_declined',
          'not_found',
          'order_state_conflict',
          'payload_too_large',
          'unavailable',
          ...busy,
          'shutting_down',
        ),
      },
    },
  },
};
