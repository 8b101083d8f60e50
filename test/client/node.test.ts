// The client against a real node: every answer that it reads, answers that are cut off, a node that dies in mid-purchase, and
// a crowd behind a network that keeps breaking.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createClient,
  type ClientOptions,
  type DoorbusterClient,
  type Order,
  type Product,
} from '../../src/client/index.ts';
import { MemoryStore } from '../../src/client/key-store.ts';
import { Engine, temporaryFolder } from '../harness/engine.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { inSeconds, sign } from '../http/tokens.ts';
import { randomOf } from './random.ts';

let engine: Engine;
let proxy: TcpProxy;
beforeAll(async () => {
  engine = await Engine.start({ demo: true, env: { WORKERS: '2' } });
  proxy = await TcpProxy.to(Number(new URL(engine.url).port));
});
afterAll(async () => {
  await proxy?.close();
  await engine?.remove();
});

const tokenOf = (customer: string): string => sign({ sub: customer, exp: inSeconds(600) });

/** Through the proxy. A pooled connection would not notice the cut before its next use. */
function clientOf(customer: string, options: ClientOptions = {}) {
  return createClient({
    baseUrl: `http://127.0.0.1:${proxy.port}`,
    token: () => tokenOf(customer),
    ...options,
  });
}

/** What the node itself says, past the proxy. */
async function ordersOf(customer: string): Promise<Order[]> {
  const { body } = await engine.call<{ orders: Order[] }>('GET', '/v1/orders', { token: tokenOf(customer) });
  return body.orders;
}

async function availableOf(productId: string): Promise<number> {
  const { body } = await engine.admin<{ available: number }>('GET', `/products/${productId}/stock`);
  return body.available;
}

interface Told {
  readonly order: Order;
  readonly isRecovered: boolean;
}

function toldOf(client: DoorbusterClient, productId: string): Told[] {
  const told: Told[] = [];
  client.purchase(productId).onOrder((order, { isRecovered }) => told.push({ order, isRecovered }));
  return told;
}

describe('a client of a real node', () => {
  test('buys, finds, lists, pays and cancels', async () => {
    await engine.product('plain', { perCustomerLimit: 3 });
    const client = clientOf('ada');
    const purchase = client.purchase('plain');
    const told = toldOf(client, 'plain');
    await purchase.buy(2);
    expect(told).toMatchObject([
      { isRecovered: false, order: { quantity: 2, status: 'reserved', customerId: 'ada' } },
    ]);
    const { id } = told[0]!.order;
    expect(await client.order(id)).toMatchObject({ kind: 'answer', body: { id } });
    expect(await client.pay(id, { method: 'card', token: 'decline' })).toMatchObject({
      code: 'payment_declined',
    });
    const book = client.orderBook();
    await book.pay(id);
    expect(book.shownFor('plain')).toMatchObject({ order: { status: 'paid' }, problem: null });
    await purchase.buy(1);
    await client.cancel(told[1]!.order.id);
    await waitUntil('the list has both', async () => {
      const page = await client.orders();
      return (
        page.kind === 'answer' && page.body.orders.length === 2 && page.body.orders[0]!.status === 'cancelled'
      );
    });
    await book.refresh();
    expect(book.entries().map(({ order }) => order.status)).toEqual(['cancelled', 'paid']);
    expect(await client.orders({ before: 'nonsense' })).toMatchObject({ code: 'invalid_request' });
    await purchase.buy(3);
    expect(purchase.refusal).toMatchObject({ code: 'limit_reached', isInDoubt: false });
    expect(await client.product('no-such')).toMatchObject({ status: 404, code: 'not_found' });
    expect(await clientOf('bob').order(id)).toMatchObject({ code: 'not_found' });
  });

  test('watches products, and is told which is not there', async () => {
    await engine.product('seen', { quantity: 5 });
    const products: Product[] = [];
    const told: string[] = [];
    const watch = clientOf('ada').watch(['seen', 'no-such'], {
      onProduct: (product) => products.push(product),
      onHealth: (health) => told.push(health),
      onGone: (id) => told.push(`${id} gone`),
    });
    try {
      await waitUntil('the stream', () => told.includes('live'));
      await clientOf('bob').purchase('seen').buy();
      await waitUntil(
        'the purchase',
        () => products.at(-1)?.sale.available === 4,
        () => products,
      );
      expect(told).toEqual(['no-such gone', 'live']);
      // A line that breaks is opened again by the client itself.
      proxy.cut();
      proxy.heal();
      await engine.buy(tokenOf('cy'), 'seen', 'k');
      await waitUntil(
        'the next purchase',
        () => products.at(-1)?.sale.available === 3,
        () => products,
      );
    } finally {
      watch.stop();
    }
  });

  test('knows the node’s time, however wrong the machine is', async () => {
    const { clock } = clientOf('ada', { now: () => Date.now() - 3_600_000 });
    const before = Date.now();
    await clock.start();
    const now = clock.now();
    clock.stop();
    expect(now).toBeGreaterThan(before - clock.uncertaintyMs - 1);
    expect(now).toBeLessThan(Date.now() + clock.uncertaintyMs + 1);
    expect(clock.uncertaintyMs).toBeLessThan(60_000);
  });

  test('finds its order when the answer is cut off', async () => {
    await engine.product('cut-off');
    const client = clientOf('ada');
    const purchase = client.purchase('cut-off');
    const told = toldOf(client, 'cut-off');
    const phases: string[] = [];
    purchase.onChange(() => phases.push(purchase.phase));
    // Otherwise a connection that is open already would be cut before it carried anything.
    proxy.cut();
    proxy.heal();
    await waitUntil('its end was noticed', async () => {
      const response = await fetch(`http://127.0.0.1:${proxy.port}/v1/time`);
      return (await response.text()) !== '';
    });
    proxy.mute();
    const bought = purchase.buy();
    await waitUntil('the node has taken the order', async () => (await availableOf('cut-off')) === 99);
    proxy.cut();
    await waitUntil('it is asked for', () => purchase.phase === 'checking');
    expect(told).toEqual([]);
    proxy.heal();
    await bought;
    expect(phases.filter((phase, at) => phase !== phases[at - 1])).toEqual(['sending', 'checking', 'idle']);
    expect(told).toHaveLength(1);
    expect(told[0]!.isRecovered).toBe(true);
    expect(await availableOf('cut-off')).toBe(99);
  });

  test('buys once when its request never arrives at first', async () => {
    await engine.product('not-sent');
    const client = clientOf('ada');
    const told = toldOf(client, 'not-sent');
    proxy.cut();
    const bought = client.purchase('not-sent').buy();
    await waitUntil('it is asked for', () => client.purchase('not-sent').phase === 'checking');
    proxy.heal();
    await bought;
    expect(told).toHaveLength(1);
    expect(await availableOf('not-sent')).toBe(99);
  });
});

