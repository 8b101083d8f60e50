// Purchase tickets, as the client gets them by itself: ahead, at a moment of its own, and worked or waited for.

import { describe, expect, test } from 'vitest';
import type { Ports, Purchase } from '../../src/client/index.ts';
import type { Solution } from '../../src/client/work.ts';
import { given, order, product, refused, ScriptedClient, type Asked } from './scripted-client.ts';

const customer = 'ada';
const STARTS = Date.parse('2026-11-29T12:00:00.000Z');
const LEAD_MS = 60_000;
const at = (ms: number): string => new Date(ms).toISOString();

const upcoming = (changes: object = {}): object =>
  product({
    ticketsFrom: at(STARTS - LEAD_MS),
    sale: { state: 'upcoming', available: 5, offered: 5 },
    asOf: at(STARTS - 600_000),
    ...changes,
  });

const ticket = (name = 'ticket-1', expiresAt = STARTS + 120_000): Response =>
  given({ productId: 'ember-kettle', ticket: name, expiresAt: at(expiresAt) }, 201);

const challenge = {
  parameters: {
    algorithm: 'PBKDF2/SHA-256',
    nonce: 'aa',
    salt: 'bb',
    cost: 1_000,
    keyLength: 32,
    keyPrefix: 'cc',
  },
  signature: 'dd',
};
const solution: Solution = { counter: 7, derivedKey: 'cc00', time: 12 };
const workAsked = (): Response =>
  Response.json(
    {
      title: 'Proof of work required',
      status: 403,
      code: 'challenge_required',
      challenge,
      wait: { pass: 'pass-1', goodFrom: at(STARTS), goodUntil: at(STARTS + 60_000), seconds: 30 },
    },
    { status: 403 },
  );

const isTicketCall = ({ path }: Asked): boolean => path === '/v1/tickets';
const ticketCalls = (shop: ScriptedClient): unknown[] =>
  shop.asked.filter(isTicketCall).map(({ body }) => body);
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64');

interface Scene {
  readonly products?: readonly object[];
  readonly startAt?: number;
  readonly ports?: Partial<Ports>;
  readonly random?: number;
  /** Who looks. */
  readonly isKnown?: boolean;
}

/** A page whose stream tells of products, and whose tickets and orders are answered by the test. */
function open(answer: (asked: Asked, count: number) => Response, scene: Scene = {}) {
  const {
    products = [upcoming()],
    startAt = STARTS - 600_000,
    ports = {},
    random = 0.5,
    isKnown = true,
  } = scene;
  let count = 0;
  const shop = new ScriptedClient(
    (asked) => {
      if (!asked.path.startsWith('/v1/events')) return answer(asked, isTicketCall(asked) ? ++count : count);
      const events = products.map((each) => `event: product\ndata: ${JSON.stringify(each)}\n\n`).join('');
      const body = new ReadableStream<Uint8Array>({
        start: (stream) => stream.enqueue(new TextEncoder().encode(events)),
      });
      return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
    },
    { ...(isKnown && { customer }), random: () => random, ports },
  );
  shop.world.nowMs = startAt;
  const ids = products.map((each) => (each as { id: string }).id);
  const watch = shop.client.watch(ids, { onProduct: () => undefined });
  return { shop, watch, purchase: shop.client.purchase('ember-kettle') };
}

