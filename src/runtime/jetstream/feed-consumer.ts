// The feed's place in the journal's stream, kept by the server: a durable consumer. Whoever opens a feed finds it, or makes it.
//
// It can only be moved by making it anew, which takes it from under feeds that use it at that moment; they bind to the new one.

import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  ReplayPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerInfo,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { Sequence } from '../ports.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';

export interface FeedConsumerOptions {
  readonly link: Link;
  readonly names: JetStreamNames;
  /** Feeds of one name share the records among them. */
  readonly name: string;
  /** Records handed out and not acknowledged, all feeds of this name together. */
  readonly inFlightMax: number;
  /** After so long without a sign of life a record is given out again. */
  readonly ackWaitMs: number;
}

const NO_CONSUMER = 10014;
/** Where the next feed begins, whatever is acknowledged. */
const BEGIN_NOTE = 'doorbuster-begin';

export class FeedConsumer {
  readonly #options: FeedConsumerOptions;
  readonly #manager: Promise<JetStreamManager>;

  constructor(options: FeedConsumerOptions) {
    this.#options = options;
    this.#manager = jetstreamManager(options.link.connection, { checkAPI: false });
  }

  /** Behind everything that was acknowledged without a gap, and before what was set aside. */
  async begin(): Promise<void> {
    const found = await this.#info();
    if (found === undefined) return this.#make(1);
    const noted = Number(found.config.metadata?.[BEGIN_NOTE] ?? Infinity);
    if (noted === Infinity) await this.#update();
    else await this.moveTo(Math.min(noted, found.ack_floor.stream_seq + 1));
  }

  async bind(): Promise<Consumer> {
    const { link, names, name } = this.#options;
    if ((await this.#info()) === undefined) await this.#make(1);
    return jetstream(link.connection).consumers.get(names.journalStream, name);
  }

  /** As the consumer's leader knows it. */
  async ackFloor(): Promise<Sequence> {
    return (await this.#info())?.ack_floor.stream_seq ?? 0;
  }

  async moveTo(sequence: Sequence): Promise<void> {
    const { names, name } = this.#options;
    const manager = await this.#manager;
    if ((await this.#info()) !== undefined) await manager.consumers.delete(names.journalStream, name);
    await this.#make(sequence);
  }

  /** Resolves when it is durable that the next feed begins here, or earlier. */
  async noteBegin(sequence: Sequence): Promise<void> {
    const noted = Number((await this.#info())?.config.metadata?.[BEGIN_NOTE] ?? Infinity);
    if (noted > sequence) await this.#update({ [BEGIN_NOTE]: String(sequence) });
  }

  async #info(): Promise<ConsumerInfo | undefined> {
    const { link, names, name } = this.#options;
    const manager = await this.#manager;
    try {
      return await link.whileUp(() => manager.consumers.info(names.journalStream, name));
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_CONSUMER) return undefined;
      throw error;
    }
  }

  async #make(sequence: Sequence): Promise<void> {
    const { names, name } = this.#options;
    const manager = await this.#manager;
    await manager.consumers.add(names.journalStream, {
      ...this.#settings(),
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      replay_policy: ReplayPolicy.Instant,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(1, sequence),
    });
  }

  async #update(metadata?: Record<string, string>): Promise<void> {
    const { names, name } = this.#options;
    const manager = await this.#manager;
    const settings = { ...this.#settings(), ...(metadata && { metadata }) };
    await manager.consumers.update(names.journalStream, name, settings);
  }

  #settings(): Partial<ConsumerConfig> {
    const { names, inFlightMax, ackWaitMs } = this.#options;
    return {
      filter_subject: names.journalSubjects,
      ack_wait: nanos(ackWaitMs),
      max_ack_pending: inFlightMax,
      // A record that cannot be taken is set aside by the projection, never given up by the server.
      max_deliver: -1,
    };
  }
}
