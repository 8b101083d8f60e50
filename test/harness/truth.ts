// Whether what shoppers were told is so: asked of the nodes again, and, in a cluster, read from the journal and Postgres
// themselves, past every node.

import { expect } from 'vitest';
import { Checker, decodeRecord, type Report, type Stock } from '../../src/actors/index.ts';
import { openPool, readProjected } from '../../src/persistence/index.ts';
import {
  JetStreamJournal,
  Link,
  systemClock as clock,
  systemTimers as timers,
  type StoredRecord,
} from '../../src/runtime/index.ts';
import type { Cluster } from './cluster.ts';
import { tokenOf, type Crowd, type Wish } from './crowd.ts';
import { ADMIN_TOKEN, type NodeApi } from './node-api.ts';
import { waitUntil } from './wait-until.ts';

const ASKERS = 24;
/** What a 503 may say: anything else would be an accident. */
const MAY_SAY = ['overloaded', 'outcome_unknown', 'shutting_down'];

/**
 * Whoever was told of an order has it, whoever was told of none has none, and each of them is told the same again. The audit
 * is clean, and counts no order that nobody was told of.
 *
 * @param asking those who ask again; the orders of the others are counted alone @returns orders
 */
export async function expectTruth(
  node: NodeApi,
  crowds: readonly Crowd[],
  asking: readonly Crowd[] = crowds,
): Promise<number> {
  await expectSameAgain([node], asking);
  const acknowledged = ordersOf(crowds);
  const { body } = await node.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(body).toMatchObject({ ok: true, violations: [], silentWorkers: [] });
  expect(body.figures).toMatchObject({ orders: acknowledged, rows: acknowledged, recordsNotProjected: 0 });
  return acknowledged;
}

/**
 * As `expectTruth`, at every running node of a cluster that sold these crowds' products and no others. The checker reads the
 * journal's stream and Postgres by itself. @returns orders
 */
export async function expectClusterTruth(cluster: Cluster, crowds: readonly Crowd[]): Promise<number> {
  await expectSameAgain(cluster.running, crowds);
  const acknowledged = ordersOf(crowds);
  const wishes = crowds.flatMap((crowd) => crowd.wishes);
  const report = await checkCluster(cluster, wishes);
  expect(report).toMatchObject({ ok: true, violations: [] });
  expect(report.figures).toMatchObject({
    orders: acknowledged,
    rows: acknowledged,
    recordsNotProjected: 0,
    answers: wishes.length,
  });
  for (const node of cluster.running) {
    const { status, body } = await node.admin<Report>('GET', '/audit');
    expect(status, `the audit of node ${node.id}: ${JSON.stringify(body).slice(0, 500)}`).toBe(200);
    expect(body, `the audit of node ${node.id}`).toMatchObject({ ok: true, violations: [] });
    expect(body.figures, `the audit of node ${node.id}`).toMatchObject({
      orders: acknowledged,
      rows: acknowledged,
    });
  }
  return acknowledged;
}

async function expectSameAgain(doors: readonly NodeApi[], crowds: readonly Crowd[]): Promise<void> {
  const wishes = crowds.flatMap((crowd) => crowd.wishes);
  expect(crowds.flatMap(({ misled }) => misled)).toEqual([]);
  expect(crowds.flatMap(({ contradictions }) => contradictions)).toEqual([]);
  const codes = new Set(crowds.flatMap(({ unsettled }) => [...unsettled.keys()]));
  const mayNotSay = codes.difference(new Set(doors.length === 1 ? MAY_SAY.slice(0, 2) : MAY_SAY));
  expect(mayNotSay).toEqual(new Set());
  let next = 0;
  const look = async (): Promise<void> => {
    for (let at = next++; at < wishes.length; at = next++) {
      const [one, other] = [doors[at % doors.length]!, doors[(at + 1) % doors.length]!];
      await expectSame(wishes[at]!, one, other);
    }
  };
  await Promise.all(Array.from({ length: ASKERS }, look));
}

const ordersOf = (crowds: readonly Crowd[]): number =>
  crowds.flatMap(({ wishes }) => wishes).filter(({ orderId }) => orderId !== undefined).length;

/** By its key at one node, and by the same request at another. */
async function expectSame(wish: Wish, one: NodeApi, other: NodeApi): Promise<void> {
  const { customer, productId, key, orderId, refusal } = wish;
  const token = tokenOf(customer);
  const query = new URLSearchParams({ productId, idempotencyKey: key }).toString();
  const found = await one.call('GET', `/v1/orders?${query}`, { token });
  if (orderId === undefined)
    return expect(found.status, `${customer} was told ${refusal} and has an order`).toBe(404);
  expect(found.body['id'], `${customer} was acknowledged`).toBe(orderId);
  const again = await other.buy(token, productId, key);
  expect([again.status, again.body['id']], `${customer} asked again`).toEqual([201, orderId]);
}

/** The journal's records, Postgres's rows, the live counters at each node, and what everybody was told. */
async function checkCluster(cluster: Cluster, wishes: readonly Wish[]): Promise<Report> {
  const checker = new Checker();
  const records = await readStream(cluster);
  const heads = new Map(records.map(({ shard, sequence }) => [shard, sequence]));
  for (const { sequence, bytes } of records) checker.record(sequence, decodeRecord(bytes));
  for (const productId of new Set(wishes.map((wish) => wish.productId))) {
    for (const node of cluster.running) {
      const { body } = await node.admin<Stock>('GET', `/products/${productId}/stock`);
      const { loaded, available, reserved, sold, withdrawn } = body;
      checker.live(productId, { loaded, available, reserved, sold, withdrawn });
    }
  }
  const pool = openPool({ connectionString: cluster.databaseUrl }, 1, 'doorbuster test');
  try {
    await cluster.waitUntil('Postgres has all of the journal', async () => {
      const { rows } = await pool.query<{ shard: number; sequence: string }>(
        'SELECT shard, sequence FROM doorbuster.positions',
      );
      const positions = new Map(rows.map(({ shard, sequence }) => [shard, Number(sequence)]));
      return [...heads].every(([shard, head]) => (positions.get(shard) ?? 0) >= head);
    });
    await readProjected(pool, {
      positions: (rows) =>
        checker.projectedUpTo(new Map(rows.map(({ shard, sequence }) => [shard, sequence]))),
      orders: (rows) => rows.forEach((row) => checker.row(row)),
      products: (rows) => rows.forEach((row) => checker.productRow(row)),
      stockMovements: (rows) => rows.forEach((row) => checker.movementRow(row)),
    });
  } finally {
    await pool.end();
  }
  for (const { productId, customer: customerId, key: idempotencyKey, orderId } of wishes)
    checker.answer({ productId, customerId, idempotencyKey, orderId });
  return checker.report();
}

/** In the stream's order. */
async function readStream({ nats, names, shards }: Cluster): Promise<StoredRecord[]> {
  const link = await Link.open(nats.connection, timers);
  try {
    const journal = new JetStreamJournal({ clock, timers, names, link });
    const records: StoredRecord[] = [];
    for (let shard = 0; shard < shards; shard++) {
      // A stream without a leader for the moment is asked again.
      const head = await waitUntil(`the head of shard ${shard}`, async () => ({
        record: await journal.head(shard),
      }));
      if (head.record === undefined) continue;
      for await (const piece of journal.replay(shard, 1, head.record.sequence)) records.push(...piece);
    }
    return records.sort((one, other) => one.sequence - other.sequence);
  } finally {
    await link.close();
  }
}
