// Payments of one worker thread: the desk that takes them, and, on a node's first thread, the keeper that follows what is left open.
// Opened when the thread begins to serve, and stopped before its pool ends.

import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import {
  NO_PAYMENTS,
  PaymentDesk,
  type ClientAddresses,
  type Counters,
  type Payments,
} from './http/index.ts';
import type { ProviderConfig } from './payment-config.ts';
import { HttpProvider, REVIEW_FINGERPRINT } from './payments/index.ts';
import { OrderReads, PaymentKeeper, PaymentLedger } from './persistence/index.ts';
import type { RiskControl } from './risk/index.ts';
import type { Clock, Random, Router, Timers } from './runtime/index.ts';
import { SeldomLog } from './seldom-log.ts';
import { messageOf } from './start-error.ts';

export interface OpenPaymentsPorts {
  /** Undefined: nobody takes money. */
  readonly provider: ProviderConfig | undefined;
  readonly pool: Pool;
  readonly router: Router;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly config: Pick<Config, 'payments' | 'demo' | 'databaseUrl'>;
  /** Undefined: everything is allowed. */
  readonly risk: RiskControl | undefined;
  readonly addresses: ClientAddresses;
  readonly counters: Counters;
  /** Of this node: what is done once for each node is done by the first. */
  readonly worker: number;
  readonly logger: Logger;
}

export interface OpenPayments {
  readonly payments: Payments;
  stop(): Promise<void>;
}

const ALLOW_ALL: RiskControl = { judge: () => Promise.resolve({ outcome: 'allow' }) };

export function openPayments(ports: OpenPaymentsPorts): OpenPayments {
  const { provider: who, pool, router, clock, timers, random, config, addresses, counters, logger } = ports;
  if (who === undefined) return { payments: NO_PAYMENTS, stop: () => Promise.resolve() };
  const { timeoutMs, holdExtensionMs, whenUnavailable } = config.payments;
  const ledger = new PaymentLedger(pool);
  const troubles = new SeldomLog(clock, (trouble, times) =>
    logger.warn({ trouble, times }, 'a payment cannot be gone on with now; it is followed'),
  );
  const course = {
    engine: router,
    provider: new HttpProvider({ ...who, timeoutMs }),
    ledger,
    orders: new OrderReads(pool),
    clock,
    holdExtensionMs,
    whenUnavailable,
    onStep: (step: string) => counters.payment(step),
  };
  const risk = ports.risk ?? ALLOW_ALL;
  const payments = new PaymentDesk({
    ...course,
    risk: config.demo ? reviewedInDemo(risk, ledger, clock) : risk,
    webhookSecret: who.webhookSecret,
    timeoutMs,
    hashOf: (address) => addresses.hashOf(address),
    onJudged: (outcome) => counters.payment(`judged_${outcome}`),
    onTrouble: (what, error) => troubles.tell(error === undefined ? what : `${what}: ${messageOf(error)}`),
  });
  if (ports.worker !== 0) return { payments, stop: () => Promise.resolve() };
  // Nobody else's Postgres loses what it said that it has.
  const findsLost = config.databaseUrl === undefined;
  const keeper = new PaymentKeeper({ ...course, timers, random, logger, findsLost });
  keeper.start();
  return { payments, stop: () => keeper.stop() };
}

/** So that reviews can be seen without a rule that asks for them. */
function reviewedInDemo(risk: RiskControl, ledger: PaymentLedger, clock: Clock): RiskControl {
  return {
    async judge(question) {
      const verdict = await risk.judge(question);
      if (question.fingerprint !== REVIEW_FINGERPRINT || verdict.outcome !== 'allow') return verdict;
      await ledger.noteReview(question, 'The sandbox’s token `review` asks for a person.', clock.now());
      return { outcome: 'review' };
    },
  };
}
