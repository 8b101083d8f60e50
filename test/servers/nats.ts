// Real NATS servers for tests: one, or three as a cluster, on free loopback ports, each with a store of its own in a temporary
// folder. They start with the configuration that is shipped (deploy/nats), as it is: what differs comes from the environment.
//
// Whoever starts them stops them; should the process end before, the servers end with it. The folder goes with them.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whenAllThreadsStand } from '../harness/process-state.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { freePorts } from './free-port.ts';
import { natsBinary } from './nats-binary.ts';
import { shippedFile } from './shipped-file.ts';

/** The users of deploy/nats/accounts.conf. `operator` may do everything in the account with JetStream. */
export const NATS_USERS = [
  'system',
  'operator',
  'node',
  'gateway',
  'owner',
  'writer',
  'admin',
  'audit',
  'archiver',
  'provisioner',
] as const;

export type NatsUser = (typeof NATS_USERS)[number];

/** Of every user, and between the servers. */
export const NATS_PASSWORD = 'of-the-tests';

/** On which answers go to a user; nodes share one. */
export const inboxOf = (user: NatsUser): string =>
  ['gateway', 'owner', 'writer'].includes(user) ? '_INBOX_node' : `_INBOX_${user}`;

export interface NatsOptions {
  readonly servers?: 1 | 3;
  /** Clients hear of no server but those that they were given: whoever connects through a proxy goes past it otherwise. */
  readonly isSilentAboutOthers?: boolean;
  /** Another file than the shipped one, for a test of servers that are set up wrongly. */
  readonly configuration?: string;
}

const START_MS_MAX = 60_000;

