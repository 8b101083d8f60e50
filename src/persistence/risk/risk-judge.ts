// Judges payments: notes who pays, reads what is known, holds it against the rules, keeps the decision, and only then tells it. What
// cannot be done in time is told as `unavailable`: nobody is let through on facts that nobody could read.
//
//   note ──▶ facts ──▶ waits for a person already? ──▶ review
//                  └─▶ rules ──▶ (review, and a person let the order through: allow) ──▶ kept ──▶ told

import {
  decideRisk,
  type PaymentQuestion,
  type RiskControl,
  type RiskRules,
  type Verdict,
} from '../../risk/index.ts';
import type { Timers } from '../../runtime/index.ts';
import type { RiskDecisions } from './risk-decisions.ts';
import type { FoundFacts, RiskFactReads } from './risk-facts.ts';

export interface RiskJudgePorts {
  readonly rules: RiskRules;
  readonly facts: RiskFactReads;
  readonly decisions: RiskDecisions;
  readonly timers: Timers;
  readonly count: (outcome: Verdict['outcome']) => void;
  readonly onUnavailable: (why: string) => void;
}

export const RISK_JUDGE_LIMITS = {
  /** For all of one judgement, from its turn on. */
  msMax: 3_000,
  /** In their turn on one thread. More would wait for the same connections, all of them too long. */
  atOnceMax: 8,
  /** For the turn to come. */
  turnMsMax: 5_000,
  /** Asked of one thread and not told yet. */
  questionsMax: 500,
} as const;

export class RiskJudge implements RiskControl {
  readonly #ports: RiskJudgePorts;
  /** Begun, and not yet told. */
  #asked = 0;
  /** In their turn. */
  #underWay = 0;
  /** Each begins the turn of one who waits, in their order. */
  readonly #waiting = new Set<() => void>();

  constructor(ports: RiskJudgePorts) {
    this.#ports = ports;
  }

  async judge(question: PaymentQuestion): Promise<Verdict> {
    const verdict = await this.#judgeInTime(question);
    this.#ports.count(verdict.outcome);
    return verdict;
  }

  async #judgeInTime(question: PaymentQuestion): Promise<Verdict> {
    const { questionsMax, turnMsMax } = RISK_JUDGE_LIMITS;
    if (this.#asked >= questionsMax) return this.#unavailable(`${questionsMax} judgements are under way`);
    this.#asked++;
    try {
      const turn = this.#turn();
      if (turn === true || (await turn)) return await this.#inTurn(question);
      return this.#unavailable(`no turn within ${turnMsMax} ms`);
    } catch (error) {
      return this.#unavailable(error instanceof Error ? error.message : String(error));
    } finally {
      this.#asked--;
    }
  }

  async #inTurn(question: PaymentQuestion): Promise<Verdict> {
    const { timers } = this.#ports;
    const { msMax } = RISK_JUDGE_LIMITS;
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const cancel = timers.after(msMax, () => resolve(undefined));
    // The turn lasts as long as the work, also when nobody waits for it any more.
    const judged = this.#judge(question).finally(() => this.#endTurn());
    try {
      const verdict = await Promise.race([judged, late]);
      return verdict ?? this.#unavailable(`no judgement within ${msMax} ms`);
    } finally {
      cancel();
      // One that comes too late counts for nobody, nor does its failure.
      judged.catch(() => undefined);
    }
  }

  /** @returns false when it does not come in time */
  #turn(): Promise<boolean> | true {
    const { atOnceMax, turnMsMax } = RISK_JUDGE_LIMITS;
    if (this.#underWay < atOnceMax) {
      this.#underWay++;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#ports.timers.after(turnMsMax, () => {
      this.#waiting.delete(begin);
      resolve(false);
    });
    const begin = (): void => {
      cancel();
      resolve(true);
    };
    this.#waiting.add(begin);
    return promise;
  }

  /** The turn goes to whoever has waited longest. */
  #endTurn(): void {
    for (const begin of this.#waiting) {
      this.#waiting.delete(begin);
      return begin();
    }
    this.#underWay--;
  }

  async #judge(question: PaymentQuestion): Promise<Verdict> {
    const { facts, decisions, rules } = this.#ports;
    await facts.note(question);
    const found = await facts.find(question);
    if (found.isInReview) return { outcome: 'review' };
    const { orderId, productId, customerId } = question;
    const { outcome, reasons } = withApproval(decideRisk(rules, found.facts), found);
    await decisions.keep({
      orderId,
      productId,
      customerId,
      outcome,
      rules: rules.digest,
      reasons,
      facts: found.facts,
    });
    return { outcome };
  }

  #unavailable(why: string): Verdict {
    const { extendMs, mostMs, outcome } = this.#ports.rules.unavailable;
    this.#ports.onUnavailable(why);
    // oxlint-disable-next-line unicorn/no-thenable -- no function, so that nobody awaits it
    return { outcome: 'unavailable', extendMs, mostMs, then: outcome };
  }
}

/** What a person looked at is not looked at again; what is refused by now stays refused. */
function withApproval(
  { outcome, reasons }: ReturnType<typeof decideRisk>,
  { approvedBy }: FoundFacts,
): Pick<ReturnType<typeof decideRisk>, 'outcome' | 'reasons'> {
  if (outcome !== 'review' || approvedBy === undefined) return { outcome, reasons };
  return { outcome: 'allow', reasons: [`${approvedBy} let this order through before.`, ...reasons] };
}
