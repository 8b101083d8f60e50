// A connection to the NATS servers as the journal needs it. The client keeps what is published while it is disconnected,
// drops it when it dials again, and says neither; so nothing is sent without a connection, and whoever waits for an answer
// hears of a lost connection at once. Whoever opened it closes it.

import { connect, type Msg, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { Timers } from '../ports.ts';

/** It is not known what became of what was sent. */
export class LinkDown extends Error {
  override readonly name = 'LinkDown';
}

const SETTINGS: NodeConnectionOptions = {
  // A stack trace for each request would cost half of its time.
  noAsyncTraces: true,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 200,
  reconnectJitter: 200,
  // A frozen server, or a network that swallows everything, is left after three of these.
  pingInterval: 3_000,
  maxPingOut: 2,
};

export class Link {
  readonly connection: NatsConnection;
  readonly #timers: Pick<Timers, 'after'>;
  readonly #whenDown = new Set<() => void>();
  readonly #whenUp = new Set<() => void>();
  #isUp = true;

  private constructor(connection: NatsConnection, timers: Pick<Timers, 'after'>) {
    this.connection = connection;
    this.#timers = timers;
    void this.#follow();
  }

  static async open(options: NodeConnectionOptions, timers: Pick<Timers, 'after'>): Promise<Link> {
    return new Link(await connect({ ...SETTINGS, ...options }), timers);
  }

  get isClosed(): boolean {
    return this.connection.isClosed();
  }

  /** What is published while it is not is lost. */
  get isUp(): boolean {
    return this.#isUp && !this.isClosed;
  }

  /** @throws LinkDown at once without a connection, or when it is lost before the answer; and whatever `send` throws */
  async whileUp<T>(send: () => Promise<T>): Promise<T> {
    if (!this.isUp) throw new LinkDown('there is no connection');
    const { promise: lost, reject } = Promise.withResolvers<never>();
    const down = (): void => reject(new LinkDown('the connection was lost'));
    this.#whenDown.add(down);
    try {
      return await Promise.race([send(), lost]);
    } finally {
      this.#whenDown.delete(down);
    }
  }

  /** Resolves when there is a connection, and after `delayMs` in any case. */
  async up(delayMs: number): Promise<void> {
    if (this.#isUp) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        this.#whenUp.delete(done);
        resolve();
      };
      const cancel = this.#timers.after(delayMs, done);
      this.#whenUp.add(done);
    });
  }

  /** The answers to one request, up to an empty one, or as many as came in time. */
  async many(subject: string, payload: string, timeMs: number): Promise<Msg[]> {
    const answers: Msg[] = [];
    const options = { strategy: 'sentinel', maxWait: timeMs } as const;
    for await (const answer of await this.connection.requestMany(subject, payload, options))
      answers.push(answer);
    return answers;
  }

  async close(): Promise<void> {
    await this.connection.close();
    this.#fell();
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect') this.#fell();
      else if (type === 'reconnect') this.#rose();
    }
    this.#fell();
  }

  #fell(): void {
    this.#isUp = false;
    for (const down of this.#whenDown) down();
  }

  #rose(): void {
    this.#isUp = true;
    for (const up of this.#whenUp) up();
  }
}
