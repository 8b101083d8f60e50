import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CUSTOMER_STATUSES,
  decideRisk,
  defaultRules,
  OUTCOMES,
  parseRiskRules,
  WINDOW_NAMES,
  type Counts,
  type RiskFacts,
} from '../../src/risk/index.ts';
import { counts, PLAIN, rulesOf } from './facts.ts';

const RULES = rulesOf(`
  { "name": "Trusted buyer", "when": [{ "fact": "accountAge", "atLeast": "365d" }], "outcome": "allow" },
  { "name": "Blocked", "when": [{ "fact": "status", "is": ["blocked"] }], "outcome": "deny" },
  { "name": "Shared card", "when": [{ "fact": "customersPerFingerprint", "within": "1h", "atLeast": 3 }], "outcome": "review" },
  { "name": "Dear", "when": [{ "fact": "amount", "currency": "EUR", "atLeast": 50000 }, { "fact": "quantity", "below": 2 }], "outcome": "review" }
`);

describe('rules on a payment', () => {
  test('decide by the first that holds, and tell of all others that do', () => {
    const facts: RiskFacts = { ...PLAIN, status: 'blocked', customersPerFingerprint: counts(4) };
    expect(decideRisk(RULES, facts)).toEqual({
      outcome: 'deny',
      rule: 'Blocked',
      reasons: [
        'Blocked: the customer is blocked (deny).',
        'Shared card: 4 customers paid by this card or account within 1h (review).',
      ],
    });
    expect(decideRisk(RULES, { ...facts, accountAgeSeconds: 400 * 86_400 }).outcome).toBe('allow');
  });

  test('that do not hold leave it to what is said otherwise', () => {
    expect(decideRisk(RULES, PLAIN)).toEqual({
      outcome: 'allow',
      rule: undefined,
      reasons: ['No rule speaks: allow.'],
    });
    expect(decideRisk({ ...RULES, otherwise: 'review' }, PLAIN).outcome).toBe('review');
  });

  test('hold when all conditions do', () => {
    const dear = { ...PLAIN, amount: { amount: 50_000, currency: 'EUR' } };
    expect(decideRisk(RULES, dear).outcome).toBe('review');
    expect(decideRisk(RULES, { ...dear, quantity: 2 }).outcome).toBe('allow');
    expect(decideRisk(RULES, { ...dear, amount: { amount: 49_999, currency: 'EUR' } }).outcome).toBe('allow');
    expect(decideRisk(RULES, { ...dear, amount: { amount: 50_000, currency: 'USD' } }).outcome).toBe('allow');
  });

  test('never hold for what is not known', () => {
    expect(decideRisk(RULES, { ...PLAIN, customersPerFingerprint: null }).outcome).toBe('allow');
    const young = rulesOf(
      '{ "name": "Young", "when": [{ "fact": "accountAge", "below": "1d" }], "outcome": "deny" }',
    );
    expect(decideRisk(young, PLAIN).outcome).toBe('allow');
    expect(decideRisk(young, { ...PLAIN, accountAgeSeconds: 86_399 }).outcome).toBe('deny');
    expect(decideRisk(young, { ...PLAIN, accountAgeSeconds: 86_400 }).outcome).toBe('allow');
  });

  test('that come with the program let a plain payment through, and a blocked customer’s not', () => {
    expect(decideRisk(defaultRules(), PLAIN).outcome).toBe('allow');
    expect(decideRisk(defaultRules(), { ...PLAIN, status: 'blocked' }).outcome).toBe('deny');
    expect(decideRisk(defaultRules(), { ...PLAIN, status: 'restricted' }).outcome).toBe('review');
    expect(decideRisk(defaultRules(), { ...PLAIN, customersPerFingerprint: counts(4) }).outcome).toBe(
      'review',
    );
    // A stampede from one machine.
    expect(decideRisk(defaultRules(), { ...PLAIN, customersPerAddress: counts(1_000) }).outcome).toBe(
      'allow',
    );
  });
});

describe('a rule that is told to decide never', () => {
  /** Counts in longer windows are no less. */
  const increasing: fc.Arbitrary<Counts> = fc
    .array(fc.integer({ min: 0, max: 3 }), { minLength: WINDOW_NAMES.length, maxLength: WINDOW_NAMES.length })
    .map((steps) => {
      let count = 1;
      return Object.fromEntries(
        WINDOW_NAMES.map((name, index) => [name, (count += steps[index]!)]),
      ) as unknown as Counts;
    });
  const facts: fc.Arbitrary<RiskFacts> = fc.record({
    status: fc.constantFrom(...CUSTOMER_STATUSES),
    accountAgeSeconds: fc.constantFrom(null, 60, 3_600, 86_400),
    ordersOfCustomer: increasing,
    abandonedHolds: increasing,
    customersPerAddress: increasing,
    customersPerFingerprint: fc.option(increasing),
    quantity: fc.integer({ min: 1, max: 4 }),
    amount: fc.record({ amount: fc.integer({ min: 0, max: 6 }), currency: fc.constantFrom('EUR', 'USD') }),
  });
  const bounds = fc.oneof(
    fc.integer({ min: 2, max: 6 }).map((atLeast) => ({ atLeast })),
    fc.integer({ min: 2, max: 6 }).map((below) => ({ below })),
    fc.record({ atLeast: fc.integer({ min: 2, max: 4 }), below: fc.integer({ min: 5, max: 7 }) }),
  );
  const condition = fc.oneof(
    fc.record({
      fact: fc.constant('status'),
      is: fc.uniqueArray(fc.constantFrom(...CUSTOMER_STATUSES), { minLength: 1, maxLength: 3 }),
    }),
    fc
      .tuple(
        fc.constantFrom('ordersOfCustomer', 'customersPerFingerprint'),
        fc.constantFrom(...WINDOW_NAMES),
        bounds,
      )
      .map(([fact, within, range]) => ({ fact, within, ...range })),
    fc
      .tuple(fc.constantFrom('EUR', 'USD'), bounds)
      .map(([currency, range]) => ({ fact: 'amount', currency, ...range })),
  );
  const rules = fc.array(
    fc.record({
      when: fc.array(condition, { minLength: 1, maxLength: 3 }),
      outcome: fc.constantFrom(...OUTCOMES),
    }),
    { minLength: 2, maxLength: 4 },
  );

  test('decides never, whatever the facts', () => {
    let told = 0;
    fc.assert(
      fc.property(rules, fc.array(facts, { minLength: 20, maxLength: 20 }), (written, samples) => {
        const named = written.map((each, index) => ({ name: `rule ${index}`, ...each }));
        const file = parseRiskRules(JSON.stringify({ otherwise: 'allow', rules: named }));
        if (file.kind !== 'refused') return;
        const dead = file.mistakes.flatMap(
          ({ message }) => /^the rule "(rule \d)" can never decide/.exec(message)?.[1] ?? [],
        );
        // Rules that are wrong in another way as well cannot be asked.
        if (dead.length === 0 || dead.length < file.mistakes.length) return;
        told += dead.length;
        const first = (sample: RiskFacts): string | undefined =>
          named.find(({ when }) => {
            const alone = parseRiskRules(
              JSON.stringify({ otherwise: 'deny', rules: [{ name: 'it', when, outcome: 'allow' }] }),
            );
            return alone.kind === 'rules' && decideRisk(alone.rules, sample).rule === 'it';
          })?.name;
        for (const sample of samples) expect(dead).not.toContain(first(sample));
      }),
      { numRuns: 2_000 },
    );
    expect(told).toBeGreaterThan(20);
  });
});
