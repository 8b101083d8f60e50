// An embedded Postgres that lost what it said that it has: payments, reviews and all that was known of them. The provider still has
// its payments and the journal its orders, and from these everything comes to its end.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { openPool } from '../../src/persistence/index.ts';
import { tokenOf } from '../harness/crowd.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { SandboxProcess } from '../harness/payment-sandbox.ts';
import { waitUntil } from '../harness/wait-until.ts';

const PRODUCT = 'kettle';
const RULES = `{
  "otherwise": "allow",
  "rules": [{ "name": "Restricted", "when": [{ "fact": "status", "is": ["restricted"] }], "outcome": "review" }]
}`;

const folder = temporaryFolder();
const dataDir = join(folder, 'data');
let sandbox: SandboxProcess;
let engine: Engine;

const start = (): Promise<Engine> =>
  Engine.start({
    dataDir,
    isEmbedded: true,
    demo: false,
    env: { ...sandbox.env, RISK_RULES: join(folder, 'rules.json'), RATE_LIMITS: 'off', WORKERS: '1' },
  });

beforeAll(async () => {
  writeFileSync(join(folder, 'rules.json'), RULES);
  // Long enough for a node to die before the bank has decided.
  sandbox = await SandboxProcess.start({ folder, laterMs: 4_000 });
  engine = await start();
  await engine.product(PRODUCT, { quantity: 10 });
}, 120_000);

afterAll(async () => {
  await engine?.remove();
  await sandbox?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function order(customer: string): Promise<string> {
  const { body } = await engine.buy(tokenOf(customer), PRODUCT, 'k');
  return String(body['id']);
}

const pay = (customer: string, id: string, token: string): Promise<Answer> =>
  engine.call('POST', `/v1/orders/${id}/payment`, {
    token: tokenOf(customer),
    body: { method: 'card', token },
  });

const becomes = (customer: string, id: string, status: string): Promise<unknown> => {
  let seen: unknown;
  return waitUntil(
    `the order of ${customer} is ${status}`,
    async () => {
      seen = (await engine.call('GET', `/v1/orders/${id}`, { token: tokenOf(customer) })).body['status'];
      return seen === status;
    },
    () => seen,
  );
};

/** Of both tables, as a power loss does, and the node with it. */
async function loseRows(): Promise<void> {
  const [host] = readFileSync(join(dataDir, 'postgres.socket-folder'), 'utf8').split('\n');
  const pool = openPool(
    { host: host!, port: 5432, database: 'postgres', user: 'postgres' },
    1,
    'doorbuster test',
  );
  try {
    await pool.query(
      'TRUNCATE doorbuster_catalogue.payments, doorbuster_catalogue.risk_decisions, doorbuster_catalogue.risk_sightings',
    );
    await engine.kill();
  } finally {
    await pool.end().catch(() => undefined);
  }
}

test('what was lost is found again at the provider and in the journal, and comes to its end', async () => {
  const reviewed = ['rae', 'ron', 'rui'];
  for (const customer of reviewed)
    // oxlint-disable-next-line no-await-in-loop -- three
    await engine.admin('PUT', `/customers/${customer}/status`, { status: 'restricted' });
  const [rae, ron, rui, pat, cam] = (await Promise.all([...reviewed, 'pat', 'cam'].map(order))) as [
    string,
    string,
    string,
    string,
    string,
  ];
  expect((await pay('rae', rae, 'succeed')).body).toMatchObject({ status: 'in_review' });
  expect((await pay('ron', ron, 'succeed')).body).toMatchObject({ status: 'in_review' });
  expect((await pay('rui', rui, 'succeed')).body).toMatchObject({ status: 'in_review' });
  expect((await pay('pat', pat, 'succeed')).status).toBe(200);
  expect((await pay('cam', cam, 'pending-captured')).status).toBe(202);
  await waitUntil('the orders are projected', async () => {
    const { body } = await engine.call<{ orders: unknown[] }>('GET', '/v1/orders', { token: tokenOf('cam') });
    return body.orders.length === 1;
  });
  await loseRows();

  engine = await start();
  // The provider took the money while nobody here knew of it.
  await becomes('cam', cam, 'paid');
  const waiting = async (): Promise<string[]> => {
    const { body } = await engine.admin<{ reviews: { orderId: string }[] }>('GET', '/reviews');
    return body.reviews.map(({ orderId }) => orderId).sort();
  };
  await waitUntil('people are asked again', async () => (await waiting()).length === 3, waiting);
  expect(await waiting()).toEqual([rae, ron, rui].sort());
  const decide = (id: string, decision: string): Promise<Answer> =>
    engine.admin('POST', `/reviews/${id}`, { decision });
  // Who pays again brings the card that was lost.
  expect((await pay('rae', rae, 'succeed')).body).toMatchObject({ status: 'in_review' });
  expect((await decide(rae, 'approve')).body).toMatchObject({ outcome: 'paid', orderStatus: 'paid' });
  expect((await decide(ron, 'deny')).body).toMatchObject({ outcome: 'denied', orderStatus: 'cancelled' });
  expect((await decide(rui, 'approve')).body).toMatchObject({
    outcome: 'declined',
    orderStatus: 'cancelled',
  });

  expect(
    sandbox
      .movements()
      .map(({ orderId, kind }) => `${kind} ${orderId}`)
      .sort(),
  ).toEqual([cam, pat, rae].map((id) => `capture ${id}`).sort());
  const { body: stock } = await engine.admin('GET', `/products/${PRODUCT}/stock`);
  expect(stock).toMatchObject({ available: 7, reserved: 0, sold: 3 });
  const { body: audit } = await engine.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(audit).toMatchObject({ ok: true, violations: [] });
}, 120_000);
