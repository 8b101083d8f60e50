// A sale on a cluster of three nodes and three NATS servers, with a crowd that buys at every node, for tests in which
// something happens to the owner of the hot product. Whoever opens it closes it.

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
const PRODUCTS = [HOT, 'warm', 'mild', SCARCE];
const SCARCE_UNITS = 40;
const SOLD_BETWEEN = 40;
const UNAVAILABLE = 503;
/** Each audit may wait for Postgres first. */
const AUDIT_MS_MAX = 150_000;
const PATIENCE_MS = 2_000;
/** Time for the slowest recovery, and for a machine that does something else beside. */
const AGAIN_MS_MAX = 60_000;

export class ClusterSale {
  readonly cluster: Cluster;
  readonly crowd: Crowd;
  readonly hotShard: number;
  /** From the last purchase of the hot product before to the first one after; one for each `again`. */
  readonly pausesMs: number[] = [];

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.hotShard = shardOfProduct(HOT, cluster.shards);
    const options = { clickers: 12, breathMs: 120, patienceMs: PATIENCE_MS, somebodyWantsTwo: true };
    this.crowd = new Crowd(cluster.nodes, PRODUCTS, options);
  }

  static async open(options: ClusterOptions = {}): Promise<ClusterSale> {
    const cluster = await Cluster.start({ nats: 3, nodes: 3, shards: 8, ...options });
    try {
      for (const id of PRODUCTS) {
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
export async function expectSettled({ cluster, crowd }: ClusterSale): Promise<number> {
  await crowd.goHome();
  const orders = await expectClusterTruth(cluster, [crowd]);
  const scarce = crowd.sales.filter(({ productId }) => productId === SCARCE);
  expect(scarce).toHaveLength(SCARCE_UNITS);
  expect(crowd.wishes.filter(({ refusal }) => refusal === 'limit_reached').length).toBeGreaterThan(0);
  const unsettled = [...crowd.unsettled].map(([code, count]) => `${count} ${code}`).join(', ') || 'none';
  console.log(`${orders} orders; answers to repeat: ${unsettled}; late answers: ${crowd.lateAnswers}`);
  return orders;
}
