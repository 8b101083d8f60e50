// Brings each command to the shard that owns it, on this thread or another, and its answer back, exactly once.
//
// Commands and replies for another thread leave as one message per tick. A command without an answer at its deadline is
// `outcome_unknown`: it may have been decided, and only its repetition, with the same key, can tell. Commands that a dead
// owner left unanswered are repeated to its heir where that is safe (repetition.ts).

import {
  customerKeyOf,
  productTagOf,
  refuse,
  requestKeyOf,
  shardOfTag,
  tagOf,
  type Command,
  type Reply,
  type Reserve,
} from '../actors/index.ts';
import { NOBODY } from './address.ts';
import type { RuntimeLimits } from './limits.ts';
import { answerToBoth, isRepeatable } from './repetition.ts';
import type {
  Address,
  Clock,
  CommandEnvelope,
  Message,
  Random,
  ReplyEnvelope,
  ShardReply,
  Timers,
  Transport,
} from './ports.ts';
import type { Shard } from './shard.ts';

interface Pending {
  readonly command: Command;
  readonly shard: number;
  readonly deadline: number;
  /** Called once, by `#answer`. */
  answer: (reply: Reply) => void;
  /** Whose answer is awaited. */
  sentTo: Address;
  /** A copy of it left for an owner that died without an answer: nobody can say any more that it was not decided. */
  isRepeated: boolean;
}

interface Outbox {
  commands: CommandEnvelope[];
  replies: ReplyEnvelope[];
}

export interface RouterPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly transport: Transport;
  readonly random: Random;
  /** Takes what other threads sent meanwhile, and does what is due; asked for in the middle of long turns of the loop. */
  readonly lookUp?: () => void;
}

const OVERLOADED = refuse('overloaded').reply;
const OUTCOME_UNKNOWN = refuse('outcome_unknown').reply;

const ANSWERED = (): void => undefined;
/** Pause before a command goes to a shard that had no owner a moment ago. */
const MOVED_RETRY_MS = 25;
const DEADLINE_CHECK_MS = 100;
/**
 * A turn of the loop serves every connection that is ready, a hundred of them in a rush, and other threads would wait for
 * its end. So it is interrupted every so many commands; each time costs some microseconds.
 */
const LOOK_UP_EVERY = 16;
const PRODUCT_TAGS_MAX = 100_000;

export class Router {
  readonly #self: Address;
  readonly #shards: number;
  readonly #ownerOf: (shard: number) => Address;
  readonly #local: ReadonlyMap<number, Shard>;
  readonly #ports: RouterPorts;
  readonly #limits: RuntimeLimits;
  /** In the order of their deadlines: every command gets the same time. */
  readonly #pending = new Map<number, Pending>();
  /** Of this tick. */
  #outboxes = new Map<Address, Outbox>();
  /** Answers of shards of this thread. */
  #settled: ReplyEnvelope[] = [];
  /** Commands that wait for their shard to have an owner: a moment, or until it is handed over. */
  readonly #homeless = new Set<number>();
  #cancelRetry: (() => void) | undefined;
  readonly #productTags = new Map<string, number>();
  #lastId: number;
  #repeated = 0;
  #flushScheduled = false;
  #sinceLookUp = 0;
  #isLookingUp = false;
  #cancelDeadlineCheck: (() => void) | undefined;

  /** @param ownerOf where a shard lives at this moment */
  constructor(
    self: Address,
    shards: number,
    ownerOf: (shard: number) => Address,
    local: ReadonlyMap<number, Shard>,
    ports: RouterPorts,
    limits: RuntimeLimits,
  ) {
    this.#self = self;
    this.#shards = shards;
    this.#ownerOf = ownerOf;
    this.#local = local;
    this.#ports = ports;
    this.#limits = limits;
    this.#lastId = firstId(ports.random);
  }

  /** Commands whose answer is still awaited. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Commands that had left for an owner that died, and were sent again to its heir. */
  get repeated(): number {
    return this.#repeated;
  }

