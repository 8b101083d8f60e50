// The shapes of calls about who may enter a campaign: lists of customers, and invitations.

import * as z from 'zod';
import { CATALOGUE_LIMITS, LIST_LIMITS } from '../persistence/index.ts';
import { CustomerId } from './schemas.ts';

export const CampaignSlug = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case letters, digits and dashes')
  .max(CATALOGUE_LIMITS.slugCharactersMax)
  .meta({ id: 'CampaignSlug', description: 'Its address, `/c/{slug}`.', example: 'may-days' });

const EntryKind = z.enum(['everyone', 'list', 'claim', 'invitation']).meta({
  id: 'EntryKind',
  description:
    'Who may enter the campaign now. Its list counts with `list`, and invitations to it with `invitation`; both can be made ready before.',
});

export const CustomerListView = z
  .object({
    customers: z.int().meta({ description: 'Each counted once.' }),
    madeAt: z.iso.datetime(),
    madeBy: z.string(),
    entry: EntryKind,
  })
  .meta({ id: 'CustomerList', description: 'The list in force.' });

const BadLines = z
  .object({
    count: z.int(),
    lines: z
      .array(z.object({ line: z.int(), problem: z.string(), text: z.string() }))
      .meta({ description: `The first ${LIST_LIMITS.badLinesToldMax}.` }),
  })
  .meta({ id: 'BadLines', description: 'Lines of the file that name no customer.' });

export const CustomersLoaded = CustomerListView.extend({
  repeated: z.int().meta({ description: 'Lines with a customer who was on the list already.' }),
  badLines: BadLines,
}).meta({ id: 'CustomersLoaded' });

export const LoadCustomers = z.object({
  skipBad: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: '`true` leaves bad lines out; otherwise a file with one is refused as a whole.' }),
});

export const CustomersRemoved = z
  .object({ removed: z.boolean().meta({ description: '`false`: there was no list.' }) })
  .meta({ id: 'CustomersRemoved' });

export const INVITATIONS_PER_CALL_MAX = 10_000;

export const MakeInvitations = z
  .strictObject({
    customerIds: z.array(CustomerId).min(1).max(INVITATIONS_PER_CALL_MAX),
    expiresAt: z.iso
      .datetime({ offset: true, error: 'must be an ISO 8601 time with its offset, as 2030-01-31T18:00:00Z' })
      .optional()
      .meta({ description: 'By itself the end of the campaign.' }),
  })
  .meta({ id: 'MakeInvitations' });

export const InvitationLinks = z
  .object({
    expiresAt: z.iso.datetime(),
    entry: EntryKind,
    origin: z.string().nullable().meta({
      description:
        '`PUBLIC_URL`: what stands before the paths in links for shoppers. `null` where it is not set.',
    }),
    invitations: z.array(
      z.object({
        customerId: CustomerId,
        invitation: z.string().meta({ description: 'For the header `Doorbuster-Invitation`.' }),
        path: z.string().meta({ description: 'To open at this server.' }),
      }),
    ),
  })
  .meta({ id: 'InvitationLinks' });
