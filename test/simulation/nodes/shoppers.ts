// Clients of a simulated cluster: they ask any node, repeat what has no clear answer with its key, and remember what they were
// told.

import {
  BAD_TICKET,
  customerKeyOf,
  keyOf,
  orderIdText,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  shardOfTag,
  tagOf,
  type Answer,
  type Command,
  type Key,
  type Reply,
} from '../../../src/actors/index.ts';
import type { History } from './history.ts';
import type { Nodes } from './nodes.ts';
import { SHARDS } from './settings.ts';

/** A client that hears nothing gives up on the connection. */
const CLIENT_TIMEOUT_MS = 3_000;
const REPEAT_MS_MAX = 400;

export class Shoppers {
  readonly answers: Answer[] = [];
  readonly #nodes: Nodes;
  readonly #history: History;
  readonly #bought: (readonly [productId: string, customerId: string, key: string])[] = [];
  waiting = 0;
  #orders = 0;
  #tickets = 0;

  constructor(nodes: Nodes, history: History) {
    this.#nodes = nodes;
    this.#history = history;
  }

  /** Buys, and perhaps pays or cancels; looks at the sale and at the order. */
  shop(productId: string, customerId: string, idempotencyKey: string, quantity: number): void {
    const { dice } = this.#nodes.world;
    const requestKey = requestKeyOf(productId, customerId, idempotencyKey);
    const customerKey = customerKeyOf(customerId);
    const command = (): Command => ({
      kind: 'reserve',
      productId,
      orderId: this.#orderKey(productId),
      customerId,
      customerKey,
      idempotencyKey,
      requestKey,
      quantity,
      ticket,
    });
    const ticket = this.#ticket();
    this.#bought.push([productId, customerId, idempotencyKey]);
    const clicks = dice.chance(0.2) ? 2 : 1;
    for (let click = 0; click < clicks; click++) {
      this.insist(command, (reply, isFirst) => {
        const told = reply.outcome === 'reserved' ? orderIdText(reply.order.orderId) : undefined;
        // A copy that nobody answered may be decided yet; with two clicks the other one may be.
        if (told !== undefined || (isFirst && clicks === 1))
          this.answers.push({ productId, customerId, idempotencyKey, orderId: told });
        if (reply.outcome === 'reserved') this.#goOn(reply.order.orderId, customerKey);
      });
    }
  }

  look(productId: string): void {
    const kind = this.#nodes.world.dice.chance(0.5) ? 'showProduct' : 'showStock';
    this.ask({ kind, productId }, () => undefined);
  }

  find(productId: string, customerId: string, idempotencyKey: string): void {
    const requestKey = requestKeyOf(productId, customerId, idempotencyKey);
    this.ask({ kind: 'findOrder', productId, requestKey }, () => undefined);
  }

  /** As whoever lost an answer. Nothing is under way any more. */
  findAll(): void {
    for (const [productId, customerId, idempotencyKey] of this.#bought) {
      const requestKey = requestKeyOf(productId, customerId, idempotencyKey);
      this.insist(
        () => ({ kind: 'findOrder', productId, requestKey }),
        (reply) => {
          const orderId = reply.outcome === 'order' ? orderIdText(reply.order.orderId) : undefined;
          this.answers.push({ productId, customerId, idempotencyKey, orderId });
        },
      );
    }
  }

  /** Repeats until the answer is clear. @param definite `isFirst`: every earlier copy was surely not accepted */
  insist(command: () => Command, definite: (reply: Reply, isFirst: boolean) => void): void {
    this.waiting++;
    let isFirst = true;
    const attempt = (): void =>
      this.ask(command(), (reply) => {
        const refusal = reply?.outcome === 'refused' ? reply.refusal : undefined;
        if (reply === undefined || refusal === 'outcome_unknown' || refusal === 'overloaded') {
          if (refusal !== 'overloaded') isFirst = false;
          this.#nodes.world.at(this.#nodes.world.dice.next() * REPEAT_MS_MAX, attempt);
        } else {
          this.waiting--;
          definite(reply, isFirst);
        }
      });
    attempt();
  }

  /** @param answer told nothing when no answer comes */
  ask(command: Command, answer: (reply: Reply | undefined) => void): void {
    const { world, machines } = this.#nodes;
    const askedAt = world.monotonic();
    const { process } = machines[world.dice.below(machines.length)]!;
    const threads = process?.isServing === true ? process.threads!.living : [];
    const thread = threads[world.dice.below(threads.length)];
    if (thread === undefined) return void world.at(world.dice.next() * 20, () => answer(undefined));
    let isOver = false;
    const end = (reply: Reply | undefined): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      if (reply !== undefined) {
        const by = `${process!.machine.name} (member ${process!.member})`;
        const tag = 'productId' in command ? productTagOf(command.productId) : tagOf(command.orderId);
        const shard = shardOfTag(tag, SHARDS);
        this.#history.told.push({ shard, command, askedAt, toldAt: world.monotonic(), reply, by });
      }
      answer(reply);
    };
    const cancel = world.at(CLIENT_TIMEOUT_MS, () => end(undefined));
    thread.life.reach(() => void (isOver || thread.router.submit(command, end)));
  }

  #goOn(orderId: Key, customerKey: Key): void {
    const { world } = this.#nodes;
    const { dice } = world;
    world.at(dice.next() * 5_000, () =>
      this.ask({ kind: 'showOrder', orderId, customerKey }, () => undefined),
    );
    const wish = dice.next();
    if (wish < 0.4) {
      const pay = { kind: 'pay', orderId, customerKey, settlement: 'paid' } as const;
      this.insist(
        () => pay,
        (answer) => {
          if (answer.outcome === 'order' && answer.order.status === 'refund_due')
            this.ask({ kind: 'refund', orderId }, () => undefined);
        },
      );
    } else if (wish < 0.65) {
      this.insist(
        () => ({ kind: 'cancel', orderId, customerKey }),
        () => undefined,
      );
    } else if (wish < 0.75) {
      this.ask({ kind: 'pay', orderId, customerKey, settlement: 'payment_pending' }, () =>
        this.ask(
          dice.chance(0.5) ? { kind: 'decline', orderId } : { kind: 'deny', orderId },
          () => undefined,
        ),
      );
    } else if (wish < 0.85) {
      this.ask({ kind: 'extendHold', orderId, byMs: 6_000, mostMs: 9_000 }, () => undefined);
    }
  }

  /** Mostly one of its own; or another's, a bad one, or none. */
  #ticket(): Key | undefined {
    const { dice } = this.#nodes.world;
    const chance = dice.next();
    if (chance < 0.02) return undefined;
    if (chance < 0.04) return BAD_TICKET;
    return keyOf(`ticket ${chance < 0.2 ? dice.below(this.#tickets + 1) : this.#tickets++}`);
  }

  /** Each request draws an id of its own. */
  #orderKey(productId: string): Key {
    const { world } = this.#nodes;
    const serial = this.#orders++;
    const bytes = Array.from({ length: 6 }, () => world.dice.below(256));
    const random = String.fromCharCode(...bytes, serial >>> 8, serial & 255);
    return orderKeyOf(productTagOf(productId), world.now() / 1_000, random);
  }
}
