// The table by which a payment goes on, walked through by a model: an order and a provider, a node that dies at any step, a customer who
// cancels and a hold that ends at any moment. Wherever it comes to rest, money and order agree.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OrderStatus } from '../../src/actors/index.ts';
import type { ProviderPayment } from '../../src/payments/index.ts';
import { nextStep, PAYMENT_COURSE_LIMITS, type Situation, type Step } from '../../src/persistence/index.ts';

const MONEY = { amount: 4_900, currency: 'EUR' };
const HOLD_ENDS = 300_000;

const payment = (state: ProviderPayment['state'], declined?: string): ProviderPayment => ({
  orderId: 'order',
  providerId: 'pay_1',
  state,
  amount: MONEY,
  declined,
});

const situation = (changes: Partial<Situation>): Situation => ({
  row: { amount: MONEY, token: 'token', attempts: 1, approvedBy: undefined, begunAt: 0 },
  status: 'payment_pending',
  isLetGo: false,
  holdExpiresAt: HOLD_ENDS,
  payment: 'unasked',
  hasTried: false,
  hasExtended: false,
  whenUnavailable: 'expire',
  now: 10_000,
  ...changes,
});

const approved = { ...situation({}).row, approvedBy: 'Ada' };
const free = { ...approved, amount: { amount: 0, currency: 'EUR' } };

describe('the next step of a payment', () => {
  test.each<[string, Partial<Situation>, Step['kind']]>([
    ['the provider is asked first', {}, 'find'],
    ['what it never heard of is tried, as the customer wished', { payment: 'unheard' }, 'capture'],
    ['and not twice in one go', { payment: 'unheard', hasTried: true }, 'wait'],
    ['what is taken is settled', { payment: payment('captured') }, 'settle'],
    ['a declined try leaves the order to its customer', { payment: payment('open', 'no') }, 'decline'],
    ['an undecided one is waited for', { payment: payment('pending') }, 'wait'],
    [
      'an order that was never journaled as pending is not paid',
      { status: 'reserved', payment: 'unheard' },
      'wait',
    ],
    [
      'a review that nobody decided asks nobody',
      { status: 'in_review', row: { ...approved, approvedBy: undefined, attempts: 0 } },
      'wait',
    ],
    ['an approved one is tried', { status: 'in_review', row: approved, payment: 'unheard' }, 'capture'],
    [
      'and cancelled when the bank says no',
      { status: 'in_review', row: approved, payment: payment('open', 'no'), hasTried: true },
      'cancel',
    ],
    [
      'an approved one waits for the bank',
      { status: 'in_review', row: approved, payment: payment('pending') },
      'wait',
    ],
    [
      'but not for ever',
      {
        status: 'in_review',
        row: approved,
        payment: payment('pending'),
        now: PAYMENT_COURSE_LIMITS.lateMsMax,
      },
      'void',
    ],
    ['what costs nothing is approved without a provider', { status: 'in_review', row: free }, 'settle'],
    [
      'a person decides on it all the same',
      { status: 'in_review', row: { ...free, approvedBy: undefined } },
      'wait',
    ],
    ['and it is closed when it is paid', { status: 'paid', row: free }, 'close'],
    [
      'money for a cancelled order is settled, to go back',
      { status: 'cancelled', payment: payment('captured') },
      'settle',
    ],
    [
      'a cancelled order’s payment is voided, also one that nobody heard of',
      { status: 'cancelled', payment: 'unheard' },
      'void',
    ],
    [
      'an expired order’s payment may still come',
      { status: 'expired', payment: payment('pending'), now: HOLD_ENDS },
      'wait',
    ],
    [
      'and is voided when it does not',
      { status: 'expired', payment: payment('pending'), now: HOLD_ENDS + PAYMENT_COURSE_LIMITS.lateMsMax },
      'void',
    ],
    ['what is due goes back', { status: 'refund_due', payment: payment('captured') }, 'refund'],
    ['and is journaled', { status: 'refund_due', payment: payment('refunded') }, 'refunded'],
    [
      'a paid order whose money is not taken is told, not closed',
      { status: 'paid', payment: payment('open') },
      'wait',
    ],
    [
      'another amount is told, not settled',
      { payment: { ...payment('captured'), amount: { amount: 1, currency: 'EUR' } } },
      'wait',
    ],
    [
      'an order that nobody knows gets its money back',
      { status: 'unknown', payment: payment('captured') },
      'refund',
    ],
    [
      'so does one whose actor let it go',
      { status: 'expired', isLetGo: true, payment: payment('captured') },
      'refund',
    ],
    ['nobody can say: the hold goes on', { payment: 'unavailable' }, 'extend'],
    ['until it may not', { payment: 'unavailable', hasExtended: true, now: HOLD_ENDS - 5_000 }, 'wait'],
    [
      'or a person decides',
      { payment: 'unavailable', hasExtended: true, now: HOLD_ENDS - 5_000, whenUnavailable: 'review' },
      'review',
    ],
  ])('%s', (_, changes, kind) => {
    expect(nextStep(situation(changes)).kind).toBe(kind);
  });

  test('a row is closed only when nothing can be taken any more', () => {
    const states = ['open', 'pending', 'captured', 'refunded', 'voided'] as const;
    const statuses = [
      'reserved',
      'payment_pending',
      'in_review',
      'paid',
      'cancelled',
      'expired',
      'refund_due',
      'refunded',
    ] as const;
    for (const status of statuses)
      for (const state of states)
        for (const hasTried of [false, true]) {
          const step = nextStep(situation({ status, payment: payment(state), hasTried, now: 2 * HOLD_ENDS }));
          if (step.kind !== 'close' || status === 'refunded') continue;
          expect(['captured', 'refunded', 'voided'], `${status}, ${state}`).toContain(state);
          if (state === 'captured') expect(status).toBe('paid');
        }
  });
});

