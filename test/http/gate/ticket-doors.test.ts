// Tickets of products in campaigns: behind a closed door there are none, and a thread that only learns of the door while a purchase
// comes reads its ticket all the same. The actor is played, since only what it is asked and told matters here.

import { describe, expect, test } from 'vitest';
import {
  BAD_TICKET,
  customerKeyOf,
  keyOf,
  type Command,
  type Reply,
  type Reserve,
} from '../../../src/actors/index.ts';
import {
  Counters,
  DEFAULT_TICKET_SETTINGS,
  Doors,
  TicketOffice,
  type HttpContext,
} from '../../../src/http/index.ts';
import type { Answer } from '../../../src/http/answer.ts';
import { TicketDesk } from '../../../src/http/gate/tickets/index.ts';
import { purchaseOf } from '../../../src/http/purchase.ts';
import { systemRandom } from '../../../src/runtime/index.ts';
import type { Door } from '../../../src/persistence/index.ts';

const NOW = Date.UTC(2031, 4, 1, 12);
const HOUR_MS = 3_600_000;
/** As the catalogue makes them. */
const KETTLE = 'ember-kettle-0123456789';

const DOOR: Door = {
  campaignId: 'c1',
  slug: 'may-days',
  title: 'May days',
  status: 'published',
  startsAt: NOW - HOUR_MS,
  endsAt: NOW + HOUR_MS,
  entry: { kind: 'claim', name: 'tier', value: 'gold' },
  gate: undefined,
  keys: undefined,
  productIds: [KETTLE],
  stamp: '1',
} as unknown as Door;

const shopper = (customerId: string, tier: string) => ({
  customerId,
  customerKey: customerKeyOf(customerId),
  expiresAt: NOW + HOUR_MS,
  claims: { tier },
  invitedTo: [],
});
const ADA = shopper('ada', 'gold');

class World {
  readonly reserved: Reserve[] = [];
  readonly doors: Doors;
  readonly context: HttpContext;

  /** @param door that the thread learns of when it asks @param knows it already */
  constructor(door: Door | undefined, knows = true) {
    const clock = { now: () => NOW, monotonic: () => NOW };
    const reading = {
      productId: KETTLE,
      configuration: {
        startsAt: NOW - HOUR_MS,
        endsAt: NOW + HOUR_MS,
        gate: { ticket: true, work: false },
      },
      asOf: NOW,
    };
    const answer = (command: Command): Reply => {
      if (command.kind === 'showProduct') return { outcome: 'product', product: reading } as unknown as Reply;
      if (command.kind === 'reserve') this.reserved.push(command);
      return { outcome: 'refused', refusal: 'sold_out' };
    };
    const router = {
      productTag: () => 0,
      request: (command: Command) => Promise.resolve(answer(command)),
      submit: (command: Command, told: (reply: Reply) => void) => told(answer(command)),
    };
    const learn = (): void =>
      this.doors.take({
        isWhole: false,
        doors: door === undefined ? [] : [door],
        gone: [],
        isComplete: true,
      });
    this.doors = new Doors({
      engine: router,
      clock,
      find: async () => {
        learn();
        return door === undefined ? 'outside' : 'behind_door';
      },
    });
    if (knows) learn();
    this.context = {
      router,
      clock,
      random: systemRandom,
      node: { phase: 'ready' },
      doors: this.doors,
      tickets: new TicketOffice(
        {
          secret: 'a secret of all nodes',
          clock,
          random: systemRandom,
          campaignOf: (productId) => this.doors.campaignOf(productId),
        },
        DEFAULT_TICKET_SETTINGS,
      ),
      riskOf: () => 'active',
      counters: new Counters(),
      auth: { shopperOf: () => ADA },
    } as unknown as HttpContext;
  }

  ask(who: typeof ADA) {
    return new TicketDesk(this.context).ask(who, { productId: KETTLE });
  }

  async buy(ticket: string | undefined): Promise<Answer> {
    const purchase = purchaseOf(this.context, {} as never, (error) => {
      throw error;
    });
    const body = Buffer.from(JSON.stringify({ productId: KETTLE, quantity: 1 }));
    return new Promise((resolve) =>
      purchase({ caller: {}, idempotencyKey: 'k', body, ticket, address: '10.1.2.3' }, (answer) =>
        resolve(answer),
      ),
    );
  }
}

describe('behind the door of a campaign', () => {
  test('whoever may enter gets a ticket, and to all others there is no such product', async () => {
    const world = new World(DOOR);
    expect(await world.ask(ADA)).toMatchObject({ outcome: 'issued' });
    expect(await world.ask(shopper('bob', 'tin'))).toEqual({ outcome: 'refused', code: 'not_found' });
    const unaware = new World(DOOR, false);
    expect(await unaware.ask(shopper('bob', 'tin'))).toEqual({ outcome: 'refused', code: 'not_found' });
    expect(await new World(DOOR, false).ask(ADA)).toMatchObject({ outcome: 'issued' });
  });

  test('of a campaign that was cancelled there are none', async () => {
    const world = new World({ ...DOOR, status: 'cancelled' });
    expect(await world.ask(ADA)).toEqual({ outcome: 'refused', code: 'sale_ended' });
  });

  test('a ticket reaches the actor as its id, also from a thread that did not know of the campaign', async () => {
    const id = keyOf('a ticket');
    const issuing = new World(DOOR);
    const ticket = issuing.context.tickets.issue({
      customerKey: ADA.customerKey,
      productId: KETTLE,
      expiresAt: NOW + HOUR_MS,
      id,
    });
    for (const world of [issuing, new World(DOOR, false)]) {
      await world.buy(ticket);
      await world.buy(undefined);
      await world.buy('made-up');
      expect(world.reserved.map(({ ticket }) => ticket)).toEqual([id, undefined, BAD_TICKET]);
    }
  });

  test('a ticket of no campaign is none', async () => {
    const { ticket } = (await new World(undefined).ask(ADA)) as { ticket: string };
    const world = new World(DOOR);
    await world.buy(ticket);
    expect(world.reserved.map((command) => command.ticket)).toEqual([BAD_TICKET]);
  });
});
