// The file of rules: JSON to rules. Whatever is unknown, impossible or contradictory is told with its line, all of it at once, and
// nothing of such a file is used.

import { hash } from 'node:crypto';
import { isPlainText } from '../actors/index.ts';
import {
  fieldsOf,
  FileMistakes,
  quoted,
  readJson,
  shown,
  valueOf,
  type Fields,
  type FileRefused,
  type JsonNode,
} from '../runtime/index.ts';
import { ConditionReader } from './condition-reader.ts';
import { tellUnreachable, type PlacedCondition, type PlacedRule } from './rules-check.ts';
import type { RiskRules, Unavailable } from './rules.ts';
import { OUTCOMES, type RiskOutcome } from './verdict.ts';

export type RiskRulesFile = { readonly kind: 'rules'; readonly rules: RiskRules } | FileRefused;

export const RULES_CHARACTERS_MAX = 262_144;
const RULES_MAX = 200;
const CONDITIONS_MAX = 20;
const NAME_CHARACTERS_MAX = 100;
/** Of a hold, at a time and in all. */
const EXTEND_SECONDS_MAX = 600;
const MOST_SECONDS_MAX = 3_600;
const DIGEST_CHARACTERS = 16;

/** Fail closed. */
const DEFAULT_UNAVAILABLE: Unavailable = { extendMs: 60_000, mostMs: 300_000, outcome: 'deny' };

export function parseRiskRules(text: string): RiskRulesFile {
  const mistakes = new FileMistakes();
  const rules = new RulesReader(mistakes).read(text);
  return rules === undefined || mistakes.count > 0 ? mistakes.refusal() : { kind: 'rules', rules };
}

/** Each method tells what is wrong with its part, and gives undefined, or less, for what could not be read. */
class RulesReader {
  readonly #mistakes: FileMistakes;
  readonly #conditions: ConditionReader;

  constructor(mistakes: FileMistakes) {
    this.#mistakes = mistakes;
    this.#conditions = new ConditionReader(mistakes);
  }

