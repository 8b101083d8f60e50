// What an attack is, and what is told of it afterwards.

import type { Stage } from './stage.ts';

export interface Scenario {
  readonly name: string;
  /** What the attacker tries, in a sentence. */
  readonly tries: string;
  /** One node, or two that share NATS, Postgres and Redis. */
  readonly ground: 'node' | 'cluster';
  run(stage: Stage): Promise<void>;
}

export interface HonestFigures {
  readonly shoppers: number;
  /** Who paid for their order. */
  readonly bought: number;
  /** Of all units that were sold or are held, between 0 and 1; null when none was. */
  readonly share: number | null;
  /** From the press of Buy to the answer, milliseconds. */
  readonly buyP50Ms: number | null;
  readonly buyP99Ms: number | null;
  /** From the wish to the payment, the proof of work and every waiting included, milliseconds. */
  readonly wholeP50Ms: number | null;
  readonly wholeP99Ms: number | null;
}

export interface AttackReport {
  readonly scenario: string;
  readonly attempts: number;
  /** Refused, by the problem's code. */
  readonly blocked: Readonly<Record<string, number>>;
  /** As anybody may. */
  readonly through: Readonly<Record<string, number>>;
  /** Got through and should not have; and honest shoppers who were turned away. */
  readonly breaches: number;
  /** The first of them, in words. */
  readonly told: readonly string[];
  readonly honest: HonestFigures;
  /** Of the audit behind it. */
  readonly violations: number;
  readonly seconds: number;
}

export const isHeld = ({ breaches, violations }: AttackReport): boolean => breaches === 0 && violations === 0;
