// The conditions of one rule: JSON to conditions. A condition that always holds, or never, is a mistake: whoever wrote it meant
// something else.

import { fieldsOf, shown, valueOf, type Fields, type FileMistakes, type JsonNode } from '../runtime/index.ts';
import { COUNT_MAX, WINDOW_NAMES, WINDOWS, type WindowName } from './facts.ts';
import type { PlacedCondition } from './rules-check.ts';
import { COUNTED_FACTS, type Condition, type CountedFact, type Range } from './rules.ts';
import { CUSTOMER_STATUSES } from './verdict.ts';

const FACTS = ['status', 'accountAge', ...COUNTED_FACTS, 'quantity', 'amount'] as const;
type Fact = (typeof FACTS)[number];

/** What a fact can be: nothing is below the first, and nothing above the second. */
const SPANS: Readonly<Record<Exclude<Fact, 'status'>, readonly [least: number, most: number]>> = {
  accountAge: [0, 100 * 365 * WINDOWS['1d']],
  ordersOfCustomer: [1, COUNT_MAX],
  abandonedHolds: [0, COUNT_MAX],
  customersPerAddress: [1, COUNT_MAX],
  customersPerFingerprint: [1, COUNT_MAX],
  quantity: [1, 10_000],
  amount: [0, Number.MAX_SAFE_INTEGER],
};

const UNIT_SECONDS = { m: 60, h: 3_600, d: 86_400 } as const;
const listed = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

export class ConditionReader {
  readonly #mistakes: FileMistakes;

  constructor(mistakes: FileMistakes) {
    this.#mistakes = mistakes;
  }

  /** @param what the rule, as messages name it */
  readAll(nodes: readonly JsonNode[], what: string): PlacedCondition[] {
    const read: PlacedCondition[] = [];
    for (const node of nodes) {
      const condition = this.#condition(node, what);
      if (condition === undefined) continue;
      this.#tellAgainst(read, { line: node.line, condition }, what);
      read.push({ line: node.line, condition });
    }
    return read;
  }

