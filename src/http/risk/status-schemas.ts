// The shapes of calls about customers' statuses.

import * as z from 'zod';
import { isPlainText } from '../../actors/index.ts';
import { STATUS_CHANGES_MAX } from '../../persistence/index.ts';
import { CUSTOMER_STATUSES } from '../../risk/index.ts';
import { CustomerId, Instant } from '../schemas.ts';

const SOURCE_CHARACTERS_MAX = 100;

const Status = z.enum(CUSTOMER_STATUSES).meta({
  id: 'CustomerStatus',
  description:
    'What the rules on payments make of it they say themselves; by default `blocked` is denied, and `restricted` is reviewed.',
});

const given = {
  status: Status,
  accountCreatedAt: Instant.optional().meta({ description: 'Left out: as it is known.' }),
  asOf: Instant.optional().meta({
    description:
      'Since when it is so, by the clock of whoever says it. What is not newer than what is known changes nothing. Left out: now.',
  }),
  source: z
    .string()
    .min(1)
    .max(SOURCE_CHARACTERS_MAX)
    .refine((source) => isPlainText(source), 'must be well-formed text without control characters')
    .optional()
    .meta({ description: 'Who says it, for people.', example: 'fraud desk' }),
};

export const PutStatus = z.strictObject(given).meta({ id: 'PutStatus' });
export type GivenStatus = z.output<typeof PutStatus>;

export const ChangedStatus = z
  .strictObject({ customerId: CustomerId, ...given })
  .meta({ id: 'ChangedStatus' });

export const PutStatuses = z
  .strictObject({ statuses: z.array(ChangedStatus).min(1).max(STATUS_CHANGES_MAX) })
  .meta({ id: 'PutStatuses' });
export type GivenStatuses = z.output<typeof PutStatuses>;

export const ShownStatus = z
  .object({
    customerId: CustomerId,
    status: Status,
    source: z.string().meta({ description: 'Empty where nobody said anything of the customer.' }),
    accountCreatedAt: Instant.nullable(),
    asOf: Instant.nullable(),
    changedAt: Instant.nullable().meta({ description: 'When it came to be known here.' }),
  })
  .meta({ id: 'ShownStatus' });
export type CustomerStatusView = z.input<typeof ShownStatus>;

export const StatusSaved = ShownStatus.extend({
  changed: z.boolean().meta({ description: '`false`: it was not newer than what is known, which is told.' }),
}).meta({ id: 'StatusSaved' });

export const StatusesSavedView = z
  .object({
    taken: z.int(),
    outdated: z.int().meta({ description: 'Not newer than what is known, or than another one of the call.' }),
  })
  .meta({ id: 'StatusesSaved' });