  read(text: string): RiskRules | undefined {
    if (text.length > RULES_CHARACTERS_MAX)
      return this.#tell(1, `the file has ${text.length} characters; it may have ${RULES_CHARACTERS_MAX}`);
    const root = readJson(text);
    if (root.kind === 'fault') return this.#tell(root.line, root.message);
    const fields = fieldsOf(root, 'the file', ['otherwise', 'unavailable', 'rules'], this.#mistakes);
    if (fields === undefined) return undefined;
    const otherwise = this.#outcome(fields, 'otherwise', root.line, 'the file');
    const unavailable = fields.get('unavailable')?.node;
    const decisive = {
      rules: this.#rules(fields.get('rules')?.node, root.line),
      otherwise,
      unavailable: unavailable === undefined ? DEFAULT_UNAVAILABLE : this.#unavailable(unavailable),
    };
    return { ...decisive, digest: digestOf(decisive) };
  }

  #rules(node: JsonNode | undefined, line: number): RiskRules['rules'] {
    const right = 'it must be a list of rules';
    if (node === undefined) this.#tell(line, `"rules" is missing; ${right}, which may be empty`);
    else if (node.kind !== 'list') this.#tell(node.line, `"rules" is ${shown(node)}; ${right}`);
    if (node?.kind !== 'list') return [];
    if (node.items.length > RULES_MAX)
      this.#tell(node.line, `"rules" has ${node.items.length} rules; it may have ${RULES_MAX}`);
    const rules = node.items
      .slice(0, RULES_MAX)
      .map((item, index) => this.#rule(item, `rule ${index + 1}`))
      .filter((rule) => rule !== undefined);
    this.#tellTwins(rules);
    tellUnreachable(rules, this.#mistakes);
    return rules.map(({ name, when, outcome }) => ({
      name,
      when: when.map(({ condition }) => condition),
      outcome,
    }));
  }

  #rule(node: JsonNode, numbered: string): PlacedRule | undefined {
    const fields = fieldsOf(node, numbered, ['name', 'when', 'outcome'], this.#mistakes);
    if (fields === undefined) return undefined;
    const { name, what } = this.#name(fields.get('name')?.node, node.line, numbered);
    return {
      line: node.line,
      name,
      when: this.#when(fields.get('when')?.node, node.line, what),
      outcome: this.#outcome(fields, 'outcome', node.line, what),
    };
  }

  #name(node: JsonNode | undefined, line: number, numbered: string): { name: string; what: string } {
    const right = `it must be a text of 1 to ${NAME_CHARACTERS_MAX} characters, for whoever reviews`;
    const name = node && valueOf(node);
    if (
      typeof name === 'string' &&
      name.trim() !== '' &&
      name.length <= NAME_CHARACTERS_MAX &&
      isPlainText(name)
    )
      return { name, what: `the rule ${quoted(name)}` };
    if (node === undefined) this.#tell(line, `${numbered} has no "name"; ${right}`);
    else this.#tell(node.line, `the name of ${numbered} is ${shown(node)}; ${right}`);
    return { name: numbered, what: numbered };
  }

  #when(node: JsonNode | undefined, line: number, what: string): PlacedCondition[] {
    const right = 'it must be a list of conditions, all of which must hold';
    if (node === undefined) this.#tell(line, `${what} has no "when"; ${right}`);
    else if (node.kind !== 'list') this.#tell(node.line, `"when" of ${what} is ${shown(node)}; ${right}`);
    else if (node.items.length === 0)
      this.#tell(
        node.line,
        `"when" of ${what} is empty; it must have a condition: what holds for every other payment is "otherwise"`,
      );
    else if (node.items.length > CONDITIONS_MAX)
      this.#tell(
        node.line,
        `"when" of ${what} has ${node.items.length} conditions; it may have ${CONDITIONS_MAX}`,
      );
    return node?.kind === 'list' ? this.#conditions.readAll(node.items.slice(0, CONDITIONS_MAX), what) : [];
  }

  #outcome(fields: Fields, name: 'otherwise' | 'outcome', line: number, what: string): RiskOutcome {
    const right = `it must be one of ${OUTCOMES.map((outcome) => `"${outcome}"`).join(', ')}`;
    const node = fields.get(name)?.node;
    const found = OUTCOMES.find((outcome) => node !== undefined && valueOf(node) === outcome);
    if (found !== undefined) return found;
    if (node === undefined) this.#tell(line, `${what} has no "${name}"; ${right}`);
    else this.#tell(node.line, `"${name}" of ${what} is ${shown(node)}; ${right}`);
    return 'deny';
  }

  #unavailable(node: JsonNode): Unavailable {
    const what = '"unavailable"';
    const fields = fieldsOf(node, what, ['extendSeconds', 'mostSeconds', 'outcome'], this.#mistakes);
    if (fields === undefined) return DEFAULT_UNAVAILABLE;
    const extend = this.#seconds(fields, 'extendSeconds', node.line, EXTEND_SECONDS_MAX);
    const most = this.#seconds(fields, 'mostSeconds', node.line, MOST_SECONDS_MAX);
    if (extend !== undefined && most !== undefined && extend > most)
      this.#tell(
        fields.get('extendSeconds')!.line,
        `"extendSeconds" is ${extend}, and "mostSeconds" is ${most}: one extension cannot be longer than all of them`,
      );
    return {
      extendMs: (extend ?? 0) * 1_000,
      mostMs: (most ?? 0) * 1_000,
      outcome: this.#outcome(fields, 'outcome', node.line, what),
    };
  }

  #seconds(fields: Fields, name: string, line: number, max: number): number | undefined {
    const right = `it must be a whole number from 1 to ${max}`;
    const node = fields.get(name)?.node;
    const value = node && valueOf(node);
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) return value;
    if (node === undefined) return this.#tell(line, `"unavailable" has no "${name}"; ${right}`);
    return this.#tell(node.line, `"${name}" is ${shown(node)}; ${right}`);
  }

  /** Reasons name rules. */
  #tellTwins(rules: readonly PlacedRule[]): void {
    const first = new Map<string, number>();
    for (const { name, line } of rules) {
      const before = first.get(name);
      if (before === undefined) first.set(name, line);
      else
        this.#tell(
          line,
          `a rule of the name ${quoted(name)} stands in line ${before} already; each needs its own`,
        );
    }
  }

  #tell(line: number, message: string): undefined {
    return this.#mistakes.tell(line, message);
  }
}

const digestOf = (decisive: Omit<RiskRules, 'digest'>): string =>
  hash('sha256', JSON.stringify(decisive), 'hex').slice(0, DIGEST_CHARACTERS);
