// The journal's durable feed on JetStream: the Feed port over a durable pull consumer, which several feeds may share.
//
//   server ──fetch──▶ arrived ──pull──▶ handed out ──ack──▶ server
//            (bounded)   └──────────────────┴─ nak, or no sign of life for ackWaitMs: given out again
//
// For what takes long the feed gives a sign of life every heartbeatMs, up to workingMsMax; then the server gives the record to
// whoever asks. The server gives signs as often while it has nothing: after two that are missing it is asked anew.
// A record of a shard that was set aside is acknowledged, so that it takes nobody's place, but only when it is durable that
// the next feed begins before it. Whoever opened the feed closes it, and the connection after it.

import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { backOff, type BackOffLimits } from '../back-off.ts';
import type { Clock, Feed, FeedRecord, Pulled, Sequence, Timers } from '../ports.ts';
import { FeedConsumer, type FeedConsumerOptions } from './feed-consumer.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import { damageIn } from './record-damage.ts';

export interface JetStreamFeedOptions extends FeedConsumerOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Pick<Timers, 'after'>;
  /** Between two signs of life, in both directions; 500 to 30,000, and well below ackWaitMs. */
  readonly heartbeatMs: number;
  /** How long a record may be worked on; given out again after this and ackWaitMs. */
  readonly workingMsMax: number;
  /** Records from the server that nobody has pulled yet. */
  readonly prefetchMax?: number;
}

/** Not acknowledged, and not given back. */
interface Held {
  readonly shard: number;
  readonly message: JsMsg;
  readonly arrivedAt: number;
}

const RETRY: BackOffLimits = { firstMs: 50, mostMs: 2_000 };

export class JetStreamFeed implements Feed {
  readonly #options: JetStreamFeedOptions;
  readonly #consumer: FeedConsumer;
  readonly #held = new Map<Sequence, Held>();
  /** Held, and not yet handed out. */
  readonly #arrived = new Set<Sequence>();
  /** It tells how many the server had behind it. */
  #newest: JsMsg | undefined;
  /** By shard: the first record that is passed over. */
  readonly #setAside = new Map<number, Sequence>();
  /** To be acknowledged when the server knows where the next feed begins. */
  #passedOver: JsMsg[] = [];
  #begin: Sequence = Infinity;
  #isNoting = false;
  #fetching: ConsumerMessages | undefined;
  #run: Promise<void> | undefined;
  #isClosed = false;
  readonly #waiting = new Set<() => void>();
  #cancelSigns: () => void = () => undefined;

  private constructor(options: JetStreamFeedOptions) {
    this.#options = options;
    this.#consumer = new FeedConsumer(options);
  }

  static async open(options: JetStreamFeedOptions): Promise<JetStreamFeed> {
    const feed = new JetStreamFeed(options);
    await feed.#consumer.begin();
    feed.#start();
    return feed;
  }

  /** Every record up to it was acknowledged, by whichever feed of this name. @throws without an answer */
  ackFloor(): Promise<Sequence> {
    return this.#consumer.ackFloor();
  }

  /** Begins anew behind `floor`: whoever works the records off knows better where it stands. */
  async rewind(floor: Sequence): Promise<void> {
    await this.#stop();
    this.#held.clear();
    this.#arrived.clear();
    this.#setAside.clear();
    this.#passedOver = [];
    this.#newest = undefined;
    this.#begin = Infinity;
    await this.#consumer.moveTo(floor + 1);
    this.#start();
  }

