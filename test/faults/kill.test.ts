// kill -9 in the middle of a rush, again and again: what was acknowledged is there, nothing is sold twice, and whoever
// repeats a request with its key is told the truth.

import { afterAll, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { tokenOf } from '../harness/crowd.ts';
import { waitUntil } from '../harness/wait-until.ts';

/** DOORBUSTER_KILLS asks for more. */
const KILLS = Number(process.env['DOORBUSTER_KILLS'] ?? 5);
const CUSTOMERS_PER_ROUND = 60;
const CLICKERS = 12;
const UNITS = 36 * KILLS;

interface Wish {
  readonly customer: string;
  readonly token: string;
  readonly productId: string;
  readonly key: string;
  readonly quantity: number;
  orderId: string | undefined;
  refusal: string | undefined;
}

const dataDir = temporaryFolder();
let engine: Engine;

afterAll(() => engine.remove());

const start = (): Promise<Engine> => Engine.start({ dataDir, demo: false });

/** One request; whatever is not an answer leaves the wish open. */
async function ask(wish: Wish): Promise<void> {
  let answer: Answer;
  try {
    answer = await engine.buy(wish.token, wish.productId, wish.key, wish.quantity);
  } catch {
    return;
  }
  if (answer.status === 503) return;
  if (answer.status !== 201) {
    expect(wish.orderId, `${wish.customer} was refused an order that was acknowledged`).toBeUndefined();
    wish.refusal = String(answer.body['code']);
    return;
  }
  const id = String(answer.body['id']);
  if (wish.orderId !== undefined)
    expect(id, `${wish.customer} was told of two orders for one key`).toBe(wish.orderId);
  wish.orderId = id;
  wish.refusal = undefined;
}

async function rushUntilKilled(wishes: readonly Wish[], killAfter: number): Promise<void> {
  let next = 0;
  let answered = 0;
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const clickers = Array.from({ length: CLICKERS }, async () => {
    for (let wish = wishes[next++]; wish !== undefined; wish = wishes[next++]) {
      await ask(wish);
      if (++answered >= killAfter) resolve();
    }
  });
  await Promise.race([enough, Promise.all(clickers)]);
  await engine.kill();
  await Promise.all(clickers);
}

test(`after each of ${KILLS} kills every acknowledged order is there, once`, async () => {
  engine = await start();
  const wishes: Wish[] = [];
  const products = ['sku-a', 'sku-b', 'sku-c'];
  for (const id of products) await engine.product(id, { quantity: UNITS / 2, perCustomerLimit: 4 });

  for (let round = 0; round < KILLS; round++) {
    const fresh: Wish[] = [];
    for (let number = 0; number < CUSTOMERS_PER_ROUND; number++) {
      const customer = `customer-${(round * 31 + number) % 400}`;
      fresh.push({
        customer,
        token: tokenOf(customer),
        productId: products[number % products.length]!,
        key: `round-${round}-${number}`,
        quantity: 1 + (number % 2),
        orderId: undefined,
        refusal: undefined,
      });
    }
    wishes.push(...fresh);
    // A random moment: after so many answers, while twelve requests are on their way.
    await rushUntilKilled(fresh, 1 + Math.floor(Math.random() * (CUSTOMERS_PER_ROUND - 2)));
    engine = await start();
  }

  // Everybody repeats with the same key, those with an answer and those without.
  await Promise.all(
    Array.from({ length: CLICKERS }, async (_, clicker) => {
      for (let at = clicker; at < wishes.length; at += CLICKERS) {
        const wish = wishes[at]!;
        await waitUntil(`an answer for ${wish.key}`, async () => {
          await ask(wish);
          return wish.orderId !== undefined || wish.refusal !== undefined;
        });
      }
    }),
  );

  for (const { token, productId, key, orderId } of wishes) {
    const found = await engine.call('GET', `/v1/orders?productId=${productId}&idempotencyKey=${key}`, {
      token,
    });
    if (orderId === undefined) expect(found.status, `${key} was refused and has an order`).toBe(404);
    else expect(found.body['id'], `${key} was acknowledged`).toBe(orderId);
  }
  const acknowledged = wishes.filter(({ orderId }) => orderId !== undefined);
  const audit = await engine.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(audit.body.violations).toEqual([]);
  expect(audit.body.figures.orders).toBe(acknowledged.length);
  expect(audit.body.figures.rows).toBe(acknowledged.length);
  expect(audit.body.figures.recordsNotProjected).toBe(0);
  expect(acknowledged.length).toBeGreaterThan(CUSTOMERS_PER_ROUND);
  expect(await engine.stop()).toBe(0);
}, 420_000);
