// The settings of purchase tickets. All nodes of a cluster need the same.

import * as z from 'zod';
import { DEFAULT_TICKET_SETTINGS, type TicketSettings } from './http/index.ts';

function seconds(min: number, max: number, ms: number) {
  const wanted = `must be a whole number from ${min} to ${max}`;
  const ofText = (value: unknown) =>
    typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return z
    .preprocess(ofText, z.number(wanted).int(wanted).min(min, wanted).max(max, wanted))
    .default(ms / 1_000);
}

export const TICKET_SETTINGS = {
  TICKET_LEAD_SECONDS: seconds(1, 3_600, DEFAULT_TICKET_SETTINGS.leadMs).describe(
    'from so long before the start of a sale purchase tickets can be had',
  ),
  TICKET_LIFE_SECONDS: seconds(10, 3_600, DEFAULT_TICKET_SETTINGS.lifeMs).describe(
    'a purchase ticket is good for so long, counted from the start of the sale at the earliest',
  ),
  TICKET_WAIT_SECONDS: seconds(1, 600, DEFAULT_TICKET_SETTINGS.waitMs).describe(
    'whoever waits for a ticket instead of working for it waits for so long',
  ),
};

type Values = z.output<z.ZodObject<typeof TICKET_SETTINGS>>;

export const toTicketSettings = (values: Values): TicketSettings => ({
  leadMs: values.TICKET_LEAD_SECONDS * 1_000,
  lifeMs: values.TICKET_LIFE_SECONDS * 1_000,
  waitMs: values.TICKET_WAIT_SECONDS * 1_000,
});
