// The call about holds that nobody paid, with the admin token.

import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { AbandonmentView, AskAbandonment } from '../abandonment-schemas.ts';
import { admin, ok, problems } from './parts.ts';

export const abandonmentPaths: ZodOpenApiPathsObject = {
  '/v1/admin/abandonment': {
    get: {
      operationId: 'showAbandonment',
      tags: ['Admin'],
      summary: 'Holds that nobody paid, by customer and by network',
      description:
        'Of orders whose origin was noted, which is done as well as can be: an order that came while Postgres was away for long may be ' +
        'missing. As far as the projection has come.',
      security: admin,
      requestParams: { query: AskAbandonment },
      responses: {
        '200': ok('Figures of the window.', AbandonmentView),
        ...problems('invalid_request', 'unauthenticated', 'forbidden', 'unavailable'),
      },
    },
  },
};
