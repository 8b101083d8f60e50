// Webhooks that no provider sent, or that it sent long ago or for somebody else: whoever buys tries to make their order paid without paying,
// and to make others' payments undone or counted twice.

import { Webhook } from 'standardwebhooks';
import { WEBHOOK_PATH } from '../../../src/payments/index.ts';
import { waitUntil } from '../../../test/harness/wait-until.ts';
import { bodyOf, type Call } from '../client.ts';
import type { PaymentPlace, RecordedWebhook } from '../payment-place.ts';
import type { Shopper } from '../honest.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { ticketFor } from './ticket-sharing.ts';

const CHEATS = 20;
const REPLAYS = 5;
const STRANGERS_SECRET = `whsec_${Buffer.alloc(32, 'stranger').toString('base64')}`;
const TYPES = ['payment.captured', 'payment.voided', 'payment.refunded', 'payment.declined'] as const;
/** Beyond what Standard Webhooks tolerate. */
const OLD_MS = 3_600_000;
const REFUSED = [
  'unauthenticated',
  'forbidden',
  'invalid_request',
  'not_found',
  'payload_too_large',
  'rate_limited',
];
const PRICE = { amount: 4_900, currency: 'EUR' };

interface Cheat {
  readonly shopper: Shopper;
  readonly orderId: string;
}

export const webhooks: Scenario = {
  name: 'webhooks',
  tries: 'makes orders paid, undone or paid twice by webhooks that are forged, altered, old or sent again',
  ground: 'node',
  async run(stage) {
    const { payments } = stage.ground;
    const productId = await stage.sale();
    const cheats = await Promise.all(
      Array.from({ length: stage.sized(CHEATS, 3) }, () => cheatOf(stage, productId)),
    );
    await stage.beside({ productId, shoppers: stage.sized(40, 5) }, async () => {
      await Promise.all(cheats.map((cheat) => forge(stage, payments, cheat)));
      await waitUntil('the provider has sent webhooks', () => payments.recorded.length > 0);
      const genuine = payments.recorded.slice(-stage.sized(CHEATS, 3));
      await Promise.all(genuine.map((webhook) => replay(stage, webhook, cheats[0]!)));
    });
    for (const { shopper, orderId } of cheats) await isStill(stage, 'reserved', shopper, orderId);
    for (const { shopper, orderId, outcome } of stage.visits)
      if (outcome === 'paid' && orderId !== undefined) await isStill(stage, 'paid', shopper, orderId);
  },
};

/** Has an order, and does not want to pay for it. */
async function cheatOf(stage: Stage, productId: string): Promise<Cheat> {
  const shopper = stage.shopper('cheat');
  const ticket = await ticketFor(stage, productId, shopper);
  const { token, address: from } = shopper;
  const body = { productId, quantity: 1 };
  const bought = await stage.client.send({
    method: 'POST',
    path: '/v1/orders',
    token,
    from,
    ticket,
    key: 'cheat',
    body,
  });
  if (bought.code !== undefined) throw new Error(`a cheat could not order: ${bought.code}`);
  return { shopper, orderId: String(bodyOf(bought)['id']) };
}

