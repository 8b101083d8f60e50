// How long units are held for whoever reserves them now. Where the gate asks for it, holds get shorter as units become few: then
// whoever holds them without paying keeps them from many.
//
//   units still available     at least a half     less     less than a fifth
//   the hold                  whole               half     a quarter              of the configured one, but never below the shortest

import type { ProductConfiguration } from './command.ts';
import { gateOf } from './gate.ts';
import type { Terms } from './order.ts';

interface Units {
  readonly loaded: number;
  readonly available: number;
  readonly withdrawn: number;
}

/** Every set of terms that the configuration can come to, the longest hold first; one, two or three. */
export function termsOf(configuration: ProductConfiguration): readonly Terms[] {
  const { amount, currency, holdSeconds } = configuration;
  const { shortestHoldSeconds: shortest } = gateOf(configuration);
  const lengths = new Set([holdSeconds]);
  if (shortest > 0) {
    for (const part of [2, 4]) {
      lengths.add(Math.min(holdSeconds, Math.max(shortest, Math.floor(holdSeconds / part))));
    }
  }
  return [...lengths].map((seconds) => ({ amount, currency, holdSeconds: seconds }));
}

/** @returns the place among `terms` (as `termsOf` gives them) of those that are in force with so many units */
export function termsInForce({ loaded, available, withdrawn }: Units, terms: number): number {
  if (terms === 1) return 0;
  const units = loaded - withdrawn;
  if (available * 2 >= units) return 0;
  return available * 5 >= units ? 1 : terms - 1;
}

export const isSameTerms = (one: Terms, other: Terms): boolean =>
  one.amount === other.amount && one.currency === other.currency && one.holdSeconds === other.holdSeconds;
