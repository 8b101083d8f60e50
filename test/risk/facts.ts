// A payment of which nothing is odd, and rules as a file has them.

import { parseRiskRules, type RiskFacts, type RiskRules } from '../../src/risk/index.ts';

export const counts = (count: number): RiskFacts['ordersOfCustomer'] => ({
  '10m': count,
  '1h': count,
  '1d': count,
  '7d': count,
});

export const PLAIN: RiskFacts = {
  status: 'active',
  accountAgeSeconds: null,
  ordersOfCustomer: counts(1),
  abandonedHolds: counts(0),
  customersPerAddress: counts(1),
  customersPerFingerprint: counts(1),
  quantity: 1,
  amount: { amount: 1_999, currency: 'EUR' },
};

/** @param rules in JSON, one a line @throws when they are wrong */
export function rulesOf(rules: string, otherwise = 'allow'): RiskRules {
  const file = parseRiskRules(`{ "otherwise": "${otherwise}", "rules": [\n${rules}\n] }`);
  if (file.kind === 'refused') throw new Error(JSON.stringify(file.mistakes));
  return file.rules;
}
