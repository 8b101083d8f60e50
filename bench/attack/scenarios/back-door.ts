// Past the page: orders without a ticket or with made-up ones, tickets before their time and without the work, and the calls of admins.

import { randomBytes } from 'node:crypto';
import { bodyOf, type Call } from '../client.ts';
import type { Shopper } from '../honest.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { solve, type Challenge } from '../work.ts';
import { ticketFor } from './ticket-sharing.ts';

const BURGLARS = 20;
const IN_AN_HOUR_MS = 3_600_000;
const NO_TICKET = ['ticket_required', 'ticket_invalid', 'invalid_request', 'rate_limited'];
const NO_WORK = ['challenge_required', 'invalid_request', 'rate_limited'];
const NO_ADMIN = ['unauthenticated', 'forbidden'];
const NOT_YET = ['sale_not_started', 'rate_limited'];

export const backDoor: Scenario = {
  name: 'back-door',
  tries:
    'orders without page and ticket, with made-up tickets, before the time, without the work, and as an admin',
  ground: 'node',
  async run(stage) {
    const productId = await stage.sale();
    const later = await stage.sale({ startsInMs: IN_AN_HOUR_MS });
    await stage.beside({ productId, shoppers: stage.sized(40, 5) }, async () => {
      const burglars = Array.from({ length: stage.sized(BURGLARS, 2) }, () => stage.shopper('burglar'));
      await Promise.all(burglars.map((burglar) => burgle(stage, { productId, later, burglar })));
    });
  },
};

interface Burglary {
  readonly productId: string;
  /** Its sale is not open, and its tickets cannot be had yet. */
  readonly later: string;
  readonly burglar: Shopper;
}

async function burgle(stage: Stage, { productId, later, burglar }: Burglary): Promise<void> {
  const { tally, client } = stage;
  const { id, token, address: from } = burglar;
  const attempt = async (what: string, call: Call, codes: readonly string[]): Promise<void> => {
    tally.mustBlock(await client.send({ token, from, ...call }), what, codes);
  };
  const own = await ticketFor(stage, productId, stage.shopper('accomplice'));
  let count = 0;
  for (const [what, ticket] of Object.entries(madeUp(own))) {
    const body = { productId, quantity: 1 };
    await attempt(
      `an order with ${what}`,
      { method: 'POST', path: '/v1/orders', key: `${id}-${++count}`, ticket, body },
      NO_TICKET,
    );
  }
  for (const [what, body] of Object.entries(await lazy(stage, productId, burglar)))
    await attempt(`a ticket for ${what}`, { method: 'POST', path: '/v1/tickets', body }, NO_WORK);
  await attempt(
    'a ticket before its time',
    { method: 'POST', path: '/v1/tickets', body: { productId: later } },
    NOT_YET,
  );
  const early = { productId: later, quantity: 1 };
  await attempt(
    'an order before the start',
    { method: 'POST', path: '/v1/orders', key: 'early', body: early },
    NOT_YET,
  );
  for (const call of adminCalls(productId)) await attempt(`${call.method} ${call.path}`, call, NO_ADMIN);
}

/** @param own a good one, of somebody else */
function madeUp(own: string | undefined): Record<string, string | undefined> {
  const random = (bytes: number): string => randomBytes(bytes).toString('base64url');
  return {
    'no ticket': undefined,
    'an empty ticket': '',
    'a made-up ticket': random(39),
    'zeroes as a ticket': 'A'.repeat(52),
    'a ticket that is too long': random(300),
    'a ticket of another kind': 'Bearer x',
    ...(own !== undefined && {
      'half a ticket': own.slice(0, 26),
      'a ticket with a letter changed': `${own[0] === 'A' ? 'B' : 'A'}${own.slice(1)}`,
      'a ticket with its end changed': `${own.slice(0, -1)}${own.endsWith('A') ? 'B' : 'A'}`,
      'a ticket with something behind it': `${own}A`,
      'two tickets': `${own}, ${own}`,
    }),
  };
}

/** Bodies of those who want a ticket and no work. */
async function lazy(
  stage: Stage,
  productId: string,
  { token, address: from }: Shopper,
): Promise<Record<string, object>> {
  if (!stage.gates.has('tickets')) return {};
  const asked = await stage.client.send({
    method: 'POST',
    path: '/v1/tickets',
    token,
    from,
    body: { productId },
  });
  if (asked.code !== 'challenge_required') return { nothing: { productId } };
  const { challenge, wait } = bodyOf(asked) as unknown as { challenge: Challenge; wait: { pass: string } };
  const of = (payload: object): object => ({
    productId,
    solution: Buffer.from(JSON.stringify(payload)).toString('base64'),
  });
  const derivedKey = challenge.parameters.keyPrefix.padEnd(64, '0');
  const easier = { ...challenge, parameters: { ...challenge.parameters, cost: 1, keyPrefix: '00' } };
  const stranger = stage.shopper('stranger');
  const theirs = await stage.client.send({
    method: 'POST',
    path: '/v1/tickets',
    token: stranger.token,
    from: stranger.address,
    body: { productId },
  });
  return {
    nothing: { productId },
    'a guessed solution': of({ challenge, solution: { counter: 1, derivedKey } }),
    'an easier challenge': { productId, solution: await solve(easier) },
    'somebody else’s work': { productId, solution: await solve(bodyOf(theirs)['challenge'] as Challenge) },
    'a pass before its time': { productId, wait: wait.pass },
    'a made-up pass': { productId, wait: 'x'.repeat(wait.pass.length) },
  };
}

function adminCalls(productId: string): readonly Call[] {
  const at = `/v1/admin/products/${productId}`;
  return [
    { method: 'PUT', path: at, body: { name: 'Mine', gate: {} } },
    { method: 'POST', path: `${at}/stock`, key: 'mine', body: { quantity: 1_000 } },
    { method: 'GET', path: `${at}/stock` },
    { method: 'GET', path: '/v1/admin/audit' },
    { method: 'GET', path: '/v1/admin/audit', token: 'admin-token-that-was-guessed' },
  ];
}
