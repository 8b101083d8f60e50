// Calls about risk control, with the admin token.

import * as z from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import {
  DecideReview,
  DecisionList,
  ListDecisions,
  ListReviews,
  OrderId,
  ReviewDecidedView,
  ReviewList,
  RulesTried,
  RulesView,
  TryRules,
} from '../risk/risk-schemas.ts';
import {
  ChangedStatus,
  PutStatus,
  PutStatuses,
  ShownStatus,
  StatusesSavedView,
  StatusSaved,
} from '../risk/status-schemas.ts';
import { CustomerId } from '../schemas.ts';
import { admin, json, ok, problems } from './parts.ts';

const customerPath = { path: z.object({ id: CustomerId }) };

export const riskPaths: ZodOpenApiPathsObject = {
  '/v1/admin/customers/{id}/status': {
    get: {
      operationId: 'showCustomerStatus',
      tags: ['Admin'],
      summary: 'What other systems say of a customer',
      description: 'Whoever was never heard of is `active`.',
      security: admin,
      requestParams: customerPath,
      responses: {
        '200': ok('As it is known.', ShownStatus),
        ...problems('invalid_request', 'unauthenticated', 'forbidden', 'unavailable'),
      },
    },
    put: {
      operationId: 'putCustomerStatus',
      tags: ['Admin'],
      summary: 'Say what a customer is',
      description:
        'Counts for payments from its answer on, and for the work of tickets on all nodes within two seconds. What is not newer than ' +
        'what is known changes nothing, so repeating it does no harm.',
      security: admin,
      requestParams: customerPath,
      requestBody: { required: true, ...json(PutStatus) },
      responses: {
        '200': ok('As it is known now.', StatusSaved),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'forbidden',
          'payload_too_large',
          'outcome_unknown',
          'unavailable',
        ),
      },
    },
  },
  '/v1/admin/customers/statuses': {
    put: {
      operationId: 'putCustomerStatuses',
      tags: ['Admin'],
      summary: 'Say what many customers are',
      description:
        'Up to 1,000 as one JSON object, or a file of lines of JSON up to 16 MiB. Anything wrong in it changes nothing; repeating it ' +
        'does no harm.',
      security: admin,
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: PutStatuses },
          'application/x-ndjson': { schema: ChangedStatus },
        },
      },
      responses: {
        '200': ok('How many were newer than what is known.', StatusesSavedView),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'forbidden',
          'payload_too_large',
          'bad_lines',
          'outcome_unknown',
          'unavailable',
        ),
      },
    },
  },
  '/v1/admin/reviews': {
    get: {
      operationId: 'listReviews',
      tags: ['Admin'],
      summary: 'Orders that wait for a person',
      security: admin,
      requestParams: { query: ListReviews },
      responses: {
        '200': ok('The oldest first.', ReviewList),
        ...problems('invalid_request', 'unauthenticated', 'forbidden', 'unavailable'),
      },
    },
  },
  '/v1/admin/reviews/{orderId}': {
    post: {
      operationId: 'decideReview',
      tags: ['Admin'],
      summary: 'Approve or deny an order in review',
      description:
        'Approving takes the money; denying cancels the order, and its units go back. The decision is kept before it is carried out: ' +
        'after a lost answer, or `unavailable`, repeat it.',
      security: admin,
      requestParams: { path: z.object({ orderId: OrderId }) },
      requestBody: { required: true, ...json(DecideReview) },
      responses: {
        '200': ok('Carried out.', ReviewDecidedView),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'forbidden',
          'not_found',
          'order_state_conflict',
          'payload_too_large',
          'overloaded',
          'outcome_unknown',
          'unavailable',
        ),
      },
    },
  },
  '/v1/admin/risk/decisions': {
    get: {
      operationId: 'listRiskDecisions',
      tags: ['Admin'],
      summary: 'Decisions on payments, with their reasons and facts',
      security: admin,
      requestParams: { query: ListDecisions },
      responses: {
        '200': ok('The newest first.', DecisionList),
        ...problems('invalid_request', 'unauthenticated', 'forbidden', 'unavailable'),
      },
    },
  },
  '/v1/admin/risk/rules': {
    get: {
      operationId: 'showRiskRules',
      tags: ['Admin'],
      summary: 'The rules in force on this node',
      security: admin,
      responses: {
        '200': ok('As they were written.', RulesView),
        ...problems('unauthenticated', 'forbidden', 'unavailable'),
      },
    },
  },
  '/v1/admin/risk/try': {
    post: {
      operationId: 'tryRiskRules',
      tags: ['Admin'],
      summary: 'What other rules would have said of the latest payments',
      description: 'Nothing is changed by it. Mistakes in the file are told with their lines.',
      security: admin,
      requestBody: { required: true, ...json(TryRules) },
      responses: {
        '200': ok('Beside what the rules in force say of them.', RulesTried),
        ...problems('invalid_request', 'unauthenticated', 'forbidden', 'payload_too_large', 'unavailable'),
      },
    },
  },
};