/** What can happen around whoever goes on with it. */
const happening = fc.constantFrom(
  'step',
  'die',
  'cancel',
  'expire',
  'unit sold',
  'decided',
  'away',
  'approve',
);
const bank = fc.record({
  captures: fc.array(fc.constantFrom('captured', 'declined', 'pending', 'lost', 'nothing'), {
    minLength: 1,
    maxLength: 3,
  }),
  decides: fc.constantFrom('captured', 'declined'),
  review: fc.boolean(),
});

class World {
  status: OrderStatus;
  provider: ProviderPayment | undefined;
  captured = 0;
  refunded = 0;
  closed: string | undefined;
  now = 10_000;
  hasUnit = true;
  approvedBy: string | undefined;
  readonly #answers: string[];
  readonly #decides: string;
  at: Pick<Situation, 'payment' | 'hasTried' | 'hasExtended'> = World.fresh();

  constructor(answers: readonly string[], decides: string, review: boolean) {
    this.#answers = [...answers];
    this.#decides = decides;
    this.status = review ? 'in_review' : 'payment_pending';
  }

  static fresh(): World['at'] {
    return { payment: 'unasked', hasTried: false, hasExtended: false };
  }

  take(): void {
    if (this.provider?.state === 'captured') return;
    this.provider = payment('captured');
    this.captured++;
  }

  /** The bank decides on what is pending. */
  decide(): void {
    if (this.provider?.state !== 'pending') return;
    if (this.#decides === 'captured') this.take();
    else this.provider = payment('open', 'no');
  }

  step(): Step['kind'] {
    const row = { ...situation({}).row, approvedBy: this.approvedBy, attempts: 1 };
    const { status, now } = this;
    const step = nextStep(situation({ ...this.at, row, status, now }));
    switch (step.kind) {
      case 'find':
        this.at = { ...this.at, payment: this.provider ?? 'unheard' };
        break;
      case 'capture':
        this.at = { ...this.at, hasTried: true, payment: this.#capture() };
        break;
      case 'settle':
        this.#settle();
        break;
      case 'decline':
        if (this.status === 'payment_pending') this.status = 'reserved';
        break;
      case 'cancel':
        if (['reserved', 'payment_pending', 'in_review'].includes(this.status)) this.status = 'cancelled';
        break;
      case 'void':
        if (this.provider?.state !== 'captured' && this.provider?.state !== 'refunded')
          this.provider = payment('voided');
        this.at = { ...this.at, payment: this.provider };
        break;
      case 'refund':
        if (this.provider?.state === 'captured') this.refunded++;
        this.provider = payment('refunded');
        this.at = { ...this.at, payment: this.provider };
        break;
      case 'refunded':
        this.status = 'refunded';
        break;
      case 'extend':
        this.at = { ...this.at, hasExtended: true };
        break;
      case 'review':
        this.status = 'in_review';
        break;
      case 'close':
        this.closed = step.state;
        break;
      case 'wait':
        this.at = World.fresh();
        break;
    }
    return step.kind;
  }

  #capture(): Situation['payment'] {
    if (this.provider !== undefined && this.provider.state !== 'open') return this.provider;
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    if (answer === 'captured' || answer === 'lost') this.take();
    if (answer === 'declined') this.provider = payment('open', 'no');
    if (answer === 'pending') this.provider = payment('pending');
    return answer === 'lost' || answer === 'nothing' ? 'unavailable' : this.provider!;
  }

  /** As the actor decides it. */
  #settle(): void {
    if (['reserved', 'payment_pending', 'in_review'].includes(this.status)) this.status = 'paid';
    else if (this.status === 'expired') this.status = this.hasUnit ? 'paid' : 'refund_due';
    else if (this.status === 'cancelled') this.status = 'refund_due';
  }
}

test('whatever happens in between, money and order agree when it comes to rest', () => {
  fc.assert(
    fc.property(bank, fc.array(happening, { maxLength: 40 }), ({ captures, decides, review }, happenings) => {
      const world = new World(captures, decides, review);
      for (const what of happenings) {
        if (world.closed !== undefined) break;
        if (what === 'step') world.step();
        if (what === 'die') world.at = World.fresh();
        if (what === 'away') world.at = { ...world.at, payment: 'unavailable' };
        if (what === 'decided') world.decide();
        if (what === 'unit sold') world.hasUnit = false;
        if (what === 'approve') world.approvedBy = 'Ada';
        if (what === 'cancel' && ['reserved', 'payment_pending', 'in_review'].includes(world.status))
          world.status = 'cancelled';
        if (what === 'expire' && ['reserved', 'payment_pending'].includes(world.status)) {
          world.status = 'expired';
          world.now = HOLD_ENDS + 1;
        }
      }
      // Everything goes its way for long enough.
      world.decide();
      for (let steps = 0; world.closed === undefined && steps < 60; steps++) {
        if (world.step() !== 'wait') continue;
        world.now += PAYMENT_COURSE_LIMITS.lateMsMax;
        if (world.status === 'reserved' || world.status === 'payment_pending') world.status = 'expired';
        if (world.status === 'in_review') world.approvedBy ??= 'Ada';
        if (steps > 40 && world.status === 'in_review') world.status = 'cancelled';
      }
      expect(world.closed, `${world.status}, ${world.provider?.state}`).toBeDefined();
      expect(world.captured).toBeLessThanOrEqual(1);
      expect(world.captured - world.refunded).toBe(world.status === 'paid' ? 1 : 0);
      expect(world.status === 'refunded').toBe(world.refunded === 1);
    }),
    { numRuns: 3_000 },
  );
});
