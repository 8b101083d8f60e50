// A client in simulated time whose every request is answered by a function of the test.

import { createClient, type ClientOptions, type DoorbusterClient } from '../../src/client/index.ts';
import { SimulatedWorld } from './simulated-world.ts';

export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly credentials: string | undefined;
  readonly signal: AbortSignal;
}

export class ScriptedClient {
  readonly world = new SimulatedWorld();
  readonly asked: Asked[] = [];
  readonly client: DoorbusterClient;
  isHidden = false;
  readonly #visibility = new Set<() => void>();

  constructor(
    answer: (asked: Asked, count: number) => Response | Promise<Response>,
    options: ClientOptions = {},
  ) {
    const { world } = this;
    this.client = createClient({
      baseUrl: 'http://shop.test',
      storage: world.storage,
      random: () => 0.5,
      now: () => world.nowMs,
      ...options,
      ports: {
        monotonicMs: () => world.nowMs,
        after: (ms, act) => world.after(ms, act),
        page: {
          isHidden: () => this.isHidden,
          onVisibility: (listener) => {
            this.#visibility.add(listener);
            return () => void this.#visibility.delete(listener);
          },
        },
        fetch: async (address, { method, headers, body, credentials, signal }) => {
          const { pathname, search } = new URL(address);
          const asked: Asked = {
            method: method!,
            path: pathname + search,
            headers: headers as Record<string, string>,
            body: body === undefined ? undefined : (JSON.parse(body as string) as unknown),
            credentials,
            signal: signal!,
          };
          this.asked.push(asked);
          return answer(asked, this.asked.length);
        },
        ...options.ports,
      },
    });
  }

  get paths(): string[] {
    return this.asked.map(({ method, path }) => `${method} ${path}`);
  }

  hide(isHidden: boolean): void {
    this.isHidden = isHidden;
    for (const listener of this.#visibility) listener();
  }

  /** @param ms of the simulated time */
  pass(ms = 0): Promise<void> {
    return this.world.pass(ms);
  }
}

export const given = (body: unknown, status = 200): Response => Response.json(body, { status });

export const refused = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  Response.json({ title: 'No', detail: `because of ${code}`, status, code }, { status, headers });

export const order = (changes: object = {}): object => ({
  id: 'order-1',
  productId: 'ember-kettle',
  customerId: 'ada',
  quantity: 1,
  unitPrice: { amount: 4_900, currency: 'EUR' },
  status: 'reserved',
  createdAt: '2026-11-29T12:00:00.000Z',
  holdExpiresAt: '2026-11-29T12:05:00.000Z',
  ...changes,
});

export const product = (changes: object = {}): object => ({
  id: 'ember-kettle',
  name: 'Ember kettle',
  description: 'Hot.',
  price: { amount: 4_900, currency: 'EUR' },
  perCustomerLimit: 1,
  holdSeconds: 300,
  startsAt: '2026-11-29T12:00:00.000Z',
  endsAt: '2026-11-29T13:00:00.000Z',
  sale: { state: 'on_sale', available: 5, offered: 5 },
  asOf: '2026-11-29T12:00:01.000Z',
  ...changes,
});

/** A token as the shop makes it, for the eyes of the client: it is not verified there. */
export const tokenOf = (sub: string): string =>
  ['{"alg":"none"}', JSON.stringify({ sub }), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
