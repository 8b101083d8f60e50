// A sale on a cluster of three nodes and three NATS servers, with a few shoppers who buy at every node all the while, and more
// in a rush before something happens to the owner of the hot product. Whoever opens it closes it.

import { expect } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { shardOfProduct } from '../../src/runtime/index.ts';
import { Cluster, type ClusterOptions } from '../harness/cluster.ts';
import { Crowd } from '../harness/crowd.ts';
import { expectClusterTruth } from '../harness/truth.ts';

/** How often a test lets it happen, one after the other. */
export const ROUNDS = Number(process.env['ROUNDS'] ?? 1);

const HOT = 'hot';
/** Others, so that every node has something to sell; the last of them is soon sold out. */
const SCARCE = 'scarce';
const PRODUCTS = [HOT, 'warm', HOT, 'mild', HOT, SCARCE];
const SCARCE_UNITS = 20;
/** Few, since they buy for as long as the test goes on. */
const STEADY = { clickers: 5, breathMs: 250, somebodyWantsTwo: true };
/** More than one for each of those who buy all the while. */
const SOLD_BETWEEN = 12;
const RUSH = { clickers: 12, breathMs: 0, wishesMax: 60 };
/** Then many more are on their way. */
const RUSH_BEGUN = 5;
const UNAVAILABLE = 503;
/** Each audit may wait for Postgres first. */
const AUDIT_MS_MAX = 150_000;
const PATIENCE_MS = 2_000;
/** Time for the slowest recovery, and for a machine that does something else beside. */
const AGAIN_MS_MAX = 60_000;

export class ClusterSale {
  readonly cluster: Cluster;
  readonly crowd: Crowd;
  readonly rushes: Crowd[] = [];
  readonly hotShard: number;
  /** From the last purchase of the hot product before to the first one after; one for each `again`. */
  readonly pausesMs: number[] = [];
  #rushNames = 0;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.hotShard = shardOfProduct(HOT, cluster.shards);
    this.crowd = new Crowd(cluster.nodes, PRODUCTS, { ...STEADY, patienceMs: PATIENCE_MS });
  }

  static async open(options: ClusterOptions = {}): Promise<ClusterSale> {
    const cluster = await Cluster.start({ nats: 3, nodes: 3, shards: 8, ...options });
    try {
      for (const id of new Set(PRODUCTS)) {
        const quantity = id === SCARCE ? SCARCE_UNITS : 1_000_000;
        await cluster.nodes[0]!.product(id, { quantity, holdSeconds: 3_600 });
      }
      const sale = new ClusterSale(cluster);
      await sale.again(0);
      sale.pauses();
      return sale;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Of the hot product. */
  async owner(): Promise<string> {
    return (await this.cluster.owner(this.hotShard)).node;
  }

  /** Another node than these. */
  other(...ids: string[]): string {
    return this.cluster.nodes.find(({ id }) => !ids.includes(id))!.id;
  }

  /**
   * Many want another product that lives where the hot one does, and there is one unit less than that. Resolves while most of them
   * have no answer yet, so that whatever happens now meets commands in mailboxes and appends on their way.
   */
  async rush(): Promise<void> {
    const { cluster, hotShard } = this;
    let id: string;
    do id = `rush-${this.#rushNames++}`;
    while (shardOfProduct(id, cluster.shards) !== hotShard);
    const node = cluster.running.find(({ isCutOff }) => !isCutOff)!;
    const quantity = RUSH.wishesMax - 1;
    await cluster.waitUntil(`there is ${id}`, async () => {
      await node.product(id, { quantity, holdSeconds: 3_600 });
      return true;
    });
    const rush = new Crowd(cluster.nodes, [id], { ...RUSH, patienceMs: PATIENCE_MS });
    this.rushes.push(rush);
    await cluster.waitUntil('the rush is on', () => rush.sales.length >= RUSH_BEGUN);
  }

  /** Waits until the hot product sells again, and not only to those whose answers were on their way. */
  async again(since: number): Promise<void> {
    const sales = (): number[] =>
      this.crowd.sales.filter(({ productId, at }) => productId === HOT && at > since).map(({ at }) => at);
    await this.cluster.waitUntil(
      'the hot product sells again',
      () => sales().length >= SOLD_BETWEEN,
      AGAIN_MS_MAX,
    );
    const before = this.crowd.sales.findLast(({ productId, at }) => productId === HOT && at <= since);
    const times = [before?.at ?? since, ...sales()];
    const pauses = times.slice(1).map((at, index) => at - times[index]!);
    this.pausesMs.push(Math.round(Math.max(...pauses)));
  }

  /** Of the hot product, since they were last asked for; milliseconds. */
  pauses(): number[] {
    return this.pausesMs.splice(0);
  }

  async close(): Promise<void> {
    await this.cluster.stop();
  }
}

/** The audit of a node that is up, in the middle of the sale. While servers come back it may be unavailable. */
export async function expectClean({ cluster }: ClusterSale): Promise<void> {
  const node = cluster.running.find(({ isCutOff }) => !isCutOff)!;
  let last = await node.admin<Report>('GET', '/audit');
  const looked = async (): Promise<boolean> => {
    if (last.status === UNAVAILABLE) last = await node.admin<Report>('GET', '/audit');
    return last.status !== UNAVAILABLE;
  };
  await cluster.waitUntil('the node can look at everything', looked, AUDIT_MS_MAX);
  expect(last.status, JSON.stringify(last.body).slice(0, 500)).toBe(200);
  expect(last.body, `the audit of node ${node.id}`).toMatchObject({ ok: true, violations: [] });
}

/** Everybody goes home with an answer, and each of them is true. @returns orders */
export async function expectSettled({ cluster, crowd, rushes }: ClusterSale): Promise<number> {
  await Promise.all([crowd, ...rushes].map((each) => each.goHome()));
  const orders = await expectClusterTruth(cluster, [crowd, ...rushes]);
  for (const { sales } of rushes) expect(sales).toHaveLength(RUSH.wishesMax - 1);
  const scarce = crowd.sales.filter(({ productId }) => productId === SCARCE);
  expect(scarce).toHaveLength(SCARCE_UNITS);
  expect(crowd.wishes.filter(({ refusal }) => refusal === 'limit_reached').length).toBeGreaterThan(0);
  const unsettled = [...crowd.unsettled].map(([code, count]) => `${count} ${code}`).join(', ') || 'none';
  console.log(`${orders} orders; answers to repeat: ${unsettled}; late answers: ${crowd.lateAnswers}`);
  return orders;
}
