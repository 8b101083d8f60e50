// Preloaded into every thread of a node (NODE_OPTIONS=--import): each payment stops for good in front of one of the things that are done
// about it, or right behind it, until the test kills the node. Which one its token says: `succeed/stop-4` stops at the fifth place. In
// a node that only follows payments (PAYMENT_FAULTS_SEED) chance says it, by the order's id. What stops where is written to a file.

import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { orderIdText, type Command } from '../../src/actors/index.ts';

const log = process.env['PAYMENT_FAULTS'];
const seed = process.env['PAYMENT_FAULTS_SEED'];
const isWorker = (workerData as { worker?: number } | null)?.worker !== undefined;

/** By order: how many places it passes before it stops. */
const patience = new Map<string, number>();
/** A webhook meets the payments that stand; where tokens say who stops where, it passes. */
const passing = new AsyncLocalStorage<boolean>();
const NEVER = new Promise<never>(() => undefined);

const named = (token: string): number | undefined => {
  const [, at] = /\/stop-(\d+)/.exec(token) ?? [];
  return at === undefined ? undefined : Number(at);
};

const byChance = (orderId: string): number =>
  [...(orderId + seed)].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 9_973, 7) % 9;

/** One more place of this payment; it may be its last. */
async function pass(orderId: string, place: string, first?: number): Promise<void> {
  if (passing.getStore()) return;
  const left = patience.get(orderId) ?? first ?? (seed === undefined ? Infinity : byChance(orderId));
  patience.set(orderId, left - 1);
  if (left > 0) return;
  appendFileSync(log!, `${orderId} ${place}\n`);
  await NEVER;
}

type Method = (this: unknown, ...values: never[]) => Promise<unknown>;

/** @param about the order's id of a call's arguments, and the places before its end, where a token says it */
function guard(
  prototype: object,
  name: string,
  about: (...values: never[]) => { orderId: string; what?: string; first?: number | undefined } | undefined,
): void {
  const methods = prototype as Record<string, Method>;
  const real = methods[name]!;
  methods[name] = async function (...values) {
    const told = about(...values);
    if (told === undefined) return real.apply(this, values);
    const { orderId, what = name, first } = told;
    await pass(orderId, `before ${what}`, first);
    const value = await real.apply(this, values);
    await pass(orderId, `after ${what}`);
    return value;
  };
}

const COMMANDS = new Set(['pay', 'decline', 'refund', 'cancel', 'extendHold', 'deny']);

if (log !== undefined && isWorker) {
  const [{ PaymentLedger }, { HttpProvider }, { Router }, { ProviderNews }] = await Promise.all([
    import('../../src/persistence/payments/payment-ledger.ts'),
    import('../../src/payments/http-provider.ts'),
    import('../../src/runtime/router.ts'),
    import('../../src/http/payment/provider-news.ts'),
  ]);
  const news = ProviderNews.prototype as unknown as Record<'take', Method>;
  const { take } = news;
  news.take = function (...values) {
    return passing.run(seed === undefined, () => take.apply(this, values));
  };
  const byId = (orderId: string) => ({ orderId });
  guard(PaymentLedger.prototype, 'begin', ({ orderId, token }: { orderId: string; token: string }) => ({
    orderId,
    first: named(token),
  }));
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