  /** @param answer called exactly once, never before submit returns */
  submit(command: Command, answer: (reply: Reply) => void): void {
    if (++this.#sinceLookUp >= LOOK_UP_EVERY) this.#lookUp();
    if (this.#pending.size >= this.#limits.pendingMax) {
      this.#ports.timers.soon(() => answer(OVERLOADED));
      return;
    }
    const id = ++this.#lastId;
    const deadline = this.#ports.clock.monotonic() + this.#limits.commandTimeoutMs;
    const shard = this.#shardOf(command);
    const pending: Pending = { command, shard, deadline, answer, sentTo: NOBODY, isRepeated: false };
    this.#pending.set(id, pending);
    this.#send(id, pending);
    this.#armDeadlineCheck();
  }

  request(command: Command): Promise<Reply> {
    return new Promise((resolve) => this.submit(command, resolve));
  }

  /**
   * A message from another node, which says by itself to which shard a command goes.
   * @returns false when it is wrong about that, or has what only an owner asks of itself: nothing came of the message
   */
  receiveFromAfar(message: Message): boolean {
    const isRight = message.commands.every(
      ({ shard, command }) =>
        command.kind !== 'expire' &&
        command.kind !== 'retire' &&
        shard === this.#shardOf(command) &&
        (command.kind !== 'reserve' || this.#hasOwnKeys(command)),
    );
    if (isRight) this.receive(message);
    return isRight;
  }

  /** Keys of another customer or request would be two orders for one; an id of another product would be found nowhere. */
  #hasOwnKeys({ productId, customerId, idempotencyKey, orderId, customerKey, requestKey }: Reserve): boolean {
    return (
      customerKey === customerKeyOf(customerId) &&
      requestKey === requestKeyOf(productId, customerId, idempotencyKey) &&
      tagOf(orderId) === this.productTag(productId)
    );
  }

  /** A message from another thread. */
  receive({ from, commands, replies }: Message): void {
    for (const { id, reply } of replies) this.#settle(id, reply);
    if (commands.length === 0) return;
    const now = this.#ports.clock.monotonic();
    for (const { id, shard, timeLeftMs, command } of commands) {
      const answer = (reply: ShardReply) => this.#outbox(from).replies.push({ id, reply });
      this.#offer(shard, command, now + timeLeftMs, answer);
    }
  }

  /**
   * An owner died, and `ownerOf` names its heirs already. What never left goes to them as if nothing had been; what left
   * goes again where that is safe, and is `outcome_unknown` where it is not.
   */
  ownerDied(dead: Address): void {
    const unsent = new Set(this.#outboxes.get(dead)?.commands.map(({ id }) => id));
    this.#outboxes.delete(dead);
    const again: [number, Pending][] = [];
    const lost: Pending[] = [];
    const all = [...this.#pending];
    // Made anew in the same order, which is that of the deadlines.
    this.#pending.clear();
    for (const [id, pending] of all) {
      if (pending.sentTo !== dead) {
        this.#pending.set(id, pending);
        continue;
      }
      const hasLeft = !unsent.has(id);
      if (hasLeft && !isRepeatable(pending.command)) {
        lost.push(pending);
        continue;
      }
      if (hasLeft) {
        pending.isRepeated = true;
        this.#repeated++;
      }
      // Under a new id, since an answer of the dead owner may still come: it tells of a decision before the repetition's.
      const newId = ++this.#lastId;
      this.#pending.set(newId, pending);
      again.push([newId, pending]);
    }
    for (const [id, pending] of again) this.#send(id, pending);
    for (const { answer } of lost) answer(OUTCOME_UNKNOWN);
  }

  #lookUp(): void {
    this.#sinceLookUp = 0;
    // Whoever is answered meanwhile may ask for something else at once.
    if (this.#isLookingUp || this.#ports.lookUp === undefined) return;
    this.#isLookingUp = true;
    this.#ports.lookUp();
    this.#isLookingUp = false;
  }

  #send(id: number, pending: Pending): void {
    const { command, shard, deadline } = pending;
    const owner = this.#ownerOf(shard);
    pending.sentTo = owner;
    if (owner === NOBODY) this.#wait(id);
    else if (owner === this.#self) {
      this.#offer(shard, command, deadline, (reply) => {
        this.#settled.push({ id, reply });
        this.#scheduleFlush();
      });
    } else {
      const timeLeftMs = deadline - this.#ports.clock.monotonic();
      this.#outbox(owner).commands.push({ id, shard, timeLeftMs, command });
    }
  }

