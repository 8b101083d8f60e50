// Calls of the shop and of operators, with the admin token.

import * as z from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import * as schemas from '../schemas.ts';
import { StockBatch, StockBatchResults } from '../stock-schemas.ts';
import { admin, busy, json, keyHeader, ok, problems, productPath } from './parts.ts';

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
    '200': ok('Changed, or as it was.', schemas.AdminProduct),
    '201': ok('Created.', schemas.AdminProduct),
    ...problems(
      'invalid_request',
      'unauthenticated',
      'forbidden',
      'payload_too_large',
      'price_locked',
      'sale_ended',
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
      'sale_ended',
      'payload_too_large',
      'idempotency_key_reused',
      ...busy,
    ),
  },
};

const changeStocks: ZodOpenApiOperationObject = {
  operationId: 'changeStocks',
  tags: ['Admin'],
  summary: 'Load or withdraw stock of many products',
  description:
    'Each line by itself, idempotent by its requestId and answered when it is durable: 200 says that every line has its result.',
  security: admin,
  requestBody: { required: true, ...json(StockBatch) },
  responses: {
    '200': ok('What became of each line.', StockBatchResults),
    ...problems('invalid_request', 'unauthenticated', 'forbidden', 'payload_too_large'),
  },
};

const switchSale = (kind: 'pause' | 'resume'): ZodOpenApiOperationObject => ({
  operationId: `${kind}Sale`,
  tags: ['Admin'],
  summary: kind === 'pause' ? 'Pause the sale' : 'Resume the sale',
  security: admin,
  requestParams: productPath,
  responses: {
    '200': ok('As it is now.', schemas.AdminProduct),
    ...problems('invalid_request', 'unauthenticated', 'forbidden', 'not_found', 'sale_ended', ...busy),
  },
});

export const adminPaths: ZodOpenApiPathsObject = {
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
  '/v1/admin/stock': { post: changeStocks },
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
        '200': {
          description:
            'Each invariant with its figures. `silentWorkers` were not asked; `unseen` archives were not read.',
        },
        ...problems('unauthenticated', 'forbidden', 'unavailable'),
      },
    },
  },
  '/v1/admin/profiles': {
    post: {
      operationId: 'takeProfile',
      tags: ['Admin'],
      summary: 'A CPU or heap profile of a worker thread',
      description: 'Answers when the seconds are over. A node takes one at a time.',
      security: admin,
      requestBody: { required: true, ...json(schemas.TakeProfile) },
      responses: {
        '200': ok('To be saved as it is, as .cpuprofile or .heapprofile.', schemas.Profile),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'forbidden',
          'not_found',
          'payload_too_large',
          'profile_running',
          'unavailable',
        ),
      },
    },
  },
};