export async function startNats(options: NatsOptions = {}): Promise<NatsCluster> {
  const count = options.servers ?? 1;
  const shipped = shippedFile(count === 1 ? 'nats/server.conf' : 'nats/cluster.conf');
  const ports = await freePorts(count * 3);
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-nats-'));
  const routes = ports.slice(2 * count).map((port) => `nats://route:${NATS_PASSWORD}@127.0.0.1:${port}`);
  const servers = Array.from({ length: count }, (_, at) => {
    const [client, monitor, route] = [ports[at]!, ports[count + at]!, ports[2 * count + at]!];
    const name = `n${at + 1}`;
    const store = join(folder, name);
    mkdirSync(store);
    return new NatsServer({
      name,
      port: client,
      monitorPort: monitor,
      args: [
        '-c',
        options.configuration ?? shipped,
        ...(options.isSilentAboutOthers ? ['--no_advertise'] : []),
      ],
      env: {
        PATH: process.env['PATH'] ?? '',
        ...passwords(),
        NATS_NAME: name,
        NATS_LISTEN: `127.0.0.1:${client}`,
        NATS_MONITOR_LISTEN: `127.0.0.1:${monitor}`,
        NATS_STORE: store,
        NATS_STORE_BYTES_MAX: '2GB',
        NATS_ROUTE_LISTEN: `127.0.0.1:${route}`,
        NATS_ROUTES: `[${routes.join(', ')}]`,
      },
    });
  });
  const cluster = new NatsCluster(servers, folder);
  try {
    await cluster.start();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

const passwords = (): Record<string, string> =>
  Object.fromEntries(
    [...NATS_USERS, 'route'].map((user) => [`NATS_${user.toUpperCase()}_PASSWORD`, NATS_PASSWORD]),
  );

interface NatsServerOptions {
  readonly name: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly args: readonly string[];
  /** All that the server sees. */
  readonly env: Readonly<Record<string, string>>;
}

export class NatsServer {
  readonly name: string;
  readonly port: number;
  readonly monitorUrl: string;
  readonly args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #output = '';

  constructor({ name, port, monitorPort, args, env }: NatsServerOptions) {
    this.name = name;
    this.args = args;
    this.#env = env;
    this.port = port;
    this.monitorUrl = `http://127.0.0.1:${monitorPort}`;
  }

  /** Of the running process. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`the NATS server ${this.name} does not run`);
    return pid;
  }

  start(): void {
    const child = spawn(natsBinary(), this.args, { env: this.#env, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on(
      'data',
      (text: Buffer) => (this.#output = (this.#output + text.toString()).slice(-4_000)),
    );
    this.#child = child;
  }

  /** SIGKILL, as when the machine dies. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** It keeps its connections and answers nobody. The signal takes a moment to stop all of its threads. */
  async freeze(): Promise<void> {
    this.#child?.kill('SIGSTOP');
    if (this.#child !== undefined) await whenAllThreadsStand(this.#child.pid!);
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await exited;
  }

  get hasEnded(): boolean {
    return this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get output(): string {
    return this.#output;
  }

  /** JetStream answers, and is up to date. */
  async isHealthy(): Promise<boolean> {
    return (await fetch(`${this.monitorUrl}/healthz`)).ok;
  }

  /** Of the cluster's JetStream, as this server knows it. */
  async metaLeader(): Promise<string | undefined> {
    const answer = (await (await fetch(`${this.monitorUrl}/jsz`)).json()) as {
      meta_cluster?: { leader?: string };
    };
    return answer.meta_cluster?.leader;
  }

  /** Of a stream of the account with JetStream, as this server knows it. */
  async leaderOf(stream: string): Promise<string | undefined> {
    const answer = (await (await fetch(`${this.monitorUrl}/jsz?streams=true`)).json()) as {
      account_details?: { stream_detail?: { name: string; cluster?: { leader?: string } }[] }[];
    };
    const streams = (answer.account_details ?? []).flatMap(({ stream_detail: of = [] }) => of);
    return streams.find(({ name }) => name === stream)?.cluster?.leader;
  }
}

export class NatsCluster {
  readonly servers: readonly NatsServer[];
  readonly #folder: string;
  readonly #endWithProcess = (): void => {
    for (const server of this.servers) void server.kill();
    this.#removeFolder();
  };

  constructor(servers: readonly NatsServer[], folder: string) {
    this.servers = servers;
    this.#folder = folder;
    process.once('exit', this.#endWithProcess);
  }

  /** For a connection that may do everything. */
  get connection(): { servers: string[]; user: string; pass: string } {
    const servers = this.servers.map(({ port }) => `127.0.0.1:${port}`);
    return { servers, user: 'operator', pass: NATS_PASSWORD };
  }

  /** For a connection of one role. */
  connectionOf(user: NatsUser): { servers: string[]; user: string; pass: string; inboxPrefix: string } {
    return { ...this.connection, user, inboxPrefix: inboxOf(user) };
  }

  /** For a node, which takes addresses with user and password. @param ports others than the servers' own, such as proxies' */
  url(ports = this.servers.map(({ port }) => port), user: NatsUser = 'operator'): string {
    return ports.map((port) => `nats://${user}:${NATS_PASSWORD}@127.0.0.1:${port}`).join(',');
  }

  /** Settings of a node or a command of one role. */
  environmentOf(user: NatsUser): { NATS_URL: string; NATS_INBOX_PREFIX: string } {
    return { NATS_URL: this.url(undefined, user), NATS_INBOX_PREFIX: inboxOf(user) };
  }

  server(name: string): NatsServer {
    return this.servers.find((server) => server.name === name)!;
  }

  /** The server that leads a stream; with one server, that one. */
  async leaderOf(stream: string): Promise<NatsServer> {
    if (this.servers.length === 1) return this.servers[0]!;
    return waitUntil(`the stream ${stream} has a leader`, async () => {
      const running = this.servers.filter(({ hasEnded }) => !hasEnded);
      const told = await Promise.all(running.map((server) => server.leaderOf(stream).catch(() => undefined)));
      return running.find(({ name }) => told.includes(name));
    });
  }

  async start(): Promise<void> {
    for (const server of this.servers) if (server.hasEnded) server.start();
    await this.whenReady();
  }

  /** All of them run, JetStream answers, and three have a leader. */
  async whenReady(): Promise<void> {
    await waitUntil(
      'JetStream answers',
      async () => {
        const ended = this.servers.find(({ hasEnded }) => hasEnded);
        if (ended !== undefined) return true;
        const healthy = await Promise.all(this.servers.map((server) => server.isHealthy()));
        if (healthy.includes(false)) return false;
        return this.servers.length === 1 || (await this.servers[0]!.metaLeader());
      },
      () => this.servers.map(({ output }) => output),
      START_MS_MAX,
    );
    const ended = this.servers.find(({ hasEnded }) => hasEnded);
    if (ended !== undefined) throw new Error(`nats-server ended at once: ${ended.output}`);
  }

  /** All of them end, and start anew with the same ports and stores. */
  async restart(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await Promise.all(this.servers.map((server) => server.end(signal)));
    await this.start();
  }

  /** Ends the servers and removes their folder. */
  async stop(): Promise<void> {
    // What they hold is thrown away, so they need not end in good order.
    await Promise.all(this.servers.map((server) => server.kill()));
    process.removeListener('exit', this.#endWithProcess);
    this.#removeFolder();
  }

  #removeFolder(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
