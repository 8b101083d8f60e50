// Judgements on payments, with what both kinds of Postgres know of them.

import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  CustomerStatuses,
  migrate,
  migrateCatalogue,
  openPool,
  PaymentLedger,
  RiskDecisions,
  RiskFactReads,
  RISK_JUDGE_LIMITS,
  RiskJudge,
} from '../../../src/persistence/index.ts';
import type { PaymentQuestion, RiskFacts, RiskOutcome, RiskRules } from '../../../src/risk/index.ts';
import { systemTimers } from '../../../src/runtime/index.ts';
import { PLAIN, rulesOf } from '../../risk/facts.ts';
import { POSTGRES_KINDS, SERVER_MS_MAX, type StartedPostgres } from '../postgres-kinds.ts';
import { newCustomer, newOrderId, putOrder, putOrigin, questionOf } from './rows.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;

const RULES = rulesOf(`
  { "name": "Blocked", "when": [{ "fact": "status", "is": ["blocked"] }], "outcome": "deny" },
  { "name": "Restricted", "when": [{ "fact": "status", "is": ["restricted"] }], "outcome": "review" },
  { "name": "Shared card", "when": [{ "fact": "customersPerFingerprint", "within": "1h", "atLeast": 3 }], "outcome": "deny" }
`);

describe.each(POSTGRES_KINDS)('risk control on $kind Postgres', { timeout: SERVER_MS_MAX }, ({ start }) => {
  let postgres: StartedPostgres;
  let pool: Pool;
  let decisions: RiskDecisions;
  let statuses: CustomerStatuses;
  let reads: RiskFactReads;
  const troubles: string[] = [];
  const counted: string[] = [];

  const judgeOf = (rules: RiskRules = RULES, on = pool): RiskJudge =>
    new RiskJudge({
      rules,
      facts: new RiskFactReads(on),
      decisions: new RiskDecisions(on),
      timers: systemTimers,
      count: (outcome) => counted.push(outcome),
      onUnavailable: (why) => troubles.push(why),
    });

  const factsOf = async (question: PaymentQuestion): Promise<RiskFacts> => {
    await reads.note(question);
    return (await reads.find(question)).facts;
  };

  const say = (customerId: string, status: 'active' | 'new' | 'restricted' | 'blocked') =>
    statuses.save([{ customerId, status, accountCreatedAt: undefined, asOf: Date.now(), source: 'test' }]);

  beforeAll(async () => {
    postgres = await start();
    pool = openPool(postgres.connection, 8, 'doorbuster test');
    await migrate(pool);
    await migrateCatalogue(pool);
    decisions = new RiskDecisions(pool);
    statuses = new CustomerStatuses(pool);
    reads = new RiskFactReads(pool);
  }, SERVER_MS_MAX);
  afterAll(async () => {
    await pool?.end();
    await postgres?.stop();
  }, SERVER_MS_MAX);

  test('a customer of whom nothing is known is active, alone and orders for the first time', async () => {
    const counts = (count: number) => ({ '10m': count, '1h': count, '1d': count, '7d': count });
    expect(await factsOf(questionOf({ fingerprint: 'a card', quantity: 2 }))).toEqual({
      status: 'active',
      accountAgeSeconds: null,
      ordersOfCustomer: counts(1),
      abandonedHolds: counts(0),
      customersPerAddress: counts(1),
      customersPerFingerprint: counts(1),
      quantity: 2,
      amount: { amount: 1_999, currency: 'EUR' },
    });
    expect((await factsOf(questionOf())).customersPerFingerprint).toBeNull();
  });

  test('orders are counted by their age, this one always, and those of others never', async () => {
    const customerId = newCustomer();
    const own = await putOrder(pool, customerId, { status: 'reserved' });
    await putOrder(pool, customerId, { ago: 60 });
    await putOrder(pool, customerId, { ago: 0.5 * HOUR });
    await putOrder(pool, customerId, { ago: 2 * HOUR, status: 'cancelled' });
    await putOrder(pool, customerId, { ago: 3 * DAY });
    await putOrder(pool, customerId, { ago: 8 * DAY });
    await putOrder(pool, newCustomer());
    const facts = await factsOf(questionOf({ customerId, orderId: own }));
    expect(facts.ordersOfCustomer).toEqual({ '10m': 2, '1h': 3, '1d': 4, '7d': 5 });
  });

  test('holds that ran out are counted by their ends', async () => {
    const customerId = newCustomer();
    await putOrder(pool, customerId, { ago: 0.9 * HOUR, status: 'expired', holdSeconds: 0.8 * HOUR });
    await putOrder(pool, customerId, { ago: 2 * HOUR, status: 'expired', holdSeconds: 600 });
    await putOrder(pool, customerId, { ago: 60, status: 'paid', holdSeconds: 30 });
    const { abandonedHolds } = await factsOf(questionOf({ customerId }));
    expect(abandonedHolds).toEqual({ '10m': 1, '1h': 1, '1d': 2, '7d': 2 });
  });

  test('customers of one address are counted once each, whether they ordered or paid from it', async () => {
    const address = 'shared address';
    const [one, other] = [newCustomer(), newCustomer()];
    await reads.note(questionOf({ address, customerId: one }));
    await reads.note(questionOf({ address, customerId: one }));
    await putOrigin(pool, one, address, 10);
    await putOrigin(pool, other, address, 2 * HOUR);
    await putOrigin(pool, newCustomer(), address, 8 * DAY);
    const { customersPerAddress } = await factsOf(questionOf({ address }));
    expect(customersPerAddress).toEqual({ '10m': 2, '1h': 2, '1d': 3, '7d': 3 });
  });

  test('the age of an account is known when another system said it', async () => {
    const customerId = newCustomer();
    const at = Date.now() - 90_000;
    await statuses.save([{ customerId, status: 'new', accountCreatedAt: at, asOf: at, source: 'shop' }]);
    const { status, accountAgeSeconds } = await factsOf(questionOf({ customerId }));
    expect(status).toBe('new');
    expect(accountAgeSeconds).toBeGreaterThanOrEqual(90);
    expect(accountAgeSeconds).toBeLessThan(90 + HOUR);
  });

  test('of customers who pay by one card at the same time, as many get through as may', async () => {
    const judge = judgeOf();
    const fingerprint = `card ${newCustomer()}`;
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async () => (await judge.judge(questionOf({ fingerprint }))).outcome),
    );
    expect(outcomes.filter((outcome) => outcome === 'allow').length).toBeLessThanOrEqual(2);
    expect(outcomes.filter((outcome) => outcome === 'deny').length).toBeGreaterThanOrEqual(6);
  });

  test('each decision is kept with its reasons, its facts and its rules before it is told', async () => {
    const question = questionOf();
    await say(question.customerId, 'blocked');
    expect(await judgeOf().judge(question)).toEqual({ outcome: 'deny' });
    const { decisions: kept, next } = await decisions.find({ orderId: question.orderId, limit: 10 });
    expect(next).toBeUndefined();
    expect(kept).toMatchObject([
      {
        orderId: question.orderId,
        productId: 'sku-1',
        customerId: question.customerId,
        outcome: 'deny',
        decidedBy: 'rules',
        rules: RULES.digest,
        reasons: ['Blocked: the customer is blocked (deny).'],
        settledAt: undefined,
      },
    ]);
    expect(kept[0]!.facts.status).toBe('blocked');
    expect(Math.abs(kept[0]!.at - Date.now())).toBeLessThan(HOUR * 1_000);
    // A server's clock has microseconds, and a moment of a page has none.
    expect(kept[0]!.at).toBe(Math.floor(kept[0]!.at));
  });

  describe('a review', () => {
    const reviewed = async (): Promise<PaymentQuestion> => {
      const question = questionOf();
      await say(question.customerId, 'restricted');
      expect(await judgeOf().judge(question)).toEqual({ outcome: 'review' });
      return question;
    };
    const decide = (orderId: string, outcome: 'allow' | 'deny', by = 'Ada') =>
      decisions.noteReview(orderId, { outcome, by, note: 'looked at it' });

    test('waits, once, however often the customer tries', async () => {
      const question = await reviewed();
      const open = await decisions.countOpen();
      await say(question.customerId, 'active');
      expect(await judgeOf().judge(question)).toEqual({ outcome: 'review' });
      expect(await decisions.countOpen()).toBe(open);
      expect((await decisions.find({ orderId: question.orderId, limit: 10 })).decisions).toHaveLength(1);
      expect(await decisions.openReview(question.orderId)).toMatchObject({
        orderId: question.orderId,
        orderStatus: undefined,
        decided: undefined,
      });
    });

    test('is decided by a person, and then the order passes', async () => {
      const question = await reviewed();
      expect(await decide(question.orderId, 'allow')).toEqual({ outcome: 'kept' });
      expect((await decisions.openReview(question.orderId))?.decided).toEqual({
        outcome: 'allow',
        by: 'Ada',
      });
      await decisions.settleReview(question.orderId);
      expect(await decisions.openReview(question.orderId)).toBeUndefined();
      expect(await judgeOf().judge(question)).toEqual({ outcome: 'allow' });
      const { decisions: kept } = await decisions.find({ orderId: question.orderId, limit: 10 });
      expect(kept.map(({ decidedBy, outcome, reasons }) => [decidedBy, outcome, reasons[0]])).toEqual([
        ['rules', 'allow', 'Ada let this order through before.'],
        ['Ada', 'allow', 'looked at it'],
        ['rules', 'review', 'Restricted: the customer is restricted (review).'],
      ]);
      expect(kept[2]!.settledAt).toBeGreaterThan(0);
    });

    test('that a person let through does not let a customer pass who is blocked by then', async () => {
      const question = await reviewed();
      await decide(question.orderId, 'allow');
      await decisions.settleReview(question.orderId);
      await say(question.customerId, 'blocked');
      expect(await judgeOf().judge(question)).toEqual({ outcome: 'deny' });
    });

    test('is not spared by what the rules said of the order before', async () => {
      const question = questionOf();
      expect(await judgeOf().judge(question)).toEqual({ outcome: 'allow' });
      await say(question.customerId, 'restricted');
      expect(await judgeOf().judge(question)).toEqual({ outcome: 'review' });
    });

    test('is decided by one of two people who decide at once', async () => {
      const question = await reviewed();
      const [one, other] = await Promise.all([
        decide(question.orderId, 'allow', 'Ada'),
        decide(question.orderId, 'deny', 'Ben'),
      ]);
      expect([one.outcome, other.outcome].toSorted()).toEqual(['decided_otherwise', 'kept']);
      const kept = one.outcome === 'kept' ? 'allow' : 'deny';
      expect(await decide(question.orderId, kept, 'Cy')).toEqual({ outcome: 'kept' });
      expect((await decisions.find({ orderId: question.orderId, limit: 10 })).decisions).toHaveLength(2);
      await decisions.settleReview(question.orderId);
      expect(await decide(question.orderId, 'allow')).toEqual({ outcome: 'no_review' });
    });

    test('keeps nobody waiting whose order ended by itself', async () => {
      const question = await reviewed();
      const shown = async () => {
        const { reviews } = await decisions.openReviews({ limit: 100 });
        return reviews.find(({ orderId }) => orderId === question.orderId);
      };
      await putOrder(pool, question.customerId, { id: question.orderId, status: 'in_review' });
      expect(await shown()).toMatchObject({ orderStatus: 'in_review' });
      await pool.query(`UPDATE doorbuster.orders SET status = 'cancelled' WHERE id = $1`, [question.orderId]);
      expect(await shown()).toBeUndefined();
      await decisions.sweep();
      expect(await decisions.openReview(question.orderId)).toBeUndefined();
    });

    test('that no rule asked for has facts as any other, and is no judgement that rules are tried on', async () => {
      const question = questionOf({ quantity: 2 });
      await say(question.customerId, 'restricted');
      await putOrder(pool, question.customerId, { id: question.orderId, status: 'in_review' });
      const ledger = new PaymentLedger(pool);
      const before = (await decisions.recorded(1)).map(({ orderId }) => orderId);
      await ledger.noteReview(question, 'Nobody can say.', Date.now());
      await ledger.noteReview(question, 'Nobody can say again.', Date.now());
      const { reviews } = await decisions.openReviews({ limit: 100 });
      expect(reviews.filter(({ orderId }) => orderId === question.orderId)).toMatchObject([
        {
          reasons: ['Nobody can say.'],
          facts: { ...PLAIN, status: 'restricted', customersPerFingerprint: null, amount: question.amount },
        },
      ]);
      expect((await decisions.recorded(1)).map(({ orderId }) => orderId)).toEqual(before);
    });

    test('keeps everybody from asking the provider once more, until a person let the order through', async () => {
      const question = await reviewed();
      const ledger = new PaymentLedger(pool);
      const begun = { ...question, token: 'card', asks: true, firstLookMs: 60_000, now: Date.now() };
      await ledger.begin(begun);
      expect(await ledger.asked(question.orderId)).toBeUndefined();
      await ledger.approve(question.orderId, 'Ada', Date.now());
      expect(await ledger.asked(question.orderId)).toMatchObject({ token: 'card', attempts: 2 });
    });

    test('comes in pages, the oldest first', async () => {
      const orders: string[] = [];
      for (let count = 0; count < 3; count++) orders.push((await reviewed()).orderId);
      const seen: string[] = [];
      for (let after: number | undefined = 0; after !== undefined;) {
        const page = await decisions.openReviews({ limit: 2, after });
        expect(page.reviews.length).toBeLessThanOrEqual(2);
        seen.push(...page.reviews.map(({ orderId }) => orderId));
        after = page.next;
      }
      expect(seen.filter((orderId) => orders.includes(orderId))).toEqual(orders);
    });
  });

  test('decisions of a customer come in pages, newest first', async () => {
    const customerId = newCustomer();
    const judge = judgeOf();
    const orders = [newOrderId(), newOrderId(), newOrderId()];
    for (const orderId of orders) await judge.judge(questionOf({ customerId, orderId }));
    const first = await decisions.find({ customerId, limit: 2 });
    const second = await decisions.find({ customerId, limit: 2, before: first.next });
    expect([...first.decisions, ...second.decisions].map(({ orderId }) => orderId)).toEqual(
      orders.toReversed(),
    );
    expect(second.next).toBeUndefined();
    expect((await decisions.recorded(3)).map(({ orderId }) => orderId)).toEqual(orders.toReversed());
  });

  test('while Postgres cannot be asked, nobody is let through or refused for it', async () => {
    const away = openPool(
      { host: '127.0.0.1', port: 1, database: 'none', user: 'none' },
      1,
      'doorbuster test',
    );
    troubles.length = 0;
    counted.length = 0;
    const rules = {
      ...RULES,
      unavailable: { extendMs: 60_000, mostMs: 300_000, outcome: 'review' as RiskOutcome },
    };
    const judge = judgeOf(rules, away);
    const verdict = await judge.judge(questionOf());
    expect(verdict).toMatchObject({ outcome: 'unavailable', extendMs: 60_000, mostMs: 300_000 });
    expect('then' in verdict && verdict.then).toBe('review');
    expect(troubles).toHaveLength(1);
    expect(counted).toEqual(['unavailable']);
    await away.end();
  });

  test('a decision that cannot be kept is not told', async () => {
    const unable = new RiskJudge({
      rules: RULES,
      facts: reads,
      decisions: { keep: () => Promise.reject(new Error('no room')) } as unknown as RiskDecisions,
      timers: systemTimers,
      count: (outcome) => counted.push(outcome),
      onUnavailable: (why) => troubles.push(why),
    });
    expect((await unable.judge(questionOf())).outcome).toBe('unavailable');
    expect(troubles.at(-1)).toBe('no room');
  });

  test('what says nothing in time is unavailable', async () => {
    let ring = (): void => undefined;
    const slow = new RiskJudge({
      rules: RULES,
      facts: { note: () => new Promise(() => undefined) } as unknown as RiskFactReads,
      decisions,
      timers: { ...systemTimers, after: (_, callback) => ((ring = callback), () => undefined) },
      count: (outcome) => counted.push(outcome),
      onUnavailable: (why) => troubles.push(why),
    });
    const judged = slow.judge(questionOf());
    ring();
    expect((await judged).outcome).toBe('unavailable');
    expect(troubles.at(-1)).toBe('no judgement within 3000 ms');
  });

  test('one question beyond those that a thread may have open is unavailable at once', async () => {
    const { questionsMax, turnMsMax } = RISK_JUDGE_LIMITS;
    const rings: (() => void)[] = [];
    const full = new RiskJudge({
      rules: RULES,
      facts: { note: () => new Promise(() => undefined) } as unknown as RiskFactReads,
      decisions,
      timers: { ...systemTimers, after: (_, callback) => (rings.push(callback), () => undefined) },
      count: (outcome) => counted.push(outcome),
      onUnavailable: (why) => troubles.push(why),
    });
    const judged = Array.from({ length: questionsMax }, () => full.judge(questionOf()));
    expect((await full.judge(questionOf())).outcome).toBe('unavailable');
    expect(troubles.at(-1)).toBe(`${questionsMax} judgements are under way`);
    for (const ring of rings) ring();
    expect(new Set((await Promise.all(judged)).map(({ outcome }) => outcome))).toEqual(
      new Set(['unavailable']),
    );
    // There is room again, but in no turn: those of the first ones have not ended.
    void full.judge(questionOf());
    rings.at(-1)!();
    await vi.waitFor(() => expect(troubles.at(-1)).toBe(`no turn within ${turnMsMax} ms`));
  });

  test('of many at once a few are judged at a time, the others in their order, and nobody is forgotten', async () => {
    const { atOnceMax, turnMsMax } = RISK_JUDGE_LIMITS;
    const begun: (() => void)[] = [];
    const rings = new Map<number, (() => void)[]>();
    const many = new RiskJudge({
      rules: RULES,
      facts: {
        note: () => new Promise<void>((resolve) => begun.push(resolve)),
        find: reads.find.bind(reads),
      } as unknown as RiskFactReads,
      decisions,
      timers: {
        ...systemTimers,
        after: (ms, callback) => {
          rings.set(ms, [...(rings.get(ms) ?? []), callback]);
          return () => undefined;
        },
      },
      count: (outcome) => counted.push(outcome),
      onUnavailable: (why) => troubles.push(why),
    });
    const judged = Array.from({ length: atOnceMax + 3 }, () => many.judge(questionOf()));
    expect(begun).toHaveLength(atOnceMax);
    begun[0]!();
    expect((await judged[0]!).outcome).toBe('allow');
    expect(begun).toHaveLength(atOnceMax + 1);
    // The second of those that wait gives up; the third one gets the next turn.
    rings.get(turnMsMax)![1]!();
    expect((await judged[atOnceMax + 1]!).outcome).toBe('unavailable');
    expect(troubles.at(-1)).toBe(`no turn within ${turnMsMax} ms`);
    for (const end of begun) end();
    await judged[1]!;
    await vi.waitFor(() => expect(begun).toHaveLength(atOnceMax + 2));
    begun.at(-1)!();
    const outcomes = await Promise.all(judged);
    expect(outcomes.filter(({ outcome }) => outcome === 'allow')).toHaveLength(atOnceMax + 2);
    const next = many.judge(questionOf());
    await vi.waitFor(() => expect(begun).toHaveLength(atOnceMax + 3));
    begun.at(-1)!();
    expect((await next).outcome).toBe('allow');
  });

  test('what no window reaches any more is removed, and nothing else', async () => {
    const old = questionOf({ fingerprint: 'old' });
    const young = questionOf({ fingerprint: 'young' });
    await reads.note(old);
    await reads.note(young);
    await pool.query(
      `UPDATE doorbuster_catalogue.risk_sightings SET at = at - interval '9 days' WHERE fingerprint = 'old'`,
    );
    expect(await reads.sweep()).toBe(false);
    const { rows } = await pool.query<{ fingerprint: string }>(
      `SELECT fingerprint FROM doorbuster_catalogue.risk_sightings WHERE fingerprint IN ('old', 'young')`,
    );
    expect(rows).toEqual([{ fingerprint: 'young' }]);
  });
});