  #offer(shard: number, command: Command, deadline: number, answer: (reply: ShardReply) => void): void {
    const owned = this.#local.get(shard);
    if (owned === undefined) answer({ outcome: 'moved' });
    else owned.offer({ command, deadline, answer });
  }

  #settle(id: number, reply: ShardReply): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return; // its deadline came first
    if (reply.outcome === 'moved') return this.#sendAgain(id, pending);
    this.#answer(id, pending, pending.isRepeated ? answerToBoth(pending.command, reply) : reply);
  }

  /**
   * A map that entries come to and go from is copied again and again; outgrown copies that have become old keep what they
   * held until the next full collection. So whatever was answered lets go of its request, which would grow old with them.
   */
  #answer(id: number, pending: Pending, reply: Reply): void {
    const { answer } = pending;
    this.#pending.delete(id);
    pending.answer = ANSWERED;
    answer(reply);
  }

  /** `moved` means that nothing was decided. */
  #sendAgain(id: number, pending: Pending): void {
    const asked = pending.sentTo;
    pending.sentTo = NOBODY;
    // It was handed over while the command was on its way.
    const isElsewhere = this.#ownerOf(pending.shard) !== asked;
    if (isElsewhere && this.#ports.clock.monotonic() < pending.deadline) this.#send(id, pending);
    else this.#wait(id);
  }

  #wait(id: number): void {
    this.#homeless.add(id);
    this.#cancelRetry ??= this.#ports.timers.after(MOVED_RETRY_MS, () => this.placementChanged());
  }

  /** Sends what waits for its shard to have an owner. */
  placementChanged(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.#homeless.size === 0) return;
    const now = this.#ports.clock.monotonic();
    const waiting = [...this.#homeless];
    this.#homeless.clear();
    for (const id of waiting) {
      const pending = this.#pending.get(id);
      if (pending === undefined) continue;
      // At the deadline the shopper is told that nothing was decided, unless an earlier copy may have been.
      if (now + MOVED_RETRY_MS < pending.deadline) this.#send(id, pending);
      else this.#answer(id, pending, pending.isRepeated ? OUTCOME_UNKNOWN : OVERLOADED);
    }
  }

  /** Of every order id of the product: the gateway needs it for each purchase, and one hash serves all of them. */
  productTag(productId: string): number {
    const known = this.#productTags.get(productId);
    if (known !== undefined) return known;
    // Whoever asks for endless made-up products empties this memory of hashes, and nothing else.
    if (this.#productTags.size >= PRODUCT_TAGS_MAX) this.#productTags.clear();
    const tag = productTagOf(productId);
    this.#productTags.set(productId, tag);
    return tag;
  }

  #shardOf(command: Command): number {
    const tag = 'productId' in command ? this.productTag(command.productId) : tagOf(command.orderId);
    return shardOfTag(tag, this.#shards);
  }

  #outbox(to: Address): Outbox {
    let outbox = this.#outboxes.get(to);
    if (outbox === undefined) this.#outboxes.set(to, (outbox = { commands: [], replies: [] }));
    this.#scheduleFlush();
    return outbox;
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#ports.timers.soon(() => this.#flush());
  }

  /** What goes to other threads leaves first: they work on it while this one answers its own. */
  #flush(): void {
    this.#flushScheduled = false;
    if (this.#outboxes.size > 0) {
      const outboxes = this.#outboxes;
      this.#outboxes = new Map();
      for (const [to, { commands, replies }] of outboxes)
        this.#ports.transport.send(to, { from: this.#self, commands, replies });
    }
    const settled = this.#settled;
    if (settled.length === 0) return;
    this.#settled = [];
    for (const { id, reply } of settled) this.#settle(id, reply);
  }

  #armDeadlineCheck(): void {
    this.#cancelDeadlineCheck ??= this.#ports.timers.after(DEADLINE_CHECK_MS, () => {
      this.#cancelDeadlineCheck = undefined;
      const now = this.#ports.clock.monotonic();
      for (const [id, pending] of this.#pending) {
        if (pending.deadline + DEADLINE_CHECK_MS > now) break;
        this.#answer(id, pending, OUTCOME_UNKNOWN);
      }
      if (this.#pending.size > 0) this.#armDeadlineCheck();
    });
  }
}

/** By chance, so that a late reply to a router's earlier life is never taken for an answer to this one's. */
function firstId(random: Random): number {
  const characters = random.characters(6);
  let id = 0;
  for (let at = 0; at < characters.length; at++) id = id * 256 + characters.charCodeAt(at);
  return id;
}
