// What can become of a cluster in the middle of a rush, one after the other on the same cluster: three nodes, three NATS
// servers, and shoppers at every node, of whom there are many at the moment in which it happens. After each of them the audit is
// clean; at the end everybody has an answer, and each of them is true. ROUNDS=10 lets each happen ten times.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeRecordHeader } from '../../src/actors/index.ts';
import {
  JetStreamJournal,
  Link,
  systemClock,
  systemRandom,
  systemTimers,
  type Journal,
} from '../../src/runtime/index.ts';
import { claim } from '../../src/runtime/claim.ts';
import { ClusterSale, expectClean, expectSettled, ROUNDS } from './cluster-sale.ts';

const FENCED = 'doorbuster_fenced_appends_total';
/** More of them, until a write came too late. */
const FREEZES_MAX = 5;
/** Of two claims at once, until one of them wins. */
const TRIES_MAX = 1_000;
const TEST_MS_MAX = 300_000 * ROUNDS;

let sale: ClusterSale;
beforeAll(async () => {
  // One node with several threads is enough.
  const envOf = { b: { WORKERS: '1' }, c: { WORKERS: '1' } };
  sale = await ClusterSale.open({ proxied: true, envOf });
});
afterAll(() => sale?.close());

/** Each time with the hot product at a node that is up, and with a clean audit afterwards. */
async function inRounds(what: string, happens: (owner: string) => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await happens(await sale.owner());
    await expectClean(sale);
  }
  console.log(`${what}: the hot product paused for ${sale.pauses().join(', ')} ms`);
}

describe('in the middle of a rush', () => {
  test(
    'the owner of the hot product is killed: others sell on, and every answer is true',
    () =>
      inRounds('kill -9 of the owner', async (owner) => {
        const { cluster } = sale;
        await sale.rush();
        const since = performance.now();
        await cluster.kill(owner);
        await sale.again(since);
        expect(await sale.owner()).not.toBe(owner);
        await cluster.start(owner);
        // The next round is to kill it where it was killed before, or wherever else it lives by then.
        await cluster.moveShard(sale.hotShard, owner);
      }),
    TEST_MS_MAX,
  );

  // With commands in its mailbox and an append on its way, for longer than its lease; another node sells meanwhile.
  test(
    'the owner of the hot product stands still and comes back: its writes are refused, its answers are true',
    async () => {
      const { cluster, crowd } = sale;
      let fenced = 0;
      const standStill = async (owner: string): Promise<number> => {
        const node = cluster.node(owner);
        const before = (await node.metric(FENCED))!;
        await sale.rush();
        const since = performance.now();
        await cluster.freeze(owner);
        await sale.again(since);
        expect(await sale.owner()).not.toBe(owner);
        const thawedAt = performance.now();
        cluster.thaw(owner);
        await sale.again(thawedAt);
        await cluster.waitUntil('the node is a member again, and knows who owns what', async () => {
          const rows = await cluster.shardsAt(owner);
          return rows.length === cluster.shards && (await node.call('GET', '/readyz')).status === 200;
        });
        const after = (await node.metric(FENCED))!;
        await cluster.moveShard(sale.hotShard, owner);
        return after - before;
      };
      await inRounds('SIGSTOP of the owner, then SIGCONT', async (owner) => {
        fenced += await standStill(owner);
      });
      // One that stands still for long finds all its commands late, and has nothing to write.
      for (let tries = 0; fenced === 0 && tries < FREEZES_MAX; tries++)
        fenced += await standStill(await sale.owner());
      expect(fenced, 'writes of the node that had stood still').toBeGreaterThan(0);
      console.log(`${fenced} appends refused; ${crowd.lateAnswers} answers came late`);
    },
    TEST_MS_MAX,
  );

  // Its connections end, or nothing arrives any more, which it has to find out by itself.
  test.each(['cut', 'stall'] as const)(
    'a node that lost NATS (%s) sells nothing; the others do; it comes back when it is healed',
    (how) =>
      inRounds(`${how} off from NATS`, async (owner) => {
        const { cluster } = sale;
        await sale.rush();
        const since = performance.now();
        cluster[how](owner);
        await sale.again(since);
        await cluster.waitUntil('another node owns it', async () => {
          const rows = await cluster.shardsAt(sale.other(owner));
          const { node, phase } = rows[sale.hotShard]!;
          return node !== owner && phase === 'open';
        });
        cluster.heal(owner);
        await sale.again(performance.now());
        await cluster.moveShard(sale.hotShard, owner);
        expect(await sale.owner()).toBe(owner);
      }),
    TEST_MS_MAX,
  );

  test(
    'the leader of the journal is killed: the sale goes on, and every answer is true',
    () =>
      inRounds('kill -9 of the leader of the journal', async () => {
        const { cluster } = sale;
        await sale.rush();
        const since = performance.now();
        const leader = await cluster.killNatsLeader();
        await sale.again(since);
        expect((await cluster.nats.leaderOf(cluster.names.journalStream)).name).not.toBe(leader.name);
        leader.start();
        await cluster.nats.whenReady();
      }),
    TEST_MS_MAX,
  );

  // As nodes whose view of the placement is old may do.
  test(
    'two others claim the hot shard at the same moment: each epoch has one owner, and the sale goes on',
    async () => {
      const links = [await rivalLink(), await rivalLink()];
      const rivals = links.map(journalOver);
      let won = 0;
      await inRounds('two claims at the same moment', async () => {
        await sale.rush();
        const since = performance.now();
        let winners = 0;
        // Most lose to an append of the owner that comes between their look and their claim.
        for (let tries = 0; winners === 0 && tries < TRIES_MAX; tries++)
          winners = (await Promise.all(rivals.map(claims))).filter(Boolean).length;
        won += winners;
        await sale.again(since);
      });
      await Promise.all(links.map((link) => link.close()));
      expect(won, 'claims that won').toBeGreaterThanOrEqual(ROUNDS);
    },
    TEST_MS_MAX,
  );

  // As when a new version is rolled out: the others take its shards first.
  test(
    'each node in turn is stopped and started: the sale goes on, and every answer is true',
    () =>
      inRounds('a rolling restart', async () => {
        const { cluster } = sale;
        for (const { id } of cluster.nodes) {
          await sale.rush();
          const since = performance.now();
          expect(await cluster.stop(id), `node ${id} ends`).toBe(0);
          await sale.again(since);
          await cluster.start(id);
        }
      }),
    TEST_MS_MAX,
  );
});

test(
  'everybody has an answer, and each of them is true',
  async () => {
    for (const { id, isRunning } of sale.cluster.nodes) expect(isRunning, `node ${id} runs`).toBe(true);
    expect(await expectSettled(sale)).toBeGreaterThan(0);
  },
  TEST_MS_MAX,
);

const rivalLink = (): Promise<Link> => Link.open(sale.cluster.nats.connection, systemTimers);

const journalOver = (link: Link): JetStreamJournal =>
  new JetStreamJournal({ link, names: sale.cluster.names, clock: systemClock, timers: systemTimers });

/** Under the revision of the owner's own claim. @returns whether it won */
async function claims(journal: Journal): Promise<boolean> {
  const head = await journal.head(sale.hotShard);
  const { revision } = decodeRecordHeader(head!.bytes);
  const ports = { journal, clock: systemClock, timers: systemTimers, random: systemRandom };
  const claimed = await claim(sale.hotShard, revision, ports, undefined, undefined, () => undefined);
  return claimed !== undefined;
}
