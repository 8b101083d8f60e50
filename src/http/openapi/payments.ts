// The call of the payment provider.

import * as z from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { WEBHOOK_PATH, WebhookSchema } from '../../payments/index.ts';
import { json, problems } from './parts.ts';

export const paymentPaths: ZodOpenApiPathsObject = {
  [WEBHOOK_PATH]: {
    post: {
      operationId: 'paymentWebhook',
      tags: ['Node'],
      summary: 'News of a payment',
      description:
        'From the payment provider, signed as Standard Webhooks has it. It is answered with 204 when what follows is durable; ' +
        'after a 503 it is sent again. It may come twice, late, or before the answer that it tells of.',
      requestParams: {
        header: z.object({
          'webhook-id': z.string().meta({ description: 'The same for the same news.' }),
          'webhook-timestamp': z.string().meta({ description: 'Epoch seconds; five minutes off at most.' }),
          'webhook-signature': z
            .string()
            .meta({ description: '`v1,` and the HMAC-SHA256 in base64; several with spaces between.' }),
        }),
      },
      requestBody: { required: true, ...json(WebhookSchema) },
      responses: {
        '204': { description: 'What follows is durable.' },
        ...problems(
          'invalid_request',
          'unauthenticated',
          'not_found',
          'payload_too_large',
          'overloaded',
          'outcome_unknown',
          'unavailable',
        ),
      },
    },
  },
};
