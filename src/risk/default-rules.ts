// The rules where nobody wrote others: what is known to be wrong is refused, and what seldom has an innocent cause is looked at. Many
// customers behind one address are usual (an office, a mobile network), so an address alone says nothing here.

import { parseRiskRules } from './rules-file.ts';
import type { RiskRules } from './rules.ts';

export const DEFAULT_RULES_TEXT = `{
  "otherwise": "allow",
  "unavailable": { "extendSeconds": 60, "mostSeconds": 300, "outcome": "deny" },
  "rules": [
    { "name": "Blocked customer", "when": [{ "fact": "status", "is": ["blocked"] }], "outcome": "deny" },
    { "name": "Restricted customer", "when": [{ "fact": "status", "is": ["restricted"] }], "outcome": "review" },
    {
      "name": "One card, many customers",
      "when": [{ "fact": "customersPerFingerprint", "within": "1d", "atLeast": 10 }],
      "outcome": "deny"
    },
    {
      "name": "One card, several customers",
      "when": [{ "fact": "customersPerFingerprint", "within": "1d", "atLeast": 4 }],
      "outcome": "review"
    },
    {
      "name": "New customer, crowded address",
      "when": [
        { "fact": "status", "is": ["new"] },
        { "fact": "customersPerAddress", "within": "1h", "atLeast": 20 }
      ],
      "outcome": "review"
    },
    {
      "name": "Many holds ran out",
      "when": [{ "fact": "abandonedHolds", "within": "1d", "atLeast": 10 }],
      "outcome": "review"
    },
    {
      "name": "Very many orders",
      "when": [{ "fact": "ordersOfCustomer", "within": "1h", "atLeast": 30 }],
      "outcome": "review"
    }
  ]
}
`;

let rules: RiskRules | undefined;

export function defaultRules(): RiskRules {
  if (rules === undefined) {
    const file = parseRiskRules(DEFAULT_RULES_TEXT);
    if (file.kind === 'refused')
      throw new Error(`the rules that come with the program are wrong: ${JSON.stringify(file.mistakes)}`);
    rules = file.rules;
  }
  return rules;
}
