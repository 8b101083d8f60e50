// Calls about who may enter a campaign, with the admin token.

import * as z from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import {
  CampaignSlug,
  CustomerListView,
  CustomersLoaded,
  CustomersRemoved,
  InvitationLinks,
  LoadCustomers,
  MakeInvitations,
} from '../customer-schemas.ts';
import { admin, json, ok, problems } from './parts.ts';

const path = z.object({ slug: CampaignSlug });

export const customerPaths: ZodOpenApiPathsObject = {
  '/v1/admin/campaigns/{slug}/customers': {
    put: {
      operationId: 'loadCustomers',
      tags: ['Admin'],
      summary: 'Put the list of customers who may enter a campaign in force',
      description:
        'A CSV file, read as it arrives: one customer id in each line, or several columns of which the first line names one ' +
        '`customerId`. It takes the place of the list in force as a whole, or nothing changes. Repeating it after a lost answer ' +
        'does no harm. Counts on every node within 2 seconds; orders that exist stay.',
      security: admin,
      requestParams: { path, query: LoadCustomers },
      requestBody: {
        required: true,
        content: { 'text/csv': { schema: z.string(), example: 'customerId\nada\ngrace\n' } },
      },
      responses: {
        '200': ok('In force.', CustomersLoaded),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'forbidden',
          'not_found',
          'list_changed',
          'payload_too_large',
          'bad_lines',
          'overloaded',
          'outcome_unknown',
          'unavailable',
        ),
      },
    },
    get: {
      operationId: 'showCustomers',
      tags: ['Admin'],
      summary: 'How many customers may enter, since when, and by whom',
      security: admin,
      requestParams: { path },
      responses: {
        '200': ok('The list in force.', CustomerListView),
        ...problems('invalid_request', 'unauthenticated', 'forbidden', 'not_found', 'unavailable'),
      },
    },
    delete: {
      operationId: 'clearCustomers',
      tags: ['Admin'],
      summary: 'Remove the list',
      description: 'Nobody enters a campaign for a list that has none.',
      security: admin,
      requestParams: { path },
      responses: {
        '200': ok('There is no list now.', CustomersRemoved),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'forbidden',
          'not_found',
          'outcome_unknown',
          'unavailable',
        ),
      },
    },
  },
  '/v1/admin/campaigns/{slug}/invitations': {
    post: {
      operationId: 'makeInvitations',
      tags: ['Admin'],
      summary: 'Make invitations to a campaign',
      description:
        'Each lets one customer in, signed in as that customer, until it expires. Nothing is kept of it: repeating it makes others ' +
        'that hold as well, and none can be taken back.',
      security: admin,
      requestParams: { path },
      requestBody: { required: true, ...json(MakeInvitations) },
      responses: {
        '200': ok('One for each customer.', InvitationLinks),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'forbidden',
          'not_found',
          'payload_too_large',
          'unavailable',
        ),
      },
    },
  },
};
