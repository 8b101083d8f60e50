// Calls of everybody, about products.

import * as z from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { PRODUCTS_PER_STREAM_MAX } from '../product-routes.ts';
import * as schemas from '../schemas.ts';
import { busy, eventStream, ok, problems, productPath } from './parts.ts';

export const productPaths: ZodOpenApiPathsObject = {
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
};
