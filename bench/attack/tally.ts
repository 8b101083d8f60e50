// What became of an attack, request by request: blocked and by what, got through as it may, or got through though it must not.

import type { AttackAnswer } from './client.ts';

/** Told by name; more are counted. */
const TOLD_MAX = 10;
/** A node under attack may say that it is busy, never that it broke. */
const MAY_SAY: ReadonlySet<string> = new Set([
  'overloaded',
  'outcome_unknown',
  'shutting_down',
  'unavailable',
]);

export class Tally {
  /** By the problem's code. */
  readonly blocked = new Map<string, number>();
  /** What an attacker got as anybody may. */
  readonly through = new Map<string, number>();
  /** What should not have got through: the first ones, in words. */
  readonly told: string[] = [];
  attempts = 0;
  breaches = 0;

  /** A request whose success is nothing bad in itself. @param what it got, should it get through */
  count(answer: AttackAnswer, what: string): AttackAnswer {
    this.attempts++;
    if (answer.code === undefined) this.got(what);
    else this.#block(answer, answer.code);
    return answer;
  }

  /** A request that has to be refused. @param codes that are right; all refusals when none is named */
  mustBlock(answer: AttackAnswer, what: string, codes: readonly string[] = []): AttackAnswer {
    this.attempts++;
    const { code, status, text } = answer;
    if (code === undefined) this.breach(`${what}: answered ${status}`);
    else if (codes.length > 0 && !codes.includes(code) && !MAY_SAY.has(code))
      this.breach(`${what}: ${code} in place of ${codes.join(' or ')}: ${text.slice(0, 200)}`);
    else this.#block(answer, code);
    return answer;
  }

  /** Something that was blocked without an answer over HTTP. */
  block(code: string): void {
    this.attempts++;
    add(this.blocked, code);
  }

  got(what: string, times = 1): void {
    add(this.through, what, times);
  }

  breach(what: string): void {
    this.breaches++;
    if (this.told.length < TOLD_MAX) this.told.push(what);
  }

  /** @param most what may be @param unit behind the number, plural */
  atMost(count: number, most: number, unit: string): void {
    if (count > most) this.breach(`${count} ${unit}, and at most ${most} may be`);
  }

  #block({ status, text }: AttackAnswer, code: string): void {
    if (status >= 500 && !MAY_SAY.has(code))
      this.breach(`the node broke: ${status} ${code} ${text.slice(0, 200)}`);
    else add(this.blocked, code);
  }
}

function add(counts: Map<string, number>, what: string, times = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + times);
}
