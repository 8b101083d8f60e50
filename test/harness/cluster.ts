// A cluster of real processes: NATS servers, Postgres, and nodes that share them, with verbs for what can happen to each.
//
//   start    NATS, Postgres → a proxy to each server for each node, when wanted → all nodes at once
//   stop     nodes killed → proxies → Postgres, NATS → folder
//
// Whoever starts it stops it; should the process end before, everything ends with it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JetStreamNames } from '../../src/runtime/jetstream/names.ts';
import { freePorts } from '../servers/free-port.ts';
import { startNats, type NatsCluster, type NatsServer } from '../servers/nats.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';
import { ClusterNode } from './cluster-node.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { waitUntil } from './wait-until.ts';

export interface ClusterOptions {
  readonly nats?: 1 | 3;
  /** Named a, b, c and so on. */
  readonly nodes?: number;
  readonly shards?: number;
  /** Settings of every node. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of one node, by its name. */
  readonly envOf?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Each node has a network of its own, for `cut`, `stall` and `heal`. */
  readonly proxied?: boolean;
  readonly demo?: boolean;
  /** Of the nodes; free ones when missing. */
  readonly ports?: readonly number[];
  /** Told of each step of the start. */
  readonly onProgress?: (step: string) => void;
}

export interface ShardRow {
  readonly shard: number;
  readonly node: string;
  readonly worker: number;
  readonly epoch: number | null;
  readonly phase: string;
}

interface Parts {
  readonly folder: string;
  readonly nats: NatsCluster;
  readonly postgres: PostgresServer;
}

const SHARDS = 16;
const FIRST_NAME = 'a'.charCodeAt(0);

export const nodeName = (number: number): string => String.fromCharCode(FIRST_NAME + number);

