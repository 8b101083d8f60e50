// A replica for each primary of a Redis Cluster, which takes its place when it dies. Whoever starts them stops them, before the
// primaries.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { waitUntil } from '../harness/wait-until.ts';
import { freePorts } from './free-port.ts';
import type { RedisCluster } from './redis-cluster.ts';
import { startRedis, type RedisServer } from './redis.ts';

const run = promisify(execFile);

export class RedisClusterReplicas {
  /** In the order of their primaries. */
  readonly servers: RedisServer[] = [];

  static async start(cluster: RedisCluster): Promise<RedisClusterReplicas> {
    const replicas = new RedisClusterReplicas();
    try {
      for (const primary of cluster.nodes) await replicas.#add(primary);
      await waitUntil('each primary has a replica that is in step', async () => {
        const told = await Promise.all(replicas.servers.map((server) => server.askAll('INFO replication')));
        return told.every((text) => text.includes('role:slave') && text.includes('master_link_status:up'));
      });
    } catch (error) {
      await replicas.stop();
      throw error;
    }
    return replicas;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  async #add(primary: RedisServer): Promise<void> {
    const [port, busPort] = await freePorts(2);
    const server = await startRedis(
      {
        'cluster-enabled': 'yes',
        'cluster-port': busPort!,
        'cluster-node-timeout': 1_000,
        'cluster-require-full-coverage': 'no',
        // Also of a primary that it was in step with a while ago: a busy machine is no reason to stay without one.
        'cluster-replica-validity-factor': 0,
        'repl-diskless-sync-delay': 0,
        appendfsync: 'everysec',
      },
      port,
    );
    this.servers.push(server);
    const [, id] = /\r\n([0-9a-f]{40})/.exec(await primary.askAll('CLUSTER MYID'))!;
    const addresses = [`127.0.0.1:${server.port}`, `127.0.0.1:${primary.port}`];
    const options = ['--cluster-slave', '--cluster-master-id', id!];
    await run('redis-cli', ['--cluster', 'add-node', ...addresses, ...options], { timeout: 30_000 });
    // The next one is added by what this one's cluster knows.
    await waitUntil('the cluster knows it', async () => {
      const known = await primary.askAll('CLUSTER NODES');
      return known.includes(`:${server.port}@`);
    });
  }
}
