import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEFAULT_RULES_TEXT, defaultRules, parseRiskRules } from '../../src/risk/index.ts';
import { rulesOf } from './facts.ts';

/** Each mistake as "line: message". */
function mistakesOf(text: string): string[] {
  const file = parseRiskRules(text);
  return file.kind === 'refused' ? file.mistakes.map(({ line, message }) => `${line}: ${message}`) : [];
}

/** Of a file whose rules begin in line 2. */
const withRules = (rules: string): string => `{ "otherwise": "allow", "rules": [\n${rules}\n] }`;
/** Of a file with one rule, whose conditions begin in line 3. */
const withConditions = (conditions: string): string =>
  withRules(`{ "name": "odd", "outcome": "review", "when": [\n${conditions}\n] }`);
const rule = (name: string, ...conditions: string[]): string =>
  `{ "name": "${name}", "outcome": "review", "when": [${conditions.join(', ')}] }`;
const BLOCKED = '{ "fact": "status", "is": ["blocked"] }';
const counted = (within: string, bounds: string): string =>
  `{ "fact": "ordersOfCustomer", "within": "${within}", ${bounds} }`;

describe('a file of rules', () => {
  test('is read in its order, with what was left out', () => {
    const file = parseRiskRules(`{
      "otherwise": "allow",
      "unavailable": { "extendSeconds": 30, "mostSeconds": 90, "outcome": "review" },
      "rules": [
        { "name": "blocked", "when": [{ "fact": "status", "is": ["blocked", "restricted"] }], "outcome": "deny" },
        { "name": "young and dear", "outcome": "review", "when": [
          { "fact": "accountAge", "below": "12h" },
          { "fact": "amount", "currency": "EUR", "atLeast": 50000 } ] },
        { "name": "one card", "when": [{ "fact": "customersPerFingerprint", "within": "1d", "atLeast": 2, "below": 9 }], "outcome": "review" }
      ] }`);
    expect(file).toEqual({
      kind: 'rules',
      rules: {
        otherwise: 'allow',
        unavailable: { extendMs: 30_000, mostMs: 90_000, outcome: 'review' },
        rules: [
          {
            name: 'blocked',
            when: [{ fact: 'status', is: ['restricted', 'blocked'] }],
            outcome: 'deny',
          },
          {
            name: 'young and dear',
            when: [
              { fact: 'accountAge', atLeast: 0, below: 43_200 },
              { fact: 'amount', currency: 'EUR', atLeast: 50_000, below: Infinity },
            ],
            outcome: 'review',
          },
          {
            name: 'one card',
            when: [{ fact: 'customersPerFingerprint', within: '1d', atLeast: 2, below: 9 }],
            outcome: 'review',
          },
        ],
        digest: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      },
    });
  });

  test('fails closed where it does not say what happens without facts', () => {
    expect(rulesOf('').unavailable).toEqual({ extendMs: 60_000, mostMs: 300_000, outcome: 'deny' });
  });

  test('has the digest of what it decides, however it is written', () => {
    const one = rulesOf(rule('odd', BLOCKED));
    expect(rulesOf(`\n\n${rule('odd', '{"is": ["blocked"], "fact": "status"}')}`).digest).toBe(one.digest);
    expect(rulesOf(rule('odd', BLOCKED), 'review').digest).not.toBe(one.digest);
    expect(rulesOf(rule('odd', '{ "fact": "status", "is": ["new"] }')).digest).not.toBe(one.digest);
  });

  test('comes with the program, and is the one that the documents show', () => {
    expect(mistakesOf(DEFAULT_RULES_TEXT)).toEqual([]);
    expect(defaultRules().rules.map(({ outcome }) => outcome)).toContain('deny');
    const docs = readFileSync(new URL('../../docs/risk.md', import.meta.url), 'utf8');
    expect(docs).toContain(DEFAULT_RULES_TEXT.trim().replaceAll('\n', '\n    '));
  });

  test.each<[string, string, ...string[]]>([
    ['is not JSON', '{\n "otherwise": allow }', '2: this is not JSON: a value must stand where there is a'],
    ['is no object', '[]', '1: the file is a list; it must be an object: { … }'],
    [
      'says nothing',
      '{}',
      '1: the file has no "otherwise"; it must be one of "allow", "review", "deny"',
      '1: "rules" is missing; it must be a list of rules, which may be empty',
    ],
    [
      'has an unknown field',
      '{ "otherwise": "allow",\n "rules": [],\n "version": 1 }',
      '3: the file has a field "version"; it may have "otherwise", "unavailable", "rules"',
    ],
    [
      'has a field twice',
      '{ "otherwise": "allow", "rules": [],\n "otherwise": "deny" }',
      '2: the file has "otherwise" already in line 1; each name may come once',
    ],
    [
      'knows no such outcome',
      '{ "rules": [],\n "otherwise": "maybe" }',
      '2: "otherwise" of the file is "maybe"; it must be one of "allow", "review", "deny"',
    ],
    [
      'has rules that are no list',
      '{ "otherwise": "allow", "rules": {} }',
      '1: "rules" is an object; it must be a list of rules',
    ],
    [
      'has too many rules',
      withRules(
        Array.from({ length: 201 }, (_, index) =>
          rule(
            `r${index}`,
            `{ "fact": "quantity", "atLeast": ${9_000 - index} , "below": ${9_001 - index} }`,
          ),
        ).join(',\n'),
      ),
      '1: "rules" has 201 rules; it may have 200',
    ],
    ['is too long', ' '.repeat(262_145), '1: the file has 262145 characters; it may have 262144'],
    [
      'extends longer than in all',
      '{ "otherwise": "allow", "rules": [], "unavailable": {\n"outcome": "deny",\n"extendSeconds": 120,\n"mostSeconds": 60 } }',
      '3: "extendSeconds" is 120, and "mostSeconds" is 60: one extension cannot be longer than all of them',
    ],
    [
      'extends for ever',
      '{ "otherwise": "allow", "rules": [], "unavailable": {\n"outcome": "deny",\n"extendSeconds": 60,\n"mostSeconds": 86400 } }',
      '4: "mostSeconds" is 86400; it must be a whole number from 1 to 3600',
    ],
  ])('that %s is refused by line', (_, text, ...mistakes) => {
    expect(mistakesOf(text)).toEqual(mistakes);
  });

  test.each<[string, string, ...string[]]>([
    [
      'without anything',
      '{}',
      '2: rule 1 has no "name"; it must be a text of 1 to 100 characters, for whoever reviews',
      '2: rule 1 has no "when"; it must be a list of conditions, all of which must hold',
      '2: rule 1 has no "outcome"; it must be one of "allow", "review", "deny"',
    ],
    [
      'with an unknown field',
      `{ "name": "a", "when": [${BLOCKED}], "outcome": "deny",\n"else": "allow" }`,
      '3: rule 1 has a field "else"; it may have "name", "when", "outcome"',
    ],
    [
      'for everybody',
      '{ "name": "a",\n"when": [], "outcome": "deny" }',
      '3: "when" of the rule "a" is empty; it must have a condition: what holds for every other payment is "otherwise"',
    ],
    [
      'of a name that stands there already',
      `${rule('a', BLOCKED)},\n${rule('a', '{ "fact": "status", "is": ["new"] }')}`,
      '3: a rule of the name "a" stands in line 2 already; each needs its own',
    ],
    [
      'that an earlier one takes whole',
      [
        rule('some', counted('1d', '"atLeast": 3')),
        rule('more', counted('1d', '"atLeast": 5'), BLOCKED),
        rule('sooner', counted('1h', '"atLeast": 3')),
        rule('fewer', counted('1d', '"atLeast": 2')),
        rule('later', counted('7d', '"atLeast": 3')),
      ].join(',\n'),
      '3: the rule "more" can never decide: whatever it holds for, "some" (line 2) decides before it',
      '4: the rule "sooner" can never decide: whatever it holds for, "some" (line 2) decides before it',
    ],
    [
      'that an earlier one takes by its end',
      `${rule('few', counted('1h', '"below": 3'))},\n${rule('fewer', counted('7d', '"below": 3'))},\n${rule('none', counted('10m', '"below": 3'))}`,
      '3: the rule "fewer" can never decide: whatever it holds for, "few" (line 2) decides before it',
    ],
    [
      'that an earlier one takes by its status',
      `${rule('a', '{ "fact": "status", "is": ["new", "blocked"] }')},\n${rule('b', BLOCKED)},\n${rule('c', '{ "fact": "status", "is": ["blocked", "restricted"] }')}`,
      '3: the rule "b" can never decide: whatever it holds for, "a" (line 2) decides before it',
    ],
    [
      'of another currency than that of an earlier one is no mistake',
      `${rule('a', '{ "fact": "amount", "currency": "EUR", "atLeast": 5 }')},\n${rule('b', '{ "fact": "amount", "currency": "USD", "atLeast": 5 }')}`,
    ],
  ])('a rule %s', (_, text, ...mistakes) => {
    expect(mistakesOf(withRules(text))).toEqual(mistakes);
  });

  test.each<[string, string, ...string[]]>([
    [
      'is no object',
      '"status"',
      '3: a condition of the rule "odd" is "status"; it must be an object: { "fact": … }',
    ],
    [
      'names no fact',
      '{ "atLeast": 3 }',
      '3: a condition of the rule "odd" has no "fact"; it must be one of "status", "accountAge", "ordersOfCustomer", "abandonedHolds", "customersPerAddress", "customersPerFingerprint", "quantity", "amount"',
    ],
    [
      'names an unknown fact',
      '{ "fact":\n"mood" }',
      '4: the fact of a condition of the rule "odd" is "mood"; it must be one of "status", "accountAge", "ordersOfCustomer", "abandonedHolds", "customersPerAddress", "customersPerFingerprint", "quantity", "amount"',
    ],
    [
      'has a field of another fact',
      '{ "fact": "quantity", "atLeast": 3,\n"within": "1h" }',
      '4: the condition on quantity of the rule "odd" has a field "within"; it may have "fact", "atLeast", "below"',
    ],
    [
      'names an unknown status',
      '{ "fact": "status", "is": ["new",\n"vip"] }',
      '4: "is" of the condition on status of the rule "odd" names "vip"; it must be a list of some of "active", "new", "restricted", "blocked"',
    ],
    [
      'names a status twice',
      '{ "fact": "status", "is": ["new", "new"] }',
      '3: "is" of the condition on status of the rule "odd" names "new" twice',
    ],
    [
      'names all statuses',
      '{ "fact": "status", "is": ["new", "active", "blocked", "restricted"] }',
      '3: the condition on status of the rule "odd" holds for every customer; leave it out, or name fewer statuses',
    ],
    [
      'has no bound',
      '{ "fact": "ordersOfCustomer", "within": "1h" }',
      '3: the condition on ordersOfCustomer of the rule "odd" has neither "atLeast" nor "below"; it must have one of them, or both',
    ],
    [
      'has an unknown window',
      counted('2h', '"atLeast": 3'),
      '3: "within" of the condition on ordersOfCustomer of the rule "odd" is "2h"; it must be one of "10m", "1h", "1d", "7d"',
    ],
    [
      'has a bound that is no whole number',
      counted('1h', '"atLeast": 2.5'),
      '3: "atLeast" of the condition on ordersOfCustomer of the rule "odd" is 2.5; it must be a whole number',
    ],
    [
      'has an end below its begin',
      counted('1h', '"atLeast": 5, "below": 5'),
      '3: the condition on ordersOfCustomer of the rule "odd" can never hold: "atLeast" must be less than "below"',
    ],
    [
      'is beyond what is counted',
      counted('1h', '"atLeast": 1001'),
      '3: the condition on ordersOfCustomer of the rule "odd" can never hold: it is 1 to 1000',
    ],
    [
      'is below what there can be',
      counted('1h', '"below": 1'),
      '3: the condition on ordersOfCustomer of the rule "odd" can never hold: it is 1 to 1000',
    ],
    [
      'always holds',
      counted('1h', '"atLeast": 1'),
      '3: the condition on ordersOfCustomer of the rule "odd" always holds; leave it out',
    ],
    [
      'has an age without a unit',
      '{ "fact": "accountAge", "below": 3600 }',
      '3: "below" of the condition on accountAge of the rule "odd" is 3600; it must be a time, as "30m", "12h" or "7d"',
    ],
    [
      'has money without a currency',
      '{ "fact": "amount", "atLeast": 100 }',
      '3: the condition on amount of the rule "odd" has no "currency"; it must be three capitals, as "EUR"',
    ],
    [
      'comes twice',
      `${BLOCKED},\n{ "fact": "status", "is": ["new"] }`,
      '4: the rule "odd" has a condition on status already in line 3; put them together',
    ],
    [
      'contradicts one of another window',
      `${counted('1h', '"atLeast": 5')},\n${counted('7d', '"below": 5')}`,
      '4: the rule "odd" can never hold: it wants 5 or more within 1h, and fewer than 5 within 7d (line 3)',
    ],
    ['fits one of another window', `${counted('1h', '"atLeast": 5')},\n${counted('7d', '"below": 6')}`],
  ])('a condition that %s', (_, text, ...mistakes) => {
    expect(mistakesOf(withConditions(text))).toEqual(mistakes);
  });

  test('cannot confuse a terminal, nor tell of mistakes without end', () => {
    const file = parseRiskRules(
      withRules(Array.from({ length: 150 }, () => '{ "\\u001b[31m": 1 }').join(',\n')),
    );
    if (file.kind !== 'refused') throw new Error('it was read');
    expect(file.mistakes.length).toBe(100);
    expect(file.more).toBeGreaterThan(100);
    expect(file.mistakes.some(({ message }) => message.includes('\u001B'))).toBe(false);
  });
});
