// A shop, a network and pages in simulated time. The network does to each request what the test says; the shop does what
// the real one promises: a key has at most one order, and a repeated acceptance is the same order, whatever ticket comes with it. A page
// can end at any moment, as when its window is closed: nothing of it goes on.

import { createClient, type DoorbusterClient, type Order, type Ports } from '../../src/client/index.ts';
import { MemoryStore } from '../../src/client/key-store.ts';

export const PRODUCT_ID = 'ember-kettle';

/**
 * `late`: the client is told nothing, and the request arrives a while later. `unknown_done`, `unknown_undone`: 503
 * outcome_unknown. `gateway`: something in front of the shop answers instead. `cut`: the answer ends in the middle.
 */
export const FATES = [
  'good',
  'request_lost',
  'answer_lost',
  'cut',
  'late',
  'twice',
  'overloaded',
  'rate_limited',
  'unknown_done',
  'unknown_undone',
  'shutting_down',
  'gateway',
  'signed_out',
] as const;
export type Fate = (typeof FATES)[number];

const LATE_MS = 20_000;
const TICKET_LIFE_MS = 30_000;

interface Timer {
  readonly at: number;
  readonly act: () => void;
}

export class SimulatedWorld {
  nowMs = 0;
  available = 5;
  /** No order without a ticket, which works once. */
  asksForTickets = false;
  /** Order by key. */
  readonly orders = new Map<string, Order>();
  /** What the network does to the requests to come; none left: all are good. */
  fates: Fate[] = [];
  /** Keys with requests that the shop has yet to see. */
  readonly underWay: string[] = [];
  readonly keysMade: string[] = [];
  readonly requests: { method: string; path: string; key: string | undefined }[] = [];
  onKey: (key: string) => void = () => undefined;
  readonly storage = new MemoryStore();
  #timers: Timer[] = [];
  /** When each ends; used ones are gone. */
  readonly #tickets = new Map<string, number>();
  #ticketsMade = 0;

  page(): Page {
    return new Page(this);
  }

  /** Everything that is due within so many milliseconds happens, in its order. */
  async pass(ms: number): Promise<void> {
    const until = this.nowMs + ms;
    for (await settled(); ; await settled()) {
      const next = this.#timers.toSorted((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > until) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.nowMs = Math.max(this.nowMs, next.at);
      next.act();
    }
    this.nowMs = until;
  }

