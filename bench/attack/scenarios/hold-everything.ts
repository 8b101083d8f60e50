// Bots hold whatever there is and never pay, again and again, so that nobody else can buy. What a customer may do so is bounded in the
// actor's step, and what they let go is bought by others.

import { setTimeout as pause } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';
import type { Shopper } from '../honest.ts';
import type { Stage } from '../stage.ts';
import { ticketFor } from './ticket-sharing.ts';

const UNITS = 60;
const BOTS = 60;
const HONEST = 50;
const HOLD_SECONDS = 6;
const SECONDS = 16;
const SECONDS_LEAST = 9;
const BREATH_MS = 800;

export const holdEverything: Scenario = {
  name: 'hold-everything',
  tries:
    'holds every unit with many customers, never pays, and takes each unit again as soon as its hold has ended',
  ground: 'node',
  async run(stage) {
    // The bots can pay for the work: it is not what stops them here.
    const gate = {
      work: false,
      openHoldsMax: 1,
      coolDownSeconds: 60,
      attemptsMax: 3,
      shortestHoldSeconds: 4,
    };
    const units = stage.sized(UNITS, 6);
    const productId = await stage.sale({ units, holdSeconds: HOLD_SECONDS, perCustomerLimit: 5, gate });
    const bots = Array.from({ length: stage.sized(BOTS, 6) }, () => stage.shopper('holder'));
    const seconds = stage.sized(SECONDS, SECONDS_LEAST);
    const endsAt = Date.now() + seconds * 1_000;
    // They are there first: nothing is left when honest shoppers come.
    await Promise.all(bots.map((bot) => take(stage, productId, bot, 0)));
    const honest = stage.sized(HONEST, 4);
    await stage.beside(
      { productId, shoppers: honest, stopsAfter: honest, everyMs: 100, waitsForUnitsMs: seconds * 1_000 },
      async () => {
        await Promise.all(
          bots.map(async (bot) => {
            let orders = 1;
            for (let at = 1; Date.now() < endsAt; at++) {
              await pause(BREATH_MS);
              if (await take(stage, productId, bot, at)) orders++;
            }
            stage.tally.atMost(orders, 1, 'orders of one customer who never pays');
          }),
        );
      },
    );
    const without = stage.visits.filter(({ outcome }) => outcome === 'sold_out').length;
    if (without > 0) stage.tally.breach(`${without} honest shoppers found no unit in ${seconds} s`);
  },
};

/** @returns whether it holds one more */
async function take(
  stage: Stage,
  productId: string,
  { id, token, address: from }: Shopper,
  at: number,
): Promise<boolean> {
  const ticket = await ticketFor(stage, productId, { id, token, address: from });
  const call = {
    method: 'POST',
    path: '/v1/orders',
    token,
    from,
    ticket,
    key: `${id}-${at}`,
    body: { productId, quantity: 1 },
  };
  const answer = stage.tally.count(await stage.client.send(call), 'units held for a while');
  return answer.code === undefined;
}
