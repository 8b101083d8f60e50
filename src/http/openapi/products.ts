// Calls of everybody, about products that they may see.

import * as z from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { PRODUCTS_PER_STREAM_MAX } from '../product-routes.ts';
import * as schemas from '../schemas.ts';
import { anybody, busy, eventStream, invitation, ok, problems, productPath } from './parts.ts';

const HIDDEN = 'A product of a campaign that the caller may not enter is `not_found`, as one that never was.';

export const productPaths: ZodOpenApiPathsObject = {
  '/v1/products/{id}': {
    get: {
      operationId: 'getProduct',
      tags: ['Products'],
      summary: 'A product and the state of its sale',
      description: HIDDEN,
      security: anybody,
      requestParams: { ...productPath, header: z.object(invitation) },
      responses: {
        '200': ok('From its actor.', schemas.Product),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'rate_limited',
          'not_found',
          'unavailable',
          ...busy,
        ),
      },
    },
  },
  '/v1/products/{id}/events': {
    get: {
      operationId: 'watchProduct',
      tags: ['Products'],
      summary: 'The same as it changes',
      description: HIDDEN,
      security: anybody,
      requestParams: { ...productPath, header: z.object(invitation) },
      responses: {
        '200': eventStream('`product` events whose data is a Product, at most four a second.'),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'rate_limited',
          'not_found',
          'unavailable',
          ...busy,
        ),
      },
    },
  },
  '/v1/events': {
    get: {
      operationId: 'watchProducts',
      tags: ['Products'],
      summary: 'Several products in one stream',
      description: HIDDEN,
      security: anybody,
      requestParams: {
        header: z.object(invitation),
        query: z.object({ product: z.array(schemas.ProductId).min(1).max(PRODUCTS_PER_STREAM_MAX) }),
      },
      responses: {
        '200': eventStream('As above.'),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'rate_limited',
          'not_found',
          'unavailable',
          ...busy,
        ),
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
};