  async pull(recordsMax: number): Promise<Pulled> {
    if (this.#arrived.size === 0) await this.#changed(JETSTREAM_LIMITS.feedIdleMs);
    const taken = [...this.#arrived].slice(0, recordsMax).sort((one, other) => one - other);
    for (const sequence of taken) this.#arrived.delete(sequence);
    // There is room again for what the server has.
    if (taken.length > 0) this.#tell();
    const records = taken.map((sequence) => recordOf(sequence, this.#held.get(sequence)!));
    return { records, hasMore: this.#hasMore };
  }

  ack(sequences: readonly Sequence[]): void {
    for (const sequence of sequences) {
      this.#held.get(sequence)?.message.ack();
      this.#drop(sequence);
    }
  }

  nak(sequences: readonly Sequence[]): void {
    for (const sequence of sequences) {
      // Whoever gets it next, this feed or another one of its name.
      this.#held.get(sequence)?.message.nak(JETSTREAM_LIMITS.feedNakDelayMs);
      this.#drop(sequence);
    }
  }

  setAside(shard: number, from: Sequence): void {
    this.#setAside.set(shard, Math.min(from, this.#setAside.get(shard) ?? Infinity));
    for (const [sequence, held] of this.#held) {
      if (!this.#isSetAside(held.shard, sequence)) continue;
      this.#passedOver.push(held.message);
      this.#drop(sequence);
    }
    void this.#passOver();
  }

  /** Gives everything back that was not acknowledged. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#stop();
    const { link } = this.#options;
    if (link.isClosed) return;
    for (const { message } of this.#held.values()) message.nak();
    for (const message of this.#passedOver.splice(0)) message.nak();
    await link.whileUp(() => link.connection.flush()).catch(() => undefined);
  }

  get #hasMore(): boolean {
    if (this.#arrived.size > 0) return true;
    return (this.#newest?.info.pending ?? 0) > 0;
  }

  #start(): void {
    this.#isClosed = false;
    this.#run = this.#fetch();
    this.#giveSigns();
  }

  async #stop(): Promise<void> {
    this.#isClosed = true;
    this.#cancelSigns();
    this.#tell();
    // Whether it ends, only who reads from it hears; that is #run.
    void this.#fetching?.close();
    await this.#run;
  }

  async #fetch(): Promise<void> {
    const { timers, link } = this.#options;
    let consumer: Consumer | undefined;
    for (let failures = 0; !this.#isClosed && !link.isClosed;) {
      try {
        consumer ??= await this.#consumer.bind();
        if ((await this.#fetchOnce(consumer)) > 0) failures = 0;
      } catch {
        // No connection, no leader, or somebody made the consumer anew.
        consumer = undefined;
        if (!this.#isClosed) await backOff(timers, failures++, RETRY);
        if (!this.#isClosed) await link.up(RETRY.mostMs);
      }
    }
  }

  /** @returns how many came */
  async #fetchOnce(consumer: Consumer): Promise<number> {
    const { feedFetchMs } = JETSTREAM_LIMITS;
    const { link, heartbeatMs, prefetchMax = JETSTREAM_LIMITS.feedPrefetchMax } = this.#options;
    const room = prefetchMax - this.#arrived.size;
    if (room <= 0) {
      await this.#changed(feedFetchMs);
      return 0;
    }
    const expires = Math.max(feedFetchMs, 3 * heartbeatMs);
    const options = { max_messages: room, expires, idle_heartbeat: heartbeatMs };
    const messages = await link.whileUp(() => consumer.fetch(options));
    this.#fetching = messages;
    try {
      if (this.#isClosed) return 0;
      // The client goes on waiting over a lost connection.
      return await link.whileUp(() => this.#take(messages));
    } finally {
      void messages.close();
    }
  }

  async #take(messages: ConsumerMessages): Promise<number> {
    let count = 0;
    for await (const message of messages) {
      count++;
      this.#arrive(message);
    }
    return count;
  }

  #arrive(message: JsMsg): void {
    const { names, clock } = this.#options;
    const sequence = message.seq;
    const shard = names.shardOf(message.subject);
    this.#newest = message;
    if (this.#isSetAside(shard, sequence)) {
      this.#passedOver.push(message);
      void this.#passOver();
      return;
    }
    this.#held.set(sequence, { shard, message, arrivedAt: clock.monotonic() });
    this.#arrived.add(sequence);
    this.#tell();
  }

  #isSetAside(shard: number, sequence: Sequence): boolean {
    const from = this.#setAside.get(shard);
    return from !== undefined && sequence >= from;
  }

  /** Acknowledged before the note is durable, they would be lost to the next feed. */
  async #passOver(): Promise<void> {
    this.#ackPassedOver();
    if (this.#isNoting || this.#passedOver.length === 0) return;
    this.#isNoting = true;
    try {
      for (let failures = 0; this.#passedOver.length > 0 && !this.#isClosed;) {
        const begin = Math.min(...this.#setAside.values());
        try {
          await this.#consumer.noteBegin(begin);
          this.#begin = begin;
          this.#ackPassedOver();
        } catch {
          await backOff(this.#options.timers, failures++, RETRY);
        }
      }
    } finally {
      this.#isNoting = false;
    }
  }

  #ackPassedOver(): void {
    for (const message of this.#passedOver) if (message.seq >= this.#begin) message.ack();
    this.#passedOver = this.#passedOver.filter(({ seq }) => seq < this.#begin);
  }

  #drop(sequence: Sequence): void {
    this.#held.delete(sequence);
    this.#arrived.delete(sequence);
  }

  /** So that the server does not give to others what is worked on here. */
  #giveSigns(): void {
    const { clock, timers, heartbeatMs, workingMsMax } = this.#options;
    this.#cancelSigns = timers.after(heartbeatMs, () => {
      const since = clock.monotonic() - workingMsMax;
      for (const { message, arrivedAt } of this.#held.values()) if (arrivedAt > since) message.working();
      this.#giveSigns();
    });
  }

  /** Resolves at the next change, and after `delayMs` in any case. */
  async #changed(delayMs: number): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const cancel = this.#options.timers.after(delayMs, done);
      this.#waiting.add(done);
    });
  }

  #tell(): void {
    for (const done of this.#waiting) done();
  }
}

function recordOf(sequence: Sequence, { shard, message }: Held): FeedRecord {
  const { deliveryCount: deliveries } = message.info;
  const record = { sequence, shard, bytes: message.data, deliveries };
  const damage = damageIn(record);
  return damage === undefined ? record : { ...record, damage };
}