export class Cluster {
  readonly nats: NatsCluster;
  readonly postgres: PostgresServer;
  readonly folder: string;
  readonly nodes: readonly ClusterNode[];
  readonly shards: number;
  readonly names: JetStreamNames;
  readonly #pins = new Map<number, string>();
  readonly #endWithProcess = (): void => {
    for (const node of this.nodes) node.killAtOnce();
    rmSync(this.folder, { recursive: true, force: true });
  };

  private constructor({ folder, nats, postgres }: Parts, nodes: readonly ClusterNode[], shards: number) {
    this.folder = folder;
    this.nats = nats;
    this.postgres = postgres;
    this.nodes = nodes;
    this.shards = shards;
    this.names = new JetStreamNames(nodes[0]?.env['NATS_PREFIX']);
    process.once('exit', this.#endWithProcess);
  }

  /** @throws when a part does not start, with what it printed; nothing is left then */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const { nodes: count = 3, shards = SHARDS, proxied = false, onProgress = () => undefined } = options;
    const undo: (() => Promise<void> | void)[] = [];
    try {
      const servers = options.nats ?? 3;
      const nats = await startNats({ servers, isSilentAboutOthers: proxied });
      undo.push(() => nats.stop());
      onProgress(`${servers} NATS servers, every message synced`);
      const postgres = await startPostgres();
      undo.push(() => postgres.stop());
      onProgress('Postgres');
      const ports = options.ports ?? (await freePorts(count));
      const networks = await Promise.all(
        ports.slice(0, count).map(() => (proxied ? networkTo(nats) : Promise.resolve([]))),
      );
      const folder = mkdtempSync(join(tmpdir(), 'doorbuster-cluster-'));
      const nodes = networks.map((proxies, number) => {
        const env = {
          SHARDS: String(shards),
          WORKERS: '2',
          // Servers that tell of nobody else do not look like three.
          ...(proxied && { NATS_REPLICAS: String(servers) }),
          ...options.env,
          ...options.envOf?.[nodeName(number)],
          NATS_URL: nats.url(proxied ? proxies.map(({ port }) => port) : undefined),
          NATS_MONITOR_URLS: nats.servers.map(({ monitorUrl }) => monitorUrl).join(','),
          DATABASE_URL: urlOf(postgres),
        };
        const id = nodeName(number);
        return new ClusterNode({
          id,
          port: ports[number]!,
          folder,
          env,
          demo: options.demo ?? false,
          proxies,
        });
      });
      const cluster = new Cluster({ folder, nats, postgres }, nodes, shards);
      undo.splice(0, undo.length, () => cluster.stop());
      await Promise.all(
        nodes.map(async (node) => {
          await node.start();
          onProgress(`node ${node.id} at ${node.url}`);
        }),
      );
      return cluster;
    } catch (error) {
      for (const step of undo.toReversed()) await step();
      throw error;
    }
  }

  node(id: string): ClusterNode {
    const node = this.nodes.find((each) => each.id === id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  /** Those that a shopper gets an answer from. */
  get running(): readonly ClusterNode[] {
    return this.nodes.filter(({ isRunning }) => isRunning);
  }

  get databaseUrl(): string {
    return urlOf(this.postgres);
  }

  start(id: string): Promise<void> {
    return this.node(id).start();
  }

  /** In good order. */
  async stop(id: string): Promise<number | null>;
  /** The whole cluster, and all that it left on the disk. */
  async stop(): Promise<void>;
  async stop(id?: string): Promise<number | null | void> {
    if (id !== undefined) return this.node(id).stop();
    await Promise.all(this.nodes.map((node) => node.close()));
    await Promise.all([this.nats.stop(), this.postgres.stop()]);
    process.removeListener('exit', this.#endWithProcess);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** kill -9. */
  kill(id: string): Promise<void> {
    return this.node(id).kill();
  }

  /** SIGSTOP; resolves when all threads stand. */
  freeze(id: string): Promise<void> {
    return this.node(id).freeze();
  }

  thaw(id: string): void {
    this.node(id).thaw();
  }

  cut(id: string): void {
    this.node(id).cut();
  }

  stall(id: string): void {
    this.node(id).stall();
  }

  heal(id: string): void {
    this.node(id).heal();
  }

  /** As the node says that has it open, whatever others believe. One that is cut off is not asked. */
  async ownerOf(shard: number): Promise<ShardRow | undefined> {
    const asked = this.running.filter(({ isCutOff }) => !isCutOff);
    const rows = await Promise.all(
      asked.map(async ({ id }) => {
        const rows = await this.shardsAt(id).catch(() => []);
        return rows.find((row) => row.shard === shard && row.node === id && row.phase === 'open');
      }),
    );
    return rows.find((row) => row !== undefined);
  }

  /** Waits until somebody has it open. */
  owner(shard: number): Promise<ShardRow> {
    return this.waitUntil(`somebody owns shard ${shard}`, () => this.ownerOf(shard));
  }

  async shardsAt(id: string): Promise<ShardRow[]> {
    const { status, body } = await this.node(id).admin<{ shards: ShardRow[] }>('GET', '/shards');
    return status === 200 ? body.shards : [];
  }

  /** Pins it, beside what was pinned before, and waits until it is open there. */
  async moveShard(shard: number, id: string): Promise<void> {
    this.#pins.set(shard, id);
    const pins = [...this.#pins].map(([pinned, node]) => ({ shards: [pinned], node }));
    const file = JSON.stringify({ strategy: 'rendezvous', pins });
    await this.waitUntil(`the wish to have shard ${shard} on ${id} is taken`, () => this.#apply(file));
    await this.waitUntil(
      `shard ${shard} is open on ${id}`,
      async () => (await this.ownerOf(shard))?.node === id,
    );
  }

  /** @returns false when the cluster changed since its revision was asked, or is moving shards: it is asked again */
  async #apply(file: string): Promise<boolean> {
    const node = this.running.find(({ isCutOff }) => !isCutOff);
    if (node === undefined) throw new Error('no node runs');
    const { body } = await node.admin<{ revision: number }>('GET', '/placement');
    const { status, body: problem } = await node.admin('POST', '/placement', {
      file,
      revision: body.revision,
    });
    if (status === 400) throw new Error(`${file}: ${JSON.stringify(problem)}`);
    return status === 202;
  }

  /** kill -9 of the NATS server that leads the journal's stream. @returns it, to be started again */
  async killNatsLeader(): Promise<NatsServer> {
    const leader = await this.nats.leaderOf(this.names.journalStream);
    await leader.kill();
    return leader;
  }

  /** With what the nodes printed at last, when it never comes. */
  waitUntil<T>(
    what: string,
    condition: () => T | Promise<T>,
    deadlineMs?: number,
  ): Promise<NonNullable<Exclude<T, false>>> {
    const seen = (): unknown => this.nodes.map(({ id, output }) => `${id}: ${output.slice(-1_500)}`);
    return waitUntil(what, condition, seen, deadlineMs);
  }
}

const networkTo = ({ servers }: NatsCluster): Promise<TcpProxy[]> =>
  Promise.all(servers.map(({ port }) => TcpProxy.to(port)));

function urlOf({ connection: { host, port, database, user } }: PostgresServer): string {
  return `postgres://${user}@${host}:${port}/${database}`;
}
