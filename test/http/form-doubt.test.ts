// What a shopper without scripts is told when it is not known what became of their form: never that there is nothing, and never a way
// to another order for the same wish. One thread in this process, whose engine says what a test wants.

import { describe, expect, test } from 'vitest';
import { orderIdText, orderKeyOf, type Command, type Order, type Reply } from '../../src/actors/index.ts';
import { createApp, Doors, type HttpContext } from '../../src/http/index.ts';
import { csrfOf } from '../../src/http/form-secret.ts';
import type { Session } from '../../src/http/session/session.ts';
import { OPEN_CAMPAIGN_GATE, type Door } from '../../src/persistence/index.ts';
import { mainOf } from '../harness/cms-forms.ts';
import { HOST, SessionApp } from './session-app.ts';

const RING = 'gold-ring-0123456789';
const UNKNOWN: Reply = { outcome: 'refused', refusal: 'outcome_unknown' };

const RESERVED: Order = {
  orderId: orderKeyOf(0, Date.now() / 1_000, 'a-random'),
  productId: RING,
  quantity: 1,
  unitPrice: { amount: 1_999, currency: 'EUR' },
  status: 'reserved',
  createdAt: Date.now(),
  holdExpiresAt: Date.now() + 300_000,
};

const doorFor = (value: string): Door => ({
  campaignId: 'c1',
  slug: 'gold-hour',
  title: 'Gold hour',
  status: 'published',
  startsAt: Date.now() - 60_000,
  endsAt: Date.now() + 3_600_000,
  entry: { kind: 'claim', name: 'tier', value },
  gate: OPEN_CAMPAIGN_GATE,
  keys: undefined,
  productIds: [RING],
  stamp: value,
});

/** A shopper with the claim, at a thread whose engine answers purchases like this. */
class World {
  readonly doors: Doors;
  readonly purchases: Command[] = [];
  readonly faults: unknown[] = [];
  readonly #session = new SessionApp();
  readonly #app: ReturnType<typeof createApp>['app'];
  readonly #shopper: Session;

  constructor(onPurchase: (world: World) => Reply) {
    const answer = (command: Command): Reply => {
      if (command.kind === 'showOrder') return { outcome: 'order', order: RESERVED };
      if (command.kind === 'cancel') return onPurchase(this);
      if (command.kind !== 'reserve') return { outcome: 'refused', refusal: 'not_found' };
      this.purchases.push(command);
      return onPurchase(this);
    };
    const { context, auth } = this.#session;
    this.#shopper = auth.sessions.begin({ customerId: 'ada', name: undefined, claims: { tier: 'gold' } });
    const router = {
      request: (command: Command) => Promise.resolve(answer(command)),
      submit: (command: Command, reply: (reply: Reply) => void) => reply(answer(command)),
      productTag: () => 0,
    };
    this.doors = new Doors({ engine: router, clock: context.clock, find: () => Promise.resolve('outside') });
    this.enter('gold');
    const away = (): Promise<never> => Promise.reject(new Error('Postgres is away'));
    const parts = {
      doors: this.doors,
      router,
      products: { listIdsOutside: away },
      cache: { get: () => Promise.resolve(undefined), put: () => Promise.resolve() },
    };
    const own = { ...context, ...parts } as unknown as HttpContext;
    this.#app = createApp(own, { onError: (error) => this.faults.push(error) }).app;
  }

  /** From now on those whose tier it is may enter. */
  enter(tier: string): void {
    this.doors.take({ isWhole: true, doors: [doorFor(tier)], gone: [], isComplete: true });
  }

  async send(path: string, fields: Record<string, string>): Promise<Response> {
    const Cookie = `__Host-doorbuster_session=${this.#session.auth.sessions.sign(this.#shopper)}`;
    const headers = { Host: HOST, Cookie, 'Sec-Fetch-Site': 'same-origin', Accept: 'text/html' };
    const form = { csrf: csrfOf(this.#shopper.id), key: 'a-wish', quantity: '1', product: RING, ...fields };
    const body = new URLSearchParams(form).toString();
    return this.#app.request(`https://${HOST}${path}`, {
      method: 'POST',
      headers: {
        ...headers,
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': String(Buffer.byteLength(body)),
      },
      body,
    });
  }
}

const told = async (response: Response): Promise<string> => mainOf({ html: await response.text() });

describe('a form of which nobody knows what became', () => {
  test('says so, also when its sender may enter no more, and leads to no other order', async () => {
    const world = new World((world) => {
      world.enter('platinum');
      return UNKNOWN;
    });
    const answer = await world.send('/c/gold-hour/orders', {});
    expect(answer.status).toBe(503);
    const html = await answer.text();
    expect(mainOf({ html })).toContain('The shop cannot say yet whether your order went through.');
    expect(html).toContain('<a href="/orders">My orders</a>');
    expect(mainOf({ html })).not.toMatch(/Buy again|Try again/);
    expect(world.faults).toEqual([]);
  });

  test('says so in the shop, also when nobody can tell what the shop shows', async () => {
    const world = new World(() => UNKNOWN);
    const answer = await world.send('/orders', {});
    expect(answer.status).toBe(503);
    const text = await told(answer);
    expect(text).toContain('The shop cannot say yet whether your order went through.');
    expect(text).toContain('your browser sends the same form again: you cannot be sold it twice.');
    expect(text).not.toContain('Press Buy again');
    expect(world.faults).toEqual([]);
  });

  test('and a refusal is told as one there', async () => {
    const world = new World(() => ({ outcome: 'refused', refusal: 'sold_out' }));
    const answer = await world.send('/orders', {});
    expect(answer.status).toBe(409);
    expect(await told(answer)).toContain('Someone was faster');
    expect(world.faults).toEqual([]);
  });
});

test('nothing is bought under a key that no page has made', async () => {
  const world = new World(() => UNKNOWN);
  for (const key of ['', 'a b', 'x'.repeat(300), 'ü']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other says which one
    const answer = await world.send('/orders', { key });
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect([key, answer.status, await told(answer)]).toEqual([
      key,
      400,
      expect.stringContaining('The form did not arrive as it was made.'),
    ]);
  }
  expect(world.purchases).toEqual([]);
});

test('an order that stands is not said to be none, because it could not be cancelled just now', async () => {
  const path = `/orders/${orderIdText(RESERVED.orderId)}/cancel`;
  for (const [refusal, words] of [
    ['overloaded', 'Very many people are at the door, and this did not get through.'],
    ['outcome_unknown', 'The shop cannot say yet whether this went through.'],
  ] as const) {
    const world = new World(() => ({ outcome: 'refused', refusal }));
    // oxlint-disable-next-line no-await-in-loop -- one after the other says which one
    const answer = await world.send(path, {});
    expect(answer.status).toBe(503);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const text = await told(answer);
    expect(text).toContain('Reserved for you');
    expect(text).toContain(words);
    expect(text).not.toMatch(/was not taken|Buy again/);
  }
});
