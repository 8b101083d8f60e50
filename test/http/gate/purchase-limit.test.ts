// What limits do to purchases, with doors and looks that the tests make.

import { expect, test } from 'vitest';
import { customerKeyOf, keyOf, type Reserve } from '../../../src/actors/index.ts';
import type { Answer } from '../../../src/http/answer.ts';
import { Counters } from '../../../src/http/counters.ts';
import {
  ACCEPTED_ANSWERS_MAX,
  BucketTable,
  limitsOf,
  PurchaseLimit,
  RateLimits,
  REQUEST_CLASSES,
  type LimitPolicy,
} from '../../../src/http/gate/limits/index.ts';

const LIMIT = 'customer 2/600s, address off, anonymous 1/600s';
const ACCEPTED: Answer = { status: 201, headers: { Location: '/v1/orders/1' }, body: '{"id":"1"}' };

class Desk {
  ms = 5_000_000;
  looks = 0;
  readonly limit: PurchaseLimit;

  constructor(isLimited = (_productId: string): boolean => true) {
    const policy = Object.fromEntries(
      REQUEST_CLASSES.map((kind) => [kind, limitsOf(LIMIT, LIMIT)]),
    ) as LimitPolicy;
    const counters = new Counters();
    const clock = { monotonic: () => this.ms };
    const limits = new RateLimits({
      policy,
      table: new BucketTable(false),
      secret: 'a secret',
      clock,
      counters,
    });
    this.limit = new PurchaseLimit(limits, { isLimited }, counters);
  }

  /** Beyond the limit. @param found by the look for an order */
  beyond(key: string, found?: Answer, customer = 'ada'): Promise<Answer> {
    const command = commandOf(key, customer);
    let verdict = this.limit.judge('kettle', command.customerKey, '192.0.2.1')!;
    while (verdict.isAllowed) verdict = this.limit.judge('kettle', command.customerKey, '192.0.2.1')!;
    return this.limit.beyond(command, verdict, () => {
      this.looks++;
      return Promise.resolve(found);
    });
  }
}

const commandOf = (key: string, customer = 'ada', quantity = 1): Reserve =>
  ({ requestKey: keyOf(customer + key), customerKey: customerKeyOf(customer), quantity }) as Reserve;

test('an acceptance that this thread told is told again without a look, as often as it is asked for', async () => {
  const desk = new Desk();
  desk.limit.accepted(commandOf('bought'), ACCEPTED);
  for (let time = 0; time < 100; time++)
    expect(await desk.beyond('bought')).toMatchObject({
      status: 201,
      body: ACCEPTED.body,
      headers: { 'Idempotency-Replayed': 'true', RateLimit: expect.stringContaining('r=0') },
    });
  expect(desk.looks).toBe(0);
  // To nobody else, and for no other wish.
  expect((await desk.beyond('bought', undefined, 'mallory')).status).toBe(429);
  const other = desk.limit.judge('kettle', customerKeyOf('ada'), '192.0.2.1')!;
  const another = await desk.limit.beyond(commandOf('bought', 'ada', 2), other, () =>
    Promise.resolve(undefined),
  );
  expect(another.status).toBe(429);
});

test('one that it told long ago, or never, is looked for; whoever keeps to Retry-After is always told', async () => {
  const desk = new Desk();
  desk.limit.accepted(commandOf('bought'), ACCEPTED);
  for (let number = 0; number < ACCEPTED_ANSWERS_MAX; number++)
    desk.limit.accepted(commandOf(`other-${number}`), ACCEPTED);
  // Somebody tries to use up the looks with keys that are made up.
  for (let number = 0; number < 50; number++) await desk.beyond(`made-up-${number}`);
  expect(desk.looks).toBe(5);
  const refused = await desk.beyond('bought', ACCEPTED);
  expect(refused.status).toBe(429);
  desk.ms += Number(refused.headers['Retry-After']) * 1_000;
  expect(await desk.beyond('bought', ACCEPTED)).toMatchObject({ status: 201 });
});

test('a campaign without limits has none on purchases', () => {
  const desk = new Desk((productId) => productId !== 'free');
  const judge = (productId: string) => desk.limit.judge(productId, customerKeyOf('ada'), '192.0.2.1');
  for (let time = 0; time < 10; time++) expect(judge('free')).toBeUndefined();
  expect([1, 2, 3].map(() => judge('kettle')!.isAllowed)).toEqual([true, true, false]);
});

test('where nothing is limited nothing is judged or said', async () => {
  const open = new PurchaseLimit(undefined, { isLimited: () => true }, new Counters());
  expect(open.judge('kettle', customerKeyOf('ada'), '192.0.2.1')).toBeUndefined();
  const wrong: Answer = { status: 400, headers: {}, body: '' };
  expect(open.faulty(undefined, '192.0.2.1', wrong)).toBe(wrong);
});
