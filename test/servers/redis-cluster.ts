// A Redis Cluster of three primaries without replicas, on this machine. Whoever starts it stops it.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { waitUntil } from '../harness/wait-until.ts';
import { freePorts } from './free-port.ts';
import { startRedis, type RedisServer } from './redis.ts';

const NODES = 3;
const run = promisify(execFile);

export class RedisCluster {
  readonly nodes: readonly RedisServer[];

  private constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes;
  }

  static async start(): Promise<RedisCluster> {
    // The port of the nodes' bus is by default 10,000 higher, where there may be none.
    const ports = await freePorts(NODES * 2);
    const starting = ports.slice(0, NODES).map((port, number) =>
      startRedis(
        {
          'cluster-enabled': 'yes',
          'cluster-port': ports[NODES + number]!,
          'cluster-node-timeout': 1_000,
          // The others go on when one of them is gone: a cache needs no more.
          'cluster-require-full-coverage': 'no',
        },
        port,
      ),
    );
    const started = await Promise.allSettled(starting);
    const cluster = new RedisCluster(
      started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])),
    );
    try {
      await Promise.all(starting);
      await cluster.#join();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get url(): string {
    return `redis+cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  async #join(): Promise<void> {
    const addresses = this.nodes.map(({ port }) => `127.0.0.1:${port}`);
    await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], { timeout: 30_000 });
    await waitUntil('the cluster is whole', async () => {
      const told = await Promise.all(this.nodes.map((node) => node.askAll('CLUSTER INFO')));
      return told.every((text) => text.includes('cluster_state:ok'));
    });
  }
}