  #condition(node: JsonNode, rule: string): Condition | undefined {
    const what = `a condition of ${rule}`;
    if (node.kind !== 'object')
      return this.#tell(node.line, `${what} is ${shown(node)}; it must be an object: { "fact": … }`);
    const named = node.members.find(({ name }) => name === 'fact')?.node;
    const fact = FACTS.find((each) => named !== undefined && valueOf(named) === each);
    if (fact === undefined) {
      const right = `it must be one of ${listed(FACTS)}`;
      return named === undefined
        ? this.#tell(node.line, `${what} has no "fact"; ${right}`)
        : this.#tell(named.line, `the fact of ${what} is ${shown(named)}; ${right}`);
    }
    return this.#ofFact(fact, node, `the condition on ${fact} of ${rule}`);
  }

  #ofFact(fact: Fact, node: JsonNode, what: string): Condition | undefined {
    switch (fact) {
      case 'status':
        return this.#status(node, what);
      case 'accountAge':
      case 'quantity': {
        const fields = fieldsOf(node, what, ['fact', 'atLeast', 'below'], this.#mistakes);
        const range = fields && this.#range(fields, node.line, fact, what);
        return range && { fact, ...range };
      }
      case 'amount': {
        const fields = fieldsOf(node, what, ['fact', 'currency', 'atLeast', 'below'], this.#mistakes);
        const currency = fields && this.#currency(fields, node.line, what);
        const range = fields && this.#range(fields, node.line, fact, what);
        return range && currency === undefined ? undefined : range && { fact, currency: currency!, ...range };
      }
      default: {
        const fields = fieldsOf(node, what, ['fact', 'within', 'atLeast', 'below'], this.#mistakes);
        const within = fields && this.#within(fields, node.line, what);
        const range = fields && this.#range(fields, node.line, fact, what);
        return within === undefined || range === undefined ? undefined : { fact, within, ...range };
      }
    }
  }

  #status(node: JsonNode, what: string): Condition | undefined {
    const is = fieldsOf(node, what, ['fact', 'is'], this.#mistakes)?.get('is')?.node;
    const right = `it must be a list of some of ${listed(CUSTOMER_STATUSES)}`;
    if (is === undefined) return this.#tell(node.line, `${what} has no "is"; ${right}`);
    if (is.kind !== 'list' || is.items.length === 0)
      return this.#tell(is.line, `"is" of ${what} is ${is.kind === 'list' ? 'empty' : shown(is)}; ${right}`);
    const named = new Set<unknown>();
    for (const item of is.items) {
      const value = valueOf(item);
      if (!CUSTOMER_STATUSES.some((status) => status === value))
        return this.#tell(item.line, `"is" of ${what} names ${shown(item)}; ${right}`);
      if (named.has(value)) return this.#tell(item.line, `"is" of ${what} names ${shown(item)} twice`);
      named.add(value);
    }
    if (named.size === CUSTOMER_STATUSES.length)
      return this.#tell(is.line, `${what} holds for every customer; leave it out, or name fewer statuses`);
    return { fact: 'status', is: CUSTOMER_STATUSES.filter((status) => named.has(status)) };
  }

  #within(fields: Fields, line: number, what: string): WindowName | undefined {
    const node = fields.get('within')?.node;
    const right = `it must be one of ${listed(WINDOW_NAMES)}`;
    const found = WINDOW_NAMES.find((name) => node !== undefined && valueOf(node) === name);
    if (found !== undefined) return found;
    if (node === undefined) return this.#tell(line, `${what} has no "within"; ${right}`);
    return this.#tell(node.line, `"within" of ${what} is ${shown(node)}; ${right}`);
  }

  #currency(fields: Fields, line: number, what: string): string | undefined {
    const node = fields.get('currency')?.node;
    const right = 'it must be three capitals, as "EUR"';
    const value = node && valueOf(node);
    if (typeof value === 'string' && /^[A-Z]{3}$/.test(value)) return value;
    if (node === undefined) return this.#tell(line, `${what} has no "currency"; ${right}`);
    return this.#tell(node.line, `"currency" of ${what} is ${shown(node)}; ${right}`);
  }

  #range(fields: Fields, line: number, fact: Exclude<Fact, 'status'>, what: string): Range | undefined {
    if (!fields.has('atLeast') && !fields.has('below'))
      return this.#tell(line, `${what} has neither "atLeast" nor "below"; it must have one of them, or both`);
    const [least, most] = SPANS[fact];
    const atLeast = this.#bound(fields, 'atLeast', fact, what);
    const below = this.#bound(fields, 'below', fact, what);
    if (atLeast === undefined || below === undefined) return undefined;
    const end = Math.min(below, most + 1);
    if (atLeast >= end || end <= least) {
      const span = fact === 'accountAge' ? '' : `: it is ${least} to ${most}`;
      return this.#tell(
        (fields.get('atLeast') ?? fields.get('below'))!.line,
        `${what} can never hold${atLeast >= below ? ': "atLeast" must be less than "below"' : span}`,
      );
    }
    if (atLeast <= least && below > most)
      return this.#tell(fields.get('atLeast')?.line ?? line, `${what} always holds; leave it out`);
    return { atLeast, below };
  }

  /** @returns the bound where it is left out; undefined when it is wrong */
  #bound(
    fields: Fields,
    name: 'atLeast' | 'below',
    fact: Exclude<Fact, 'status'>,
    what: string,
  ): number | undefined {
    const node = fields.get(name)?.node;
    if (node === undefined) return name === 'atLeast' ? 0 : Infinity;
    const value = fact === 'accountAge' ? secondsOf(valueOf(node)) : valueOf(node);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    const right =
      fact === 'accountAge'
        ? 'it must be a time, as "30m", "12h" or "7d"'
        : fact === 'amount'
          ? 'it must be a whole number of minor units (cents)'
          : 'it must be a whole number';
    return this.#tell(node.line, `"${name}" of ${what} is ${shown(node)}; ${right}`);
  }

  /** A fact comes once, and a counted one once for each window; and what is counted in less time is not more. */
  #tellAgainst(others: readonly PlacedCondition[], { line, condition }: PlacedCondition, rule: string): void {
    for (const { line: other, condition: earlier } of others) {
      if (earlier.fact !== condition.fact) continue;
      if (!isCounted(earlier) || !isCounted(condition) || earlier.within === condition.within) {
        this.#tell(
          line,
          `${rule} has a condition on ${condition.fact} already in line ${other}; put them together`,
        );
        return;
      }
      const [shorter, longer] =
        WINDOWS[earlier.within] < WINDOWS[condition.within] ? [earlier, condition] : [condition, earlier];
      if (shorter.atLeast >= longer.below) {
        this.#tell(
          line,
          `${rule} can never hold: it wants ${shorter.atLeast} or more within ${shorter.within}, and fewer than ${longer.below} ` +
            `within ${longer.within} (line ${other})`,
        );
        return;
      }
    }
  }

  #tell(line: number, message: string): undefined {
    return this.#mistakes.tell(line, message);
  }
}

type Counted = Extract<Condition, { fact: CountedFact }>;

const isCounted = (condition: Condition): condition is Counted => 'within' in condition;

function secondsOf(value: unknown): number | undefined {
  const parts = typeof value === 'string' ? /^(\d{1,6})([mhd])$/.exec(value) : null;
  return parts === null ? undefined : Number(parts[1]) * UNIT_SECONDS[parts[2] as keyof typeof UNIT_SECONDS];
}
