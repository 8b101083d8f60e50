// The shape of one product as the outside sees it: the JSON of GET /v1/products/{id} and of each `product` event.
// The pages only read it; who makes it and how fresh it is stands in `asOf`. Amounts are integers in minor units.

/** `cancelled`: the campaign was, and it will not be sold any more. */
export type SaleState = 'upcoming' | 'on_sale' | 'sold_out' | 'paused' | 'ended' | 'cancelled';

export type Money = { amount: number; currency: string };

export type ProductView = {
  id: string;
  name: string;
  description: string;
  price: Money;
  perCustomerLimit: number;
  /** How long a reservation waits for its payment; 0 means that the unit is sold at once. */
  holdSeconds: number;
  startsAt: string;
  endsAt: string;
  sale: { state: SaleState; available: number; offered: number };
  asOf: string;
  /** From when on purchase tickets can be had (POST /v1/tickets); missing where the sale asks for none. */
  ticketsFrom?: string | undefined;
};
