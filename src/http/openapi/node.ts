// Calls about the node itself, without a token.

import type { ZodOpenApiPathsObject } from 'zod-openapi';
import * as schemas from '../schemas.ts';
import { json, ok, problems } from './parts.ts';

export const nodePaths: ZodOpenApiPathsObject = {
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
};
