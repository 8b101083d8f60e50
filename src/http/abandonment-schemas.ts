// The shapes of figures about holds that nobody paid.

import * as z from 'zod';
import { ABANDONMENT_LIMITS } from '../persistence/index.ts';

const { hoursMax, linesMax } = ABANDONMENT_LIMITS;

const digits = (most: number, fallback: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,3}$/, `must be a whole number from 1 to ${most}`)
    .transform(Number)
    .pipe(z.number().max(most, `must be a whole number from 1 to ${most}`))
    .default(fallback);

export const AskAbandonment = z.strictObject({
  hours: digits(hoursMax, 24).meta({ description: `Of the window that ends now, 1 to ${hoursMax}.` }),
  limit: digits(linesMax, 50).meta({ description: `Customers, and networks, 1 to ${linesMax}.` }),
});

const counts = {
  orders: z.int().meta({ description: 'With a hold.' }),
  expired: z.int().meta({ description: 'Whose hold ran out, and nobody had paid.' }),
  cancelled: z.int(),
  paid: z.int().meta({ description: 'Also those that were given back.' }),
  open: z.int().meta({ description: 'Held at this moment.' }),
};

export const AbandonmentView = z
  .object({
    hours: z.int(),
    isWhole: z.boolean().meta({
      description: `False when there were more than ${ABANDONMENT_LIMITS.ordersMax} orders: the oldest are left out.`,
    }),
    all: z.object(counts),
    customers: z
      .array(z.object({ customerId: z.string(), ...counts }))
      .max(linesMax)
      .meta({ description: 'Those with most holds that ran out, first.' }),
    networks: z
      .array(
        z.object({
          network: z.string().meta({ example: '203.0.113.0/24' }),
          customers: z.int(),
          ...counts,
        }),
      )
      .max(linesMax),
  })
  .meta({ id: 'Abandonment' });