test('an order outlives the page that sent it and the node that took it', async () => {
  const dataDir = temporaryFolder();
  let node = await Engine.start({ dataDir, demo: false, env: { WORKERS: '1' } });
  const toNode = await TcpProxy.to(Number(new URL(node.url).port));
  try {
    await node.product('survivor');
    const storage = new MemoryStore();
    const token = (): string => tokenOf('ada');
    const closed = createClient({ baseUrl: `http://127.0.0.1:${toNode.port}`, token, storage });
    toNode.mute();
    void closed.purchase('survivor').buy();
    await waitUntil('the answer is on its way', () => toNode.answersSwallowed > 0);
    // The page is gone: whatever it would send from now on reaches nobody.
    await toNode.close();
    await node.kill();
    node = await Engine.start({ dataDir, demo: false, env: { WORKERS: '1' } });
    const next = createClient({ baseUrl: node.url, token, storage });
    const told = toldOf(next, 'survivor');
    await next.purchase('survivor').recover();
    expect(told).toMatchObject([{ isRecovered: true, order: { status: 'reserved' } }]);
    await next.purchase('survivor').recover();
    expect(told).toHaveLength(1);
    const { body } = await node.admin<{ reserved: number }>('GET', '/products/survivor/stock');
    expect(body.reserved).toBe(1);
  } finally {
    await toNode.close();
    await node.remove();
  }
});

test('a page of one customer does not go on in the session of the next', async () => {
  await engine.product('shared');
  const browser = { cookie: await sessionOf('ada') };
  const ada = createClient({
    baseUrl: engine.url,
    customer: 'ada',
    fetch: (address, request) =>
      fetch(address, {
        ...request,
        headers: { ...(request.headers as object), Cookie: browser.cookie, 'Sec-Fetch-Site': 'same-origin' },
      }),
  });
  const told = toldOf(ada, 'shared');
  await ada.purchase('shared').buy();
  expect(told).toMatchObject([{ order: { customerId: 'ada' } }]);
  browser.cookie = await sessionOf('mallory');
  await ada.purchase('shared').buy();
  expect(ada.purchase('shared').refusal).toMatchObject({
    code: 'unauthenticated',
    detail: 'Somebody else has signed in since this page was made. Load it again.',
  });
  expect(await ordersOf('mallory')).toEqual([]);
  expect(await availableOf('shared')).toBe(99);
});

async function sessionOf(customer: string): Promise<string> {
  const token = sign({ sub: customer, iat: inSeconds(0), exp: inSeconds(60) });
  const answer = await fetch(`${engine.url}/session`, {
    method: 'POST',
    body: new URLSearchParams({ token, next: '/' }),
    headers: { 'Sec-Fetch-Site': 'same-origin', Origin: engine.url },
    redirect: 'manual',
  });
  expect(answer.status).toBe(303);
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0]!)
    .join('; ');
}

test('a crowd behind a network that keeps breaking gets what it was told, and nobody twice', async () => {
  const seed = Number(process.env['CROWD_SEED'] ?? Date.now() % 1_000_000);
  const random = randomOf(seed);
  const quantity = 20;
  await engine.product('rush', { quantity });
  const crowd = Array.from({ length: 30 }, (_, n) => {
    const client = clientOf(`crowd-${n}`, { random });
    return { customer: `crowd-${n}`, client, told: toldOf(client, 'rush') };
  });
  const rush = Promise.all(crowd.map(({ client }) => client.purchase('rush').buy()));
  for (let n = 0; n < 12; n++) {
    if (random() < 0.5) proxy.mute();
    await new Promise((resolve) => setTimeout(resolve, 20 + random() * 150));
    proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, random() * 100));
    proxy.heal();
    await new Promise((resolve) => setTimeout(resolve, random() * 400));
  }
  await rush;
  const story = `CROWD_SEED=${seed}`;
  for (const { client, told, customer } of crowd) {
    expect(client.purchase('rush').phase, story).toBe('idle');
    const refusal = client.purchase('rush').refusal?.code;
    expect(
      told.length === 1 || refusal === 'sold_out',
      `${story}: ${customer} has ${told.length}, ${refusal}`,
    ).toBe(true);
  }
  expect(
    crowd.flatMap(({ told }) => told),
    story,
  ).toHaveLength(quantity);
  expect(await availableOf('rush'), story).toBe(0);
  await waitUntil('the orders are in the list', async () => {
    const lists = await Promise.all(crowd.map(({ customer }) => ordersOf(customer)));
    return (
      lists.flat().length === quantity &&
      lists.every((orders, at) => orders.length === crowd[at]!.told.length)
    );
  });
});
