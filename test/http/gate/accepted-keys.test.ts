// An accepted key is answered with its acceptance, whatever limit, door or ticket says, and whatever of them cannot be asked. The actor
// is played: one order exists.

import { describe, expect, test } from 'vitest';
import {
  customerKeyOf,
  keyOf,
  requestKeyOf,
  type Command,
  type Order,
  type Reply,
} from '../../../src/actors/index.ts';
import {
  BucketTable,
  Counters,
  DEFAULT_TICKET_SETTINGS,
  Doors,
  RateLimits,
  TicketOffice,
  type HttpContext,
} from '../../../src/http/index.ts';
import type { Answer } from '../../../src/http/answer.ts';
import { limitsOf, REQUEST_CLASSES, type LimitPolicy } from '../../../src/http/gate/limits/index.ts';
import { purchaseOf } from '../../../src/http/purchase.ts';
import type { Door } from '../../../src/persistence/index.ts';
import { systemRandom } from '../../../src/runtime/index.ts';

const NOW = Date.UTC(2031, 4, 1, 12);
/** As the catalogue makes them. */
const KETTLE = 'ember-kettle-0123456789';
const SECRET = 'a secret of all nodes';
const LIMIT = 'customer 1/600s, address off, anonymous off';

const ADA = {
  customerId: 'ada',
  customerKey: customerKeyOf('ada'),
  expiresAt: NOW + 3_600_000,
  claims: {},
  invitedTo: [],
};

const ORDER: Order = {
  orderId: keyOf('an order'),
  productId: KETTLE,
  quantity: 1,
  unitPrice: { amount: 1_999, currency: 'EUR' },
  status: 'reserved',
  createdAt: NOW,
  holdExpiresAt: NOW + 60_000,
};

const CLOSED = {
  campaignId: 'c1',
  slug: 'may-days',
  status: 'published',
  entry: { kind: 'claim', name: 'tier', value: 'gold' },
  gate: { limits: true },
  productIds: [KETTLE],
  keys: undefined,
} as unknown as Door;

type DoorState = 'open' | 'closed' | 'not known';

class World {
  readonly reserved: string[] = [];
  readonly #purchase: ReturnType<typeof purchaseOf>;

  constructor(door: DoorState, accepted = requestKeyOf(KETTLE, 'ada', 'bought')) {
    const clock = { now: () => NOW, monotonic: () => NOW };
    const answer = (command: Command): Reply => {
      switch (command.kind) {
        case 'showProduct':
          return { outcome: 'product', product: {} } as Reply;
        case 'findOrder':
          if (command.requestKey === accepted) return { outcome: 'order', order: ORDER };
          return { outcome: 'refused', refusal: 'not_found' };
        case 'reserve':
          this.reserved.push(command.idempotencyKey);
          if (command.requestKey === accepted) return { outcome: 'reserved', order: ORDER, replayed: true };
          return { outcome: 'refused', refusal: 'ticket_required' };
        default:
          throw new Error(`nobody asks for ${command.kind}`);
      }
    };
    const router = {
      productTag: () => 0,
      request: (command: Command) => Promise.resolve(answer(command)),
      submit: (command: Command, told: (reply: Reply) => void) => told(answer(command)),
    };
    const doors = new Doors({
      engine: router,
      clock,
      find: () =>
        door === 'open' ? Promise.resolve('outside') : Promise.reject(new Error('Postgres is away')),
    });
    if (door === 'closed') doors.take({ isWhole: false, doors: [CLOSED], gone: [], isComplete: true });
    const policy = Object.fromEntries(
      REQUEST_CLASSES.map((kind) => [kind, limitsOf(LIMIT, LIMIT)]),
    ) as LimitPolicy;
    const counters = new Counters();
    const context = {
      router,
      clock,
      random: systemRandom,
      node: { phase: 'ready' },
      doors,
      rateLimits: new RateLimits({ policy, table: new BucketTable(false), secret: SECRET, clock, counters }),
      tickets: new TicketOffice(
        { secret: SECRET, clock, random: systemRandom, campaignOf: (id) => doors.campaignOf(id) },
        DEFAULT_TICKET_SETTINGS,
      ),
      counters,
      auth: { shopperOf: () => ADA },
    } as unknown as HttpContext;
    this.#purchase = purchaseOf(context, {} as never, (error) => {
      throw error;
    });
  }

  buy(idempotencyKey: string, ticket?: string): Promise<Answer> {
    const body = Buffer.from(JSON.stringify({ productId: KETTLE, quantity: 1 }));
    return new Promise((resolve) =>
      this.#purchase({ caller: {}, idempotencyKey, body, ticket, address: '10.1.2.3' }, resolve),
    );
  }
}

const codeOf = ({ body }: Answer): string => (JSON.parse(body) as { code: string }).code;

describe.each(['open', 'closed', 'not known'] as const)('with a door that is %s', (door) => {
  test('the acceptance is told within the limit and beyond it, with whatever ticket', async () => {
    const world = new World(door);
    for (const ticket of [undefined, '', 'made-up', 'A'.repeat(52)])
      expect(await world.buy('bought', ticket)).toMatchObject({
        status: 201,
        headers: { 'Idempotency-Replayed': 'true', RateLimit: expect.stringContaining('r=0') },
      });
  });

  test('nothing else is told, and nothing more is bought', async () => {
    const world = new World(door);
    const expected = { open: 'ticket_required', closed: 'not_found', 'not known': 'unavailable' }[door];
    expect(codeOf(await world.buy('another'))).toBe(expected);
    expect(codeOf(await world.buy('another'))).toBe('rate_limited');
    expect(world.reserved).toEqual(door === 'open' ? ['another'] : []);
  });
});
