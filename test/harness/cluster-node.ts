// One node of a cluster: a process with a name, a port and a folder that stay the same from start to start, and a network
// of its own to the NATS servers, which can be cut.

import { join } from 'node:path';
import { Engine } from './engine.ts';
import { NodeApi } from './node-api.ts';
import type { TcpProxy } from './tcp-proxy.ts';

export interface ClusterNodeOptions {
  readonly id: string;
  readonly port: number;
  /** Of the whole cluster; the node has a folder in it. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly demo: boolean;
  /** One for each NATS server; none: it talks to them directly. */
  readonly proxies: readonly TcpProxy[];
}

export class ClusterNode extends NodeApi {
  readonly id: string;
  readonly url: string;
  readonly #options: ClusterNodeOptions;
  #engine: Engine | undefined;
  #isFrozen = false;
  #isCutOff = false;

  constructor(options: ClusterNodeOptions) {
    super();
    this.id = options.id;
    this.url = `http://127.0.0.1:${options.port}`;
    this.#options = options;
    this.adminToken = options.env['ADMIN_TOKEN'] ?? this.adminToken;
  }

  /** Settings beside those that every node of the tests has. */
  get env(): Readonly<Record<string, string>> {
    const { env, port, folder, id } = this.#options;
    return { ...env, NODE_ID: id, PORT: String(port), DATA_DIR: join(folder, id) };
  }

  /** From NATS: what it believes may be out of date. */
  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  get isRunning(): boolean {
    return this.#engine !== undefined && !this.#engine.hasEnded && !this.#isFrozen;
  }

  /** @throws while there is no process, and before the first start */
  get engine(): Engine {
    if (this.#engine === undefined) throw new Error(`node ${this.id} was not started`);
    return this.#engine;
  }

  /** What it printed since its last start. */
  get output(): string {
    return this.#engine?.output ?? '';
  }

  /** @throws when it does not become ready, with what it printed */
  async start(): Promise<void> {
    const { demo } = this.#options;
    this.#isFrozen = false;
    this.#engine = Engine.spawn({ dataDir: this.env['DATA_DIR']!, demo, env: this.env });
    await this.#engine.whenReady();
  }

  /** In good order; resolves with the exit code. */
  stop(): Promise<number | null> {
    return this.engine.stop();
  }

  /** SIGKILL, also of one that is frozen. */
  async kill(): Promise<void> {
    if (this.#engine !== undefined && !this.#engine.hasEnded) await this.#engine.kill();
  }

  async freeze(): Promise<void> {
    await this.engine.freeze();
    this.#isFrozen = true;
  }

  thaw(): void {
    this.engine.signal('SIGCONT');
    this.#isFrozen = false;
  }

  /** Its connections to NATS end, and new ones end at once. */
  cut(): void {
    this.#isCutOff = true;
    for (const proxy of this.#network) proxy.cut();
  }

  /** Its connections to NATS stay, and nothing arrives until `heal`, which lets all of it arrive. */
  stall(): void {
    this.#isCutOff = true;
    for (const proxy of this.#network) proxy.stall();
  }

  heal(): void {
    this.#isCutOff = false;
    for (const proxy of this.#network) proxy.heal();
  }

  /** For the end of the process that started it, which cannot wait. */
  killAtOnce(): void {
    if (this.#engine !== undefined && !this.#engine.hasEnded) this.#engine.signal('SIGKILL');
  }

  async close(): Promise<void> {
    await this.kill();
    await Promise.all(this.#options.proxies.map((proxy) => proxy.close()));
  }

  get #network(): readonly TcpProxy[] {
    const { proxies } = this.#options;
    if (proxies.length === 0)
      throw new Error('only the network of a cluster with `proxied` can be disturbed');
    return proxies;
  }
}
