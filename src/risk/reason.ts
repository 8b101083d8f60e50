// Why a rule holds, in words for people who review: the rule's name, and what each of its conditions found.

import type { RiskFacts } from './facts.ts';
import type { Condition, RiskRule } from './rules.ts';

const DAY_SECONDS = 86_400;

export function reasonOf({ name, when, outcome }: RiskRule, facts: RiskFacts): string {
  const found = when.map((condition) => foundIn(condition, facts));
  return `${name}: ${found.join(', and ')} (${outcome}).`;
}

function foundIn(condition: Condition, facts: RiskFacts): string {
  switch (condition.fact) {
    case 'status':
      return `the customer is ${facts.status}`;
    case 'accountAge':
      return `the account is ${ageText(facts.accountAgeSeconds ?? 0)} old`;
    case 'quantity':
      return facts.quantity === 1 ? 'the order is of 1 unit' : `the order is of ${facts.quantity} units`;
    case 'amount':
      return `the amount is ${facts.amount.amount} ${facts.amount.currency} (minor units)`;
    default:
      return `${COUNTED[condition.fact](facts[condition.fact]?.[condition.within] ?? 0)} within ${condition.within}`;
  }
}

const COUNTED = {
  ordersOfCustomer: (count: number) => `the customer placed ${count} ${count === 1 ? 'order' : 'orders'}`,
  abandonedHolds: (count: number) =>
    `${count} ${count === 1 ? 'hold' : 'holds'} of the customer ran out unpaid`,
  customersPerAddress: (count: number) =>
    `${count} ${count === 1 ? 'customer' : 'customers'} ordered or paid from this address`,
  customersPerFingerprint: (count: number) =>
    `${count} ${count === 1 ? 'customer' : 'customers'} paid by this card or account`,
} as const;

const ageText = (seconds: number): string =>
  seconds >= 2 * DAY_SECONDS
    ? `${Math.floor(seconds / DAY_SECONDS)} days`
    : seconds >= 2 * 3_600
      ? `${Math.floor(seconds / 3_600)} hours`
      : `${Math.floor(seconds / 60)} minutes`;