describe('a ticket', () => {
  test.each([
    [0, STARTS - LEAD_MS + 500],
    [0.5, STARTS - LEAD_MS / 2 - 2_250],
    [0.999, STARTS - 5_000 - 55],
  ])('is got ahead at a moment of each page’s own: %d', async (random, askedAt) => {
    const { shop } = open(() => ticket(), { random });
    await shop.pass(askedAt - (STARTS - 600_000) - 200);
    expect(ticketCalls(shop)).toEqual([]);
    await shop.pass(400);
    expect(ticketCalls(shop)).toEqual([{ productId: 'ember-kettle' }]);
    await shop.pass(120_000);
    expect(ticketCalls(shop), 'once').toHaveLength(1);
  });

  test('got ahead goes with the order, once, and the next one is another', async () => {
    const { shop, purchase } = open(({ path }, count) =>
      path === '/v1/tickets' ? ticket(`ticket-${count}`) : given(order(), 201),
    );
    await shop.pass(600_000);
    await purchase.buy();
    const orders = (): unknown[] =>
      shop.asked
        .filter(({ path }) => path === '/v1/orders')
        .map(({ headers }) => headers['Doorbuster-Ticket']);
    expect(orders()).toEqual(['ticket-1']);
    await purchase.buy();
    expect(orders()).toEqual(['ticket-1', 'ticket-2']);
  });

  test('of a page that comes late is got soon, and of one that is loaded again it is there', async () => {
    const { shop, watch } = open(() => ticket(), {
      startAt: STARTS + 1_000,
      products: [upcoming({ sale: { state: 'on_sale', available: 5, offered: 5 } })],
    });
    await shop.pass(2_000);
    expect(ticketCalls(shop)).toHaveLength(1);
    watch.stop();
    expect([...texts(shop)]).toEqual([
      ['doorbuster:ticket:ada:ember-kettle', expect.stringContaining('ticket-1')],
    ]);
  });

  test.each([
    ['a sale without tickets', { products: [upcoming({ ticketsFrom: undefined })] }],
    [
      'a sale that is paused',
      { products: [upcoming({ sale: { state: 'paused', available: 5, offered: 5 } })] },
    ],
    ['somebody who only looks', { isKnown: false }],
  ])('is not got ahead for %s', async (_, scene) => {
    const { shop } = open(() => ticket(), scene);
    await shop.pass(600_000);
    expect(ticketCalls(shop)).toEqual([]);
  });

  test('of many products is got for the one that the shopper turns to', async () => {
    const ids = ['ember-kettle', 'b', 'c', 'd'];
    const { shop, purchase } = open(() => ticket(), { products: ids.map((id) => upcoming({ id })) });
    await shop.pass(590_000);
    expect(ticketCalls(shop)).toEqual([]);
    purchase.turnTo();
    purchase.turnTo();
    await shop.pass(10_000);
    expect(ticketCalls(shop)).toEqual([{ productId: 'ember-kettle' }]);
  });

  test('asked for too early is asked for when the shop says', async () => {
    const { shop } = open((_, count) =>
      count === 1 ? refused(409, 'sale_not_started', { 'Retry-After': '8' }) : ticket(),
    );
    await shop.pass(600_000 - LEAD_MS / 2 - 2_250 + 100);
    expect(ticketCalls(shop)).toHaveLength(1);
    await shop.pass(8_000);
    expect(ticketCalls(shop)).toHaveLength(1);
    await shop.pass(1_000);
    expect(ticketCalls(shop)).toHaveLength(2);
  });

  test('that costs work is worked for, and a lost answer costs no more work', async () => {
    let solved = 0;
    const solve = async (): Promise<Solution> => {
      solved++;
      return solution;
    };
    const { shop } = open(
      (_, count) => {
        if (count === 1) return workAsked();
        if (count === 2) throw new TypeError('fetch failed');
        return ticket();
      },
      { ports: { solve } },
    );
    await shop.pass(600_000);
    const worked = { productId: 'ember-kettle', solution: base64({ challenge, solution }) };
    expect(ticketCalls(shop)).toEqual([{ productId: 'ember-kettle' }, worked, worked]);
    expect(solved).toBe(1);
  });

  test('is waited for where nobody can work', async () => {
    const { shop } = open((_, count) => (count === 1 ? workAsked() : ticket()), {
      ports: { solve: async () => undefined },
      startAt: STARTS - 20_000,
    });
    await shop.pass(37_000);
    expect(ticketCalls(shop)).toHaveLength(1);
    await shop.pass(1_000);
    expect(ticketCalls(shop)[1]).toEqual({ productId: 'ember-kettle', wait: 'pass-1' });
  });
});

