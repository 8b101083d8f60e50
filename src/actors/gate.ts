// What a sale asks of whoever wants to buy, beyond the window and the limit. Part of a product's configuration: what the actor
// enforces of it holds on every path, whoever stands in front.

import type { Key } from './key.ts';

export interface Gate {
  /** No order without a purchase ticket, which works once. */
  readonly ticket: boolean;
  /** A ticket costs a proof of work, or a wait. The actor sees the ticket alone. */
  readonly work: boolean;
  /** Open holds of one customer, orders; 0: no bound. */
  readonly openHoldsMax: number;
  /** After a hold that ran out or was denied the customer waits for so long; 0: not at all. */
  readonly coolDownSeconds: number;
  /** Orders of one customer that were not paid, whatever became of them; 0: no bound. */
  readonly attemptsMax: number;
  /** As units become few, holds get shorter, down to this; 0: they do not. */
  readonly shortestHoldSeconds: number;
}

/** A product that was configured without a gate. */
export const OPEN_GATE: Gate = Object.freeze({
  ticket: false,
  work: false,
  openHoldsMax: 0,
  coolDownSeconds: 0,
  attemptsMax: 0,
  shortestHoldSeconds: 0,
});

/** What the gate of a configuration asks, whether it names one or not. */
export const gateOf = ({ gate }: { readonly gate?: Gate | undefined }): Gate => gate ?? OPEN_GATE;

export function isSameGate(one: Gate, other: Gate): boolean {
  const fields = gateFields(other);
  return gateFields(one).every((field, at) => field === fields[at]);
}

/** As records, snapshots and messages have them. The order never changes; another field comes at the end. */
export const gateFields = (gate: Gate): (boolean | number)[] => [
  gate.ticket,
  gate.work,
  gate.openHoldsMax,
  gate.coolDownSeconds,
  gate.attemptsMax,
  gate.shortestHoldSeconds,
];

export function gateFrom(fields: readonly unknown[]): Gate {
  const [ticket, work, openHoldsMax, coolDownSeconds, attemptsMax, shortestHoldSeconds] = fields as [
    boolean,
    boolean,
    ...[number, number, number, number],
  ];
  return { ticket, work, openHoldsMax, coolDownSeconds, attemptsMax, shortestHoldSeconds };
}

/** In place of a ticket's key: what was brought is no ticket for this customer and product, or out of date. */
export const BAD_TICKET: Key = '\u00ff'.repeat(16);
