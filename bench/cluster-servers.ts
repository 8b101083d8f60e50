// The servers that a benchmark's nodes need to be a cluster: NATS, one or three, and Postgres; all on this machine. Ended by
// whoever started them, behind the nodes.

import { startPostgres, type PostgresServer } from '../test/servers/postgres.ts';
import { auditCluster } from './cluster-audit.ts';
import { NatsPlace, type Replicas } from './nats-place.ts';

export class ClusterServers {
  readonly #nats: NatsPlace;
  readonly #postgres: PostgresServer;

  private constructor(nats: NatsPlace, postgres: PostgresServer) {
    this.#nats = nats;
    this.#postgres = postgres;
  }

  /** With their lines of progress. */
  static async start(replicas: Replicas, say: (text: string) => void): Promise<ClusterServers> {
    const nats = await NatsPlace.start(replicas, say);
    try {
      const servers = new ClusterServers(nats, await startPostgres());
      say('  a Postgres server is ready');
      return servers;
    } catch (error) {
      await nats.stop();
      throw error;
    }
  }

  /** What a node has to know of them. */
  get env(): Readonly<Record<string, string>> {
    const { servers, user, pass } = this.#nats.cluster.connection;
    const { host, port, database, user: role } = this.#postgres.connection;
    return {
      NATS_URL: servers.map((server) => `nats://${user}:${pass}@${server}`).join(','),
      NATS_REPLICAS: String(this.#nats.replicas),
      DATABASE_URL: `postgres://${role}@${host}:${port}/${database}`,
    };
  }

  /** @returns violations */
  async audit(): Promise<number> {
    const link = await this.#nats.link();
    try {
      return await auditCluster(link, this.#postgres.connection);
    } finally {
      await link.close();
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#nats.stop(), this.#postgres.stop()]);
  }
}