describe('an order', () => {
  const phases = (purchase: Purchase): string[] => {
    const told: string[] = [];
    purchase.onChange(() => {
      const now = purchase.refusal ? `refused ${purchase.refusal.code}` : purchase.phase;
      if (told.at(-1) !== now) told.push(now);
    });
    return told;
  };
  const sent = (shop: ScriptedClient): [string | undefined, string | undefined][] =>
    shop.asked
      .filter(({ path, method }) => path === '/v1/orders' && method === 'POST')
      .map(({ headers }) => [headers['Idempotency-Key'], headers['Doorbuster-Ticket']]);

  const buying = (
    answer: (asked: Asked, orders: number, tickets: number) => Response,
    ports: Partial<Ports> = {},
  ) => {
    let orders = 0;
    let tickets = 0;
    const shop = new ScriptedClient(
      (asked) => {
        if (isTicketCall(asked)) tickets++;
        else if (asked.method === 'POST') orders++;
        return answer(asked, orders, tickets);
      },
      { customer, ports },
    );
    shop.world.nowMs = STARTS;
    const purchase = shop.client.purchase('ember-kettle');
    return { shop, purchase, story: phases(purchase) };
  };

  test.each(['ticket_required', 'ticket_invalid'])(
    'refused for %s goes out again with a new ticket and the same key',
    async (code) => {
      const { shop, purchase, story } = buying((asked, orders, tickets) => {
        if (isTicketCall(asked)) return ticket(`ticket-${tickets}`);
        return orders < 3 ? refused(403, code) : given(order(), 201);
      });
      await purchase.buy();
      const key = sent(shop)[0]![0];
      expect(sent(shop)).toEqual([
        [key, undefined],
        [key, 'ticket-1'],
        [key, 'ticket-2'],
      ]);
      expect(story).toEqual(['sending', 'preparing', 'sending', 'preparing', 'sending', 'idle']);
      expect(texts(shop).get('doorbuster:ticket:ada:ember-kettle'), 'it is used').toBeNull();
    },
  );

  test('is not sent with ticket after ticket for ever', async () => {
    const { shop, purchase } = buying((asked) =>
      isTicketCall(asked) ? ticket() : refused(403, 'ticket_invalid'),
    );
    await purchase.buy();
    expect(sent(shop)).toHaveLength(6);
    expect(purchase.refusal).toMatchObject({ code: 'ticket_invalid', isInDoubt: false });
  });

  test('for which no ticket can be had is refused as the shop refuses the ticket, and leaves no key behind', async () => {
    const { shop, purchase } = buying((asked) =>
      refused(isTicketCall(asked) ? 409 : 403, isTicketCall(asked) ? 'sale_ended' : 'ticket_required'),
    );
    await purchase.buy();
    expect(purchase.refusal).toMatchObject({ code: 'sale_ended', isInDoubt: false });
    await purchase.recover();
    expect(shop.paths.filter((path) => path.startsWith('GET'))).toEqual([]);
  });

  test('for which nobody can work or wait says so', async () => {
    const { purchase } = buying(
      (asked) => (isTicketCall(asked) ? refused(403, 'challenge_required') : refused(403, 'ticket_required')),
      { solve: async () => undefined },
    );
    await purchase.buy();
    expect(purchase.refusal).toMatchObject({ code: 'challenge_required', isInDoubt: false });
  });

  test('in doubt goes out before its ticket, and is told of although no ticket can be had any more', async () => {
    const { shop, purchase, story } = buying((asked, orders) => {
      if (isTicketCall(asked)) return refused(409, 'sale_ended');
      if (asked.method === 'GET') return refused(404, 'not_found');
      if (orders === 1) throw new TypeError('fetch failed');
      return given(order(), 201);
    });
    void purchase.buy();
    await shop.pass(5_000);
    expect(sent(shop)).toHaveLength(2);
    expect(story).toEqual(['sending', 'checking', 'idle']);
    expect(ticketCalls(shop)).toEqual([]);
  });

  test('in doubt for which no ticket can be had is looked for once more before anybody is told', async () => {
    let isThere = false;
    const { shop, purchase, story } = buying((asked, orders) => {
      if (isTicketCall(asked)) {
        // Meanwhile the first request arrives.
        isThere = true;
        return refused(409, 'sale_ended');
      }
      if (asked.method === 'GET') return isThere ? given(order()) : refused(404, 'not_found');
      if (orders === 1) throw new TypeError('fetch failed');
      return refused(403, 'ticket_required');
    });
    void purchase.buy();
    await shop.pass(30_000);
    expect(story).toEqual(['sending', 'checking', 'idle']);
    expect(shop.client.orderBook().entries()).toHaveLength(1);
  });

  test('that was one request too many goes out again by itself, with the same key, and says when', async () => {
    const { shop, purchase, story } = buying((_, orders) =>
      orders < 3 ? refused(429, 'rate_limited', { 'Retry-After': '4' }) : given(order(), 201),
    );
    const bought = purchase.buy();
    await shop.pass();
    expect(purchase).toMatchObject({ phase: 'waiting', since: STARTS, until: STARTS + 4_500 });
    await shop.pass(9_000);
    await bought;
    expect(new Set(sent(shop).map(([key]) => key)).size).toBe(1);
    expect(story).toEqual(['sending', 'waiting', 'sending', 'waiting', 'sending', 'idle']);
    expect(purchase.until).toBeNull();
  });

  test('goes out by itself three times at most', async () => {
    const { shop, purchase } = buying(() => refused(429, 'rate_limited', { 'Retry-After': '4' }));
    void purchase.buy();
    await shop.pass(60_000);
    expect(sent(shop)).toHaveLength(4);
    expect(purchase.refusal).toMatchObject({ code: 'rate_limited', isInDoubt: false });
  });
});

function texts(shop: ScriptedClient): Map<string, string | null> {
  const name = 'doorbuster:ticket:ada:ember-kettle';
  return new Map([[name, shop.world.storage.getItem(name)]]);
}
