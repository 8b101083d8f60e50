// The second in which a sale opens: bots press Buy long before it and hundreds of times a second, with tickets and without, and honest
// shoppers come with their tickets, once each.

import { setTimeout as pause } from 'node:timers/promises';
import { ticketOf } from '../honest.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const UNITS = 200;
const BOTS = 150;
const BOTS_WITH_TICKETS = 20;
const HONEST = 80;
const BOTS_AT_ONE_ADDRESS = 5;
const CLICKS_BEFORE = 5;
const CLICKS_AFTER = 25;
/** For everybody's tickets. */
const OPENS_IN_MS = 16_000;
const OPENS_IN_MS_LEAST = 4_000;
const EARLY_MS = 1_000;

export const launchSpike: Scenario = {
  name: 'launch-spike',
  tries:
    'presses Buy from before the first second on, again and again, with a ticket and without, under ever new keys',
  ground: 'node',
  async run(stage) {
    const units = stage.sized(UNITS, 10);
    const opensInMs = stage.sized(OPENS_IN_MS, OPENS_IN_MS_LEAST);
    const opensAt = Date.now() + opensInMs;
    const productId = await stage.sale({ units, startsInMs: opensInMs });
    const honest = stage.sized(HONEST, 6);
    const everyMs = Math.floor((opensInMs * 0.6) / honest);
    const bots = stage.sized(BOTS, 10);
    const armed = stage.sized(BOTS_WITH_TICKETS, 2);
    await stage.beside(
      { productId, shoppers: honest, everyMs, buysAt: opensAt, stopsAfter: honest },
      async () => {
        const all = Array.from({ length: bots }, (_, number) =>
          bot(stage, { productId, opensAt, number, hasTicket: number < armed }),
        );
        await Promise.all(all);
      },
    );
    const { sold, reserved } = await stage.stock(productId);
    stage.tally.atMost(sold + reserved, units, 'units sold and held');
  },
};

interface BotPlan {
  readonly productId: string;
  readonly opensAt: number;
  readonly number: number;
  readonly hasTicket: boolean;
}

async function bot(stage: Stage, { productId, opensAt, number, hasTicket }: BotPlan): Promise<void> {
  const { tally, client, gates } = stage;
  const shopper = stage.shopper('bot', `198.51.${Math.floor(number / BOTS_AT_ONE_ADDRESS)}.9`);
  const { token, address: from } = shopper;
  let ticket: string | undefined;
  if (hasTicket && gates.has('tickets')) {
    const asked = await stage.honest(shopper).ticket(productId);
    if (asked.code === undefined) ticket = ticketOf(asked);
  }
  let orders = 0;
  const click = async (key: string): Promise<void> => {
    const sentAt = Date.now();
    const body = { productId, quantity: 1 };
    const call = {
      method: 'POST',
      path: '/v1/orders',
      token,
      from,
      ticket,
      key: `${shopper.id}-${key}`,
      body,
    };
    const answer = tally.count(
      await client.send(call),
      hasTicket ? 'orders of bots with a ticket' : 'orders of bots without one',
    );
    if (answer.code !== undefined) return;
    orders++;
    if (Date.now() < opensAt)
      tally.breach(`an order before the start: sent ${opensAt - sentAt} ms too early`);
    if (ticket === undefined && gates.has('tickets')) tally.breach('an order without a ticket');
    // Whoever asks for tickets and leaves that gate open sees what it is for.
    if (!gates.has('tickets') && !hasTicket) tally.breach('an order of a bot that has no ticket');
  };
  await pause(Math.max(0, opensAt - EARLY_MS - Date.now()));
  await Promise.all(Array.from({ length: CLICKS_BEFORE }, (_, at) => click(`early-${at}`)));
  await pause(Math.max(0, opensAt - Date.now()));
  await Promise.all(Array.from({ length: CLICKS_AFTER }, (_, at) => click(`late-${at}`)));
  stage.tally.atMost(orders, 1, 'orders of one customer');
}
