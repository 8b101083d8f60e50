// Preloaded into every thread of a node (NODE_OPTIONS=--import): each payment stops for good in front of one of the things that are done
// about it, or right behind it, until the test kills the node. Which its token says: `succeed/stop-4` stops at the fifth point of a
// payment, `succeed/review-4` at that of a review. In
// a node that only follows payments (PAYMENT_FAULTS_SEED) chance says it, by the order's id. What stops where is written to a file.

import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { orderIdText, type Command } from '../../src/actors/index.ts';
import { CRASH_POINTS, REVIEW_POINTS } from './payment-points.ts';

const log = process.env['PAYMENT_FAULTS'];
const seed = process.env['PAYMENT_FAULTS_SEED'];
const isWorker = (workerData as { worker?: number } | null)?.worker !== undefined;

/** By order: at which point its token says that it stops. */
const wanted = new Map<string, string | undefined>();
/** By order: how many points it passes before it stops by chance. */
const patience = new Map<string, number>();
/** A webhook meets the payments that stand; where tokens say who stops where, it passes. */
const passing = new AsyncLocalStorage<boolean>();
const NEVER = new Promise<never>(() => undefined);

const named = (token: string): string | undefined => {
  const [, how, at] = /\/(stop|review)-(\d+)/.exec(token) ?? [];
  return (how === 'review' ? REVIEW_POINTS : CRASH_POINTS)[Number(at)];
};

const byChance = (orderId: string): number =>
  Array.from(orderId + seed).reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 9_973, 7) % 9;

/** One more point of this payment; it may be its last. */
async function pass(orderId: string, point: string): Promise<void> {
  if (passing.getStore()) return;
  if (seed === undefined) {
    if (wanted.get(orderId) !== point) return;
  } else {
    const left = patience.get(orderId) ?? byChance(orderId);
    patience.set(orderId, left - 1);
    if (left > 0) return;
  }
  appendFileSync(log!, `${orderId} ${point}\n`);
  await NEVER;
}

type Method = (this: unknown, ...values: never[]) => Promise<unknown>;

/** @param about the order's id of a call's arguments, and what else than its name the call is named */
function guard(
  prototype: object,
  name: string,
  about: (...values: never[]) => { orderId: string; what?: string } | undefined,
): void {
  const methods = prototype as Record<string, Method>;
  const real = methods[name]!;
  methods[name] = async function (...values) {
    const told = about(...values);
    if (told === undefined) return real.apply(this, values);
    const { orderId, what = name } = told;
    await pass(orderId, `before ${what}`);
    const value = await real.apply(this, values);
    await pass(orderId, `after ${what}`);
    return value;
  };
}

const COMMANDS = new Set(['pay', 'decline', 'refund', 'cancel', 'extendHold', 'deny']);

if (log !== undefined && isWorker) {
  const [{ PaymentLedger }, { HttpProvider }, { Router }, { ProviderNews }, { RiskDecisions }] =
    await Promise.all([
      import('../../src/persistence/payments/payment-ledger.ts'),
      import('../../src/payments/http-provider.ts'),
      import('../../src/runtime/router.ts'),
      import('../../src/http/payment/provider-news.ts'),
      import('../../src/persistence/risk/risk-decisions.ts'),
    ]);
  const news = ProviderNews.prototype as unknown as Record<'take', Method>;
  const { take } = news;
  news.take = function (...values) {
    return passing.run(seed === undefined, () => take.apply(this, values));
  };
  const byId = (orderId: string) => ({ orderId });
  guard(PaymentLedger.prototype, 'begin', ({ orderId, token }: { orderId: string; token: string }) => {
    wanted.set(orderId, named(token));
    return { orderId };
  });
  for (const name of ['noteReview', 'settleReview']) guard(RiskDecisions.prototype, name, byId);
  guard(PaymentLedger.prototype, 'close', byId);
  guard(PaymentLedger.prototype, 'approve', byId);
  guard(PaymentLedger.prototype, 'asked', byId);
  guard(HttpProvider.prototype, 'capture', ({ orderId }: { orderId: string }) => ({ orderId }));
  for (const name of ['find', 'void', 'refund']) guard(HttpProvider.prototype, name, byId);
  guard(Router.prototype, 'request', (command: Command) =>
    COMMANDS.has(command.kind) && 'orderId' in command
      ? {
          orderId: orderIdText(command.orderId),
          what: command.kind === 'pay' ? `pay ${command.settlement}` : `command ${command.kind}`,
        }
      : undefined,
  );
}
