// A product as the shop tells of it: what it is, and how its sale stands.

import { isRecord } from './shape.ts';

export interface Money {
  /** Minor units, as cents. */
  readonly amount: number;
  /** ISO 4217, as EUR. */
  readonly currency: string;
}

/** `cancelled`: the campaign was, and it will not be sold any more. */
export type SaleState = 'upcoming' | 'on_sale' | 'sold_out' | 'paused' | 'ended' | 'cancelled';

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly price: Money;
  readonly perCustomerLimit: number;
  /** How long an unpaid order keeps its units; 0 sells at once. */
  readonly holdSeconds: number;
  /** Instants are ISO 8601, as 2030-01-31T18:00:00.000Z. */
  readonly startsAt: string;
  readonly endsAt: string;
  readonly sale: { readonly state: SaleState; readonly available: number; readonly offered: number };
  /** When all of this was so, by the shop's clock. */
  readonly asOf: string;
  /** From when on purchase tickets can be had; missing where the sale asks for none. */
  readonly ticketsFrom?: string | undefined;
}

/** Not every field is looked at: enough to tell the shop's answer from somebody else's. */
export function isProduct(value: unknown): value is Product {
  if (!isRecord(value) || !isRecord(value['sale']) || !isRecord(value['price'])) return false;
  const { id, startsAt, endsAt, asOf, sale, ticketsFrom = '' } = value;
  return [id, startsAt, endsAt, asOf, sale['state'], ticketsFrom].every((field) => typeof field === 'string');
}