  after(ms: number, act: () => void): () => void {
    const timer = { at: this.nowMs + ms, act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  makeKey(): string {
    const key = `key-${this.keysMade.length + 1}`;
    this.keysMade.push(key);
    this.onKey(key);
    return key;
  }

  /** @throws as fetch does, when there is no answer */
  async fetch(address: string, request: RequestInit): Promise<Response> {
    const { pathname, searchParams } = new URL(address);
    const headers = request.headers as Record<string, string>;
    const key = headers['Idempotency-Key'] ?? searchParams.get('idempotencyKey') ?? undefined;
    this.requests.push({ method: request.method!, path: pathname, key });
    const serve = (): Response => this.#serve(request, pathname, key);
    const fate = this.fates.shift() ?? 'good';
    switch (fate) {
      case 'good':
        return serve();
      case 'twice':
        serve();
        return serve();
      case 'answer_lost':
        serve();
        throw new TypeError('the connection ended');
      case 'cut': {
        const { status } = serve();
        return answerOf(status, '{"id":');
      }
      case 'gateway':
        serve();
        return answerOf(502, '<h1>Bad gateway</h1>');
      case 'request_lost':
        throw new TypeError('no connection');
      case 'late':
        if (request.method === 'POST' && key !== undefined) this.#later(key, serve);
        throw new TypeError('the connection ended');
      case 'unknown_done':
        serve();
        return refusal(503, 'outcome_unknown');
      case 'unknown_undone':
        return refusal(503, 'outcome_unknown');
      case 'overloaded':
      case 'shutting_down':
        return refusal(503, fate);
      case 'rate_limited':
        return refusal(429, fate);
      case 'signed_out':
        return refusal(401, 'unauthenticated');
    }
  }

  #later(key: string, serve: () => Response): void {
    this.underWay.push(key);
    this.after(LATE_MS, () => {
      this.underWay.splice(this.underWay.indexOf(key), 1);
      serve();
    });
  }

  #serve({ method, body, headers }: RequestInit, path: string, key: string | undefined): Response {
    if (path === '/v1/tickets') return this.#giveTicket();
    if (path !== '/v1/orders' || key === undefined) return refusal(404, 'not_found');
    const known = this.orders.get(key);
    if (method === 'GET') return known ? answerOf(200, JSON.stringify(known)) : refusal(404, 'not_found');
    const { quantity } = JSON.parse(body as string) as { quantity: number };
    if (known !== undefined)
      return known.quantity === quantity
        ? answerOf(201, JSON.stringify(known))
        : refusal(422, 'idempotency_key_reused');
    const ticket = (headers as Record<string, string | undefined>)['Doorbuster-Ticket'];
    if (this.asksForTickets && ticket === undefined) return refusal(403, 'ticket_required');
    if (this.asksForTickets && (this.#tickets.get(ticket ?? '') ?? 0) <= this.nowMs)
      return refusal(403, 'ticket_invalid');
    if (this.available === 0) return refusal(409, 'sold_out');
    if (this.available < quantity) return refusal(409, 'insufficient_stock');
    if (ticket !== undefined) this.#tickets.delete(ticket);
    this.available -= quantity;
    const order = this.#order(quantity);
    this.orders.set(key, order);
    return answerOf(201, JSON.stringify(order));
  }

  #giveTicket(): Response {
    const ticket = `ticket-${++this.#ticketsMade}`;
    const endsAt = this.nowMs + TICKET_LIFE_MS;
    this.#tickets.set(ticket, endsAt);
    const expiresAt = new Date(endsAt).toISOString();
    return answerOf(201, JSON.stringify({ productId: PRODUCT_ID, ticket, expiresAt }));
  }

  #order(quantity: number): Order {
    return {
      id: `order-${this.orders.size + 1}`,
      productId: PRODUCT_ID,
      customerId: 'ada',
      quantity,
      unitPrice: { amount: 4_900, currency: 'EUR' },
      status: 'reserved',
      createdAt: new Date(this.nowMs).toISOString(),
      holdExpiresAt: new Date(this.nowMs + 300_000).toISOString(),
    };
  }
}

/** A window with the shop in it. */
export class Page {
  readonly client: DoorbusterClient;
  isClosed = false;

  constructor(world: SimulatedWorld) {
    const never = new Promise<never>(() => undefined);
    const whileOpen = <T>(value: T): T | Promise<never> => (this.isClosed ? never : value);
    const ports: Partial<Ports> = {
      random: () => 0.5,
      now: () => world.nowMs,
      monotonicMs: () => world.nowMs,
      after: (ms, act) => world.after(ms, () => void (this.isClosed || act())),
      makeKey: () => world.makeKey(),
      hasLocks: true,
      exclusively: async (_, act) => whileOpen(undefined) ?? act(),
      fetch: async (address, request) => {
        try {
          return await whileOpen(await world.fetch(address, request));
        } catch (error) {
          await whileOpen(undefined);
          throw error;
        }
      },
    };
    const { storage } = world;
    this.client = createClient({ baseUrl: 'http://shop.test', customer: 'ada', storage, ports });
  }
}

export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function answerOf(status: number, text: string, headers: Record<string, string> = {}): Response {
  return {
    ok: status < 300,
    status,
    headers: new Headers(headers),
    json: async () => JSON.parse(text) as unknown,
  } as unknown as Response;
}

export const refusal = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  answerOf(status, JSON.stringify({ title: code, detail: `because of ${code}`, status, code }), headers);
