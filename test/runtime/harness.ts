// A shard in the test's hand: a journal whose every answer the test decides, and time that passes when it says so.

import {
  customerKeyOf,
  keyOf,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  type Reserve,
} from '../../src/actors/index.ts';
import { DEFAULT_LIMITS, type RuntimeLimits } from '../../src/runtime/limits.ts';
import type {
  AppendResult,
  Clock,
  Journal,
  ShardReply,
  StoredRecord,
  Timers,
} from '../../src/runtime/ports.ts';
import { Shard } from '../../src/runtime/shard.ts';
import type { JournalFollower, RecordSize } from '../../src/runtime/snapshot-maker.ts';
import { SimulatedSnapshots } from '../simulation/snapshots.ts';
import { Dice, SimulatedLog, SimulatedRandom } from '../simulation/world.ts';

export const PRODUCT = 'sku-1';
export const START = 1_700_000_000_000;
export const END = START + 10_000_000;

/** Time stands still until it is told to pass; what is due `soon` runs at the next turn of the real loop. */
export class ManualTime implements Clock, Timers {
  #now = START;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  soon(callback: () => void): void {
    setImmediate(callback);
  }

  giveWay(): Promise<void> {
    return new Promise((resolve) => void setImmediate(resolve));
  }

  /** Nothing runs meanwhile; then each timer that is due runs once. */
  async jump(durationMs: number): Promise<void> {
    this.#now += durationMs;
    const due = this.#timers.filter(({ at }) => at <= this.#now).toSorted((one, other) => one.at - other.at);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { callback } of due) callback();
    await turns();
  }

  async pass(durationMs: number): Promise<void> {
    const until = this.#now + durationMs;
    for (;;) {
      await turns();
      const [next] = this.#timers.sort((one, other) => one.at - other.at);
      if (next === undefined || next.at > until) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = until;
    await turns();
  }
}

/** A few turns of the real loop: promises settle, and what is due soon has run. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => void setImmediate(resolve));
}

interface HeldAppend {
  readonly bytes: Uint8Array;
  /** It lands in the log, or not; and the shard is told this. */
  settle(lands: boolean, told?: AppendResult): Promise<void>;
}

/** Appends wait for the test's word, unless it lets them all through. */
export class HeldJournal implements Journal, JournalFollower {
  readonly log = new SimulatedLog();
  readonly held: HeldAppend[] = [];
  letThrough = true;
  /** Where each reading began. */
  readonly replayedFrom: number[] = [];

  head(shard: number): Promise<StoredRecord | undefined> {
    return Promise.resolve(this.log.of(shard).at(-1));
  }

  append(shard: number, bytes: Uint8Array<ArrayBuffer>, expected: number): Promise<AppendResult> {
    if (this.letThrough) return Promise.resolve(this.log.append(shard, bytes, expected));
    return new Promise((resolve) => {
      this.held.push({
        bytes,
        settle: async (lands, told) => {
          const result: AppendResult = lands
            ? this.log.append(shard, bytes, expected)
            : { kind: 'unknown', cause: 'told so by the test' };
          resolve(told ?? result);
          await turns();
        },
      });
    });
  }

  sizes(after: number): readonly RecordSize[] {
    return this.log.sizes(after);
  }

  async *replay(shard: number, from: number, to: number): AsyncIterable<readonly StoredRecord[]> {
    this.replayedFrom.push(from);
    yield await Promise.resolve(
      this.log.of(shard).filter(({ sequence }) => sequence >= from && sequence <= to),
    );
  }
}

export class ShardInHand {
  readonly time = new ManualTime();
  readonly journal: HeldJournal;
  readonly snapshots: SimulatedSnapshots;
  readonly shard: Shard;
  readonly ownership = {
    revision: 0,
    /** Whether the shard may answer without asking the journal. */
    isHeld: true,
    holds(): boolean {
      return this.isHeld;
    },
  };
  #orders = 0;

  constructor(
    journal = new HeldJournal(),
    limits: Partial<RuntimeLimits> = {},
    seed = 1,
    snapshots = new SimulatedSnapshots(),
  ) {
    this.journal = journal;
    this.snapshots = snapshots;
    const random = new SimulatedRandom(new Dice(seed));
    const { ownership } = this;
    const ports = { journal, snapshots, clock: this.time, timers: this.time, random, ownership };
    this.shard = new Shard(0, ports, { ...DEFAULT_LIMITS, ...limits });
  }

  /** Open, with a product on sale. */
  static async selling(units: number, limits: Partial<RuntimeLimits> = {}): Promise<ShardInHand> {
    const hand = new ShardInHand(new HeldJournal(), limits);
    await hand.shard.open();
    const configuration = {
      name: 'Kettle',
      description: '',
      startsAt: START,
      endsAt: END,
      amount: 1_999,
      currency: 'EUR',
      perCustomerLimit: 2,
      holdSeconds: 60,
    };
    hand.offer({ kind: 'configure', productId: PRODUCT, configuration, expectedRevision: undefined });
    hand.offer({ kind: 'loadStock', productId: PRODUCT, requestId: 'first', quantity: units });
    await turns();
    return hand;
  }

  /** @returns where the answer will stand */
  offer(
    command: Parameters<Shard['offer']>[0]['command'],
    timeLeftMs = 5_000,
  ): { reply: ShardReply | undefined } {
    const told: { reply: ShardReply | undefined } = { reply: undefined };
    const answer = (reply: ShardReply): void => {
      if (told.reply !== undefined) throw new Error('answered twice');
      told.reply = reply;
    };
    this.shard.offer({ command, deadline: this.time.monotonic() + timeLeftMs, answer });
    return told;
  }

  reserve(customerId: string, idempotencyKey = 'k', timeLeftMs?: number): { reply: ShardReply | undefined } {
    const random = keyOf(String(this.#orders++)).slice(0, 8);
    const command: Reserve = {
      kind: 'reserve',
      productId: PRODUCT,
      orderId: orderKeyOf(productTagOf(PRODUCT), START / 1_000, random),
      customerId,
      customerKey: customerKeyOf(customerId),
      idempotencyKey,
      requestKey: requestKeyOf(PRODUCT, customerId, idempotencyKey),
      quantity: 1,
    };
    return this.offer(command, timeLeftMs);
  }

  show(): { reply: ShardReply | undefined } {
    return this.offer({ kind: 'showStock', productId: PRODUCT });
  }
}

export const outcomeOf = ({ reply }: { reply: ShardReply | undefined }): string | undefined =>
  reply === undefined ? undefined : 'refusal' in reply ? reply.refusal : reply.outcome;
