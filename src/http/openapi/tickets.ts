// The call for purchase tickets.

import * as z from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { AskTicket, ChallengeRequired, Ticket } from '../gate/tickets/index.ts';
import { ProblemDetails } from '../schemas.ts';
import { busy, invitation, json, ok, problems, shopper } from './parts.ts';

const workOrForbidden = problems('forbidden', 'challenge_required')['403']!;

export const ticketPaths: ZodOpenApiPathsObject = {
  '/v1/tickets': {
    post: {
      operationId: 'getTicket',
      tags: ['Orders'],
      summary: 'Get a purchase ticket',
      description:
        'For one product, from shortly before its sale starts until it ends. It goes into the header `Doorbuster-Ticket` of a ' +
        'purchase and works once. Where the sale asks for a proof of work, the first answer is `challenge_required`: solve its ' +
        'challenge (ALTCHA), or wait until its pass is good, and ask again with the one or the other.',
      security: shopper,
      requestParams: { header: z.object(invitation) },
      requestBody: { required: true, ...json(AskTicket) },
      responses: {
        '201': ok('A ticket.', Ticket),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'rate_limited',
          'not_found',
          'sale_not_started',
          'sale_ended',
          'payload_too_large',
          'unavailable',
          ...busy,
        ),
        '403': {
          ...workOrForbidden,
          content: { 'application/problem+json': { schema: z.union([ChallengeRequired, ProblemDetails]) } },
        },
      },
    },
  },
};