async function forge(stage: Stage, payments: PaymentPlace, { shopper, orderId }: Cheat): Promise<void> {
  const { tally, client } = stage;
  const attempt = async (what: string, call: Call): Promise<void> => {
    tally.mustBlock(await client.send({ from: shopper.address, ...call }), what, REFUSED);
  };
  for (const type of TYPES) {
    const body = JSON.stringify(bodyFor(orderId, type));
    const now = new Date();
    const old = new Date(Date.now() - OLD_MS);
    const later = new Date(Date.now() + OLD_MS);
    const good = new Webhook(payments.webhookSecret);
    const stranger = new Webhook(STRANGERS_SECRET);
    const signature = stranger.sign('msg_1', now, body);
    await attempt('a webhook without headers', post(body, {}));
    await attempt('an empty signature', post(body, headersOf('msg_1', now, '')));
    await attempt('a stranger’s signature', post(body, headersOf('msg_1', now, signature)));
    await attempt('a made-up signature', post(body, headersOf('msg_1', now, `v1,${'A'.repeat(43)}=`)));
    await attempt(
      'a signature of another kind',
      post(body, headersOf('msg_1', now, signature.replace('v1,', 'v0,'))),
    );
    await attempt(
      'a hundred signatures',
      post(body, headersOf('msg_1', now, Array(100).fill(signature).join(' '))),
    );
    // With the right secret, but not for this.
    await attempt('an old one', post(body, headersOf('msg_1', old, good.sign('msg_1', old, body))));
    await attempt(
      'one from the future',
      post(body, headersOf('msg_1', later, good.sign('msg_1', later, body))),
    );
    await attempt(
      'one signed for another body',
      post(`${body} `, headersOf('msg_1', now, good.sign('msg_1', now, body))),
    );
    await attempt(
      'one signed under another id',
      post(body, headersOf('msg_2', now, good.sign('msg_1', now, body))),
    );
    const large = JSON.stringify({ ...bodyFor(orderId, type), padding: 'x'.repeat(100_000) });
    await attempt('one of 100 KB', post(large, headersOf('msg_1', now, signature)));
    // Whoever has the secret is the provider, as far as anybody can tell; but another price is not believed, and neither is what could
    // have been true once.
    const id = `msg_${orderId}_${type}`;
    const cheap = JSON.stringify(bodyFor(orderId, type, { ...PRICE, amount: 1 }));
    const told = type === 'payment.captured' ? cheap : body;
    const lie = await client.send(post(told, headersOf(id, now, good.sign(id, now, told))));
    if (type === 'payment.captured') tally.mustBlock(lie, 'a payment of a cent', REFUSED);
    else tally.count(lie, 'well-signed lies, which changed nothing');
  }
}

/** A real one again, as it was and with parts of it changed. */
async function replay(stage: Stage, { body, headers }: RecordedWebhook, cheat: Cheat): Promise<void> {
  const { tally, client } = stage;
  for (let time = 0; time < REPLAYS; time++)
    tally.count(await client.send(post(body, headers)), 'real webhooks again, which changed nothing');
  const { data } = JSON.parse(body) as { data: { orderId: string } };
  const changed: Record<string, Call> = {
    'a real one for another order': post(body.replace(data.orderId, cheat.orderId), headers),
    'a real one with another id': post(body, { ...headers, 'webhook-id': 'msg_other' }),
    'a real one with another hour': post(body, {
      ...headers,
      'webhook-timestamp': `${Math.floor(Date.now() / 1_000) + 60}`,
    }),
    'a real one with another type': post(body.replace('payment.captured', 'payment.refunded '), headers),
  };
  for (const [what, call] of Object.entries(changed))
    tally.mustBlock(await client.send({ from: cheat.shopper.address, ...call }), what, REFUSED);
}

const post = (body: string, headers: Readonly<Record<string, string>>): Call => ({
  method: 'POST',
  path: WEBHOOK_PATH,
  body,
  headers,
});

const headersOf = (id: string, at: Date, signature: string): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
  'webhook-signature': signature,
});

function bodyFor(orderId: string, type: (typeof TYPES)[number], amount = PRICE): object {
  const state = type === 'payment.declined' ? 'open' : type.slice('payment.'.length);
  const data = { orderId, providerId: 'pay_made_up', state, amount, declined: null };
  return { type, timestamp: new Date().toISOString(), data };
}

async function isStill(
  { client, tally }: Stage,
  status: 'reserved' | 'paid',
  { token, address: from }: Shopper,
  orderId: string,
): Promise<void> {
  const { text } = await client.send({ method: 'GET', path: `/v1/orders/${orderId}`, token, from });
  if (!text.includes(`"status":"${status}"`))
    tally.breach(`an order that was ${status} and that no webhook may change is ${text.slice(0, 300)}`);
}
