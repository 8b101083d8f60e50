// Nodes and clients of the simulated world: real routers and shards on its clock, and shoppers who repeat a request with
// its key until they have a definite answer.

import {
  customerKeyOf,
  keyOf,
  decodeRecord,
  orderIdText,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  type Reply,
} from '../../src/actors/index.ts';
import type { Answer } from '../../src/actors/index.ts';
import { Problem } from '../../src/http/problem.ts';
import { OrderCache } from '../../src/http/order-cache.ts';
import { RetiredOrders } from '../../src/http/retired-orders.ts';
import { MemoryCache, type OrderReads } from '../../src/persistence/index.ts';
import { DEFAULT_LIMITS } from '../../src/runtime/limits.ts';
import { OwnShards } from '../../src/runtime/own-shards.ts';
import type { Message, SnapshotName, Transport } from '../../src/runtime/ports.ts';
import { Router } from '../../src/runtime/router.ts';
import { Shard } from '../../src/runtime/shard.ts';
import { SnapshotMaker } from '../../src/runtime/snapshot-maker.ts';
import { SimulatedRows } from './rows.ts';
import { SimulatedSnapshots } from './snapshots.ts';
import {
  NodeTime,
  SimulatedJournal,
  SimulatedRandom,
  type Faults,
  type SimulatedLog,
  type World,
} from './world.ts';

const SHARDS = 1;
const LIMITS = {
  ...DEFAULT_LIMITS,
  commandTimeoutMs: 2_000,
  expiryGraceMs: 1_000,
  flushCommandsMax: 8,
  ordersKeptMs: 3_000,
};
const SNAPSHOT_POLICY = {
  tailBytesMin: 400,
  tailShareMin: 0,
  stopTailBytesMin: 0,
  stopBytesMax: 0,
  keptBytesMax: 4_000,
  retryMs: 500,
  yieldMsMax: 0,
};
/** In a rush; then the connections that became ready meanwhile are served together. */
const TURN_MS = 400;
/** A client that hears nothing gives up on the connection. */
const CLIENT_TIMEOUT_MS = 3_000;

/** One life of a node: a restart makes another. */
export class SimulatedNode {
  readonly time: NodeTime;
  readonly router: Router;
  readonly #shards: OwnShards;
  readonly #maker: SnapshotMaker;
  readonly #world: World;
  /** Requests that its next turn serves. */
  readonly #ready: (() => void)[] = [];

  constructor(address: number, cluster: Cluster) {
    const { world, log, faults, snapshots } = cluster;
    this.#world = world;
    this.time = new NodeTime(world);
    const journal = new SimulatedJournal(world, this.time, log, faults);
    // Whoever dies between the writing and the reading back leaves nothing that counts.
    const ownSnapshots = new SimulatedSnapshots(
      snapshots,
      () => new Promise((resolve) => this.time.after(world.dice.next() * 500, resolve)),
    );
    const follower = {
      sizes: (after: number) => log.sizes(after),
      replay: (shard: number, from: number, to: number) => journal.replay(shard, from, to),
    };
    this.#maker = new SnapshotMaker(
      { journal: follower, snapshots: ownSnapshots, timers: this.time, clock: world },
      SNAPSHOT_POLICY,
      { made: () => void cluster.snapshotsMade++, failed: () => void cluster.snapshotsFailed++ },
    );
    const transport: Transport = { send: (to, message) => cluster.carry(to, message) };
    const random = new SimulatedRandom(cluster.world.dice);
    const lookUp = (): void => {
      cluster.looks++;
      for (const message of Array.from(cluster.onTheirWay[address]!)) cluster.deliver(address, message);
      this.time.catchUp();
    };
    const ports = { clock: cluster.world, timers: this.time, transport, random, lookUp };
    const shardPorts = { journal, snapshots: ownSnapshots, clock: world, timers: this.time, random };
    const ownerOf = (): number => cluster.ownerSeenBy(address);
    this.#shards = new OwnShards({
      self: address,
      shards: SHARDS,
      ownerOf,
      timers: this.time,
      make: (shard, onPhase) => new Shard(shard, shardPorts, LIMITS, onPhase),
    });
    this.router = new Router(address, SHARDS, ownerOf, this.#shards.byNumber, ports, LIMITS);
    this.#tend();
    this.#makeSnapshots();
  }

  /** A turn serves every connection that is ready. */
  serve(request: () => void): void {
    if (this.#ready.push(request) > 1) return;
    this.#world.at(this.#world.dice.next() * TURN_MS, () =>
      this.time.reach(() => {
        for (const each of this.#ready.splice(0)) each();
      }),
    );
  }

  #makeSnapshots(): void {
    void this.#maker.step().then(() => this.time.after(300, () => this.#makeSnapshots()));
  }

  get shard(): Shard | undefined {
    return this.#shards.byNumber.get(0);
  }

  takeOver(gone: number): void {
    void this.#shards.adopt();
    this.router.ownerDied(gone);
  }

  /** Nobody tells it of a new placement: it looks. */
  #tend(): void {
    void this.#shards.adopt();
    this.time.after(200, () => this.#tend());
  }
}

export class Cluster {
  readonly world: World;
  readonly log: SimulatedLog;
  faults: Faults;
  readonly nodes: SimulatedNode[];
  readonly #seen = [0, 0];
  readonly answers: Answer[] = [];
  waiting = 0;
  /** By the node that they go to. */
  readonly onTheirWay = [new Set<Message>(), new Set<Message>()];
  readonly rows: SimulatedRows;
  readonly #retired: RetiredOrders;
  readonly #repetitions: (() => void)[] = [];
  readonly snapshots = new Map<SnapshotName, Uint8Array>();
  /** How often nodes looked up in the middle of a turn. */
  looks = 0;
  snapshotsMade = 0;
  snapshotsFailed = 0;
  snapshotsDamaged = 0;
  #orders = 0;

  constructor(world: World, log: SimulatedLog, faults: Faults) {
    this.world = world;
    this.log = log;
    this.faults = faults;
    this.rows = new SimulatedRows(world, log);
    const cached = new OrderCache(new MemoryCache());
    this.#retired = new RetiredOrders(this.rows as unknown as OrderReads, cached);
    this.nodes = [];
    this.nodes.push(new SimulatedNode(0, this), new SimulatedNode(1, this));
  }

  ownerSeenBy(address: number): number {
    return this.#seen[address]!;
  }

  /** Each node learns of the new owner when it does: for a while both believe that they own the shard. */
  moveTo(owner: number): void {
    for (const address of [0, 1]) {
      this.world.at(this.world.dice.next() * 800, () => {
        this.#seen[address] = owner;
      });
    }
  }

  /** Kill -9: memory, timers and everything in flight are gone. */
  restart(address: number): void {
    this.nodes[address]!.time.die();
    this.onTheirWay[address]!.clear();
    this.world.at(100 + this.world.dice.next() * 1_000, () => {
      // Two deaths in a row make two of these.
      this.nodes[address]!.time.die();
      this.nodes[address] = new SimulatedNode(address, this);
    });
  }

  /** As a worker thread dies: the other one hears of it soon, owns everything, and repeats what was left unanswered. */
  die(address: number): void {
    const heir = 1 - address;
    this.restart(address);
    this.world.at(this.world.dice.next() * 50, () => {
      this.#seen[heir] = heir;
      const node = this.nodes[heir]!;
      node.time.reach(() => node.takeOver(address));
    });
  }

  freeze(address: number): void {
    this.nodes[address]!.time.freeze(this.world.dice.next() * 4_000);
  }

  /** A bit of a snapshot turns, the newest most likely. */
  damageSnapshot(): void {
    const { dice } = this.world;
    const [name] = [...this.snapshots.keys()].toReversed().slice(dice.below(2));
    if (name === undefined) return;
    this.snapshotsDamaged++;
    new SimulatedSnapshots(this.snapshots).damage(name, dice.below(name.bytes));
  }

  carry(to: number, message: Message): void {
    const { dice } = this.world;
    if (dice.chance(this.faults.lostMessage)) return;
    this.onTheirWay[to]!.add(message);
    this.world.at(dice.next() * 10, () => {
      const { time } = this.nodes[to]!;
      if (time.isDead) this.onTheirWay[to]!.delete(message);
      else time.reach(() => this.deliver(to, message));
    });
  }

  /** Once: when it arrives, or when the node looks for it before. */
  deliver(to: number, message: Message): void {
    if (this.onTheirWay[to]!.delete(message)) this.nodes[to]!.router.receive(message);
  }

  /** Asks a node chosen by chance; `undefined` when no answer comes. */
  ask(
    command: Parameters<Router['submit']>[0],
    answer: (reply: Reply | undefined, isSure: boolean) => void,
  ): void {
    const wasSure = this.#isSure();
    const node = this.nodes[this.world.dice.below(2)]!;
    let isAnswered = false;
    const once = (reply: Reply | undefined) => {
      if (isAnswered) return;
      isAnswered = true;
      cancel();
      answer(reply, wasSure && this.#isSure());
    };
    const cancel = this.world.at(CLIENT_TIMEOUT_MS, () => once(undefined));
    // A connection that its client gave up on meanwhile is closed.
    const submit = (): void => void (isAnswered || node.router.submit(command, (reply) => once(reply)));
    // Some are alone in their turn, or ask in the middle of an answer.
    if (this.world.dice.chance(0.3)) node.time.reach(submit);
    else node.serve(submit);
  }

  /** No owner was passed over without knowing it yet. Such a one may refuse whoever has an order: there are no leases. */
  #isSure(): boolean {
    const newest = this.log.records.at(-1);
    if (newest === undefined) return true;
    const { epoch } = decodeRecord(newest.bytes);
    return this.nodes.every(({ shard }) => shard?.phase !== 'open' || shard.status().epoch === epoch);
  }

  /** Repeats until the answer is definite. @param inRows how the rows are asked when the owner has let the order go */
  insist(
    command: Parameters<Router['submit']>[0],
    definite: (reply: Reply, isSure: boolean) => void,
    inRows?: () => Promise<Reply>,
  ): void {
    this.waiting++;
    const attempt = (): void =>
      this.ask(command, (told, isSure) => {
        if (told?.outcome === 'retired' && inRows !== undefined)
          void inRows()
            .catch(unavailable)
            .then((reply) => judge(reply, true));
        else judge(told, isSure);
      });
    const judge = (reply: Reply | undefined, isSure: boolean): void => {
      const unclear =
        reply === undefined ||
        (reply.outcome === 'refused' &&
          (reply.refusal === 'overloaded' || reply.refusal === 'outcome_unknown'));
      if (unclear) this.world.at(this.world.dice.next() * 500, attempt);
      else {
        this.waiting--;
        definite(reply, isSure);
      }
    };
    attempt();
  }

  /** A shopper buys, perhaps twice with one key, and perhaps pays or cancels. */
  shop(productId: string, customerId: string, idempotencyKey: string, quantity: number): void {
    const { dice } = this.world;
    const requestKey = requestKeyOf(productId, customerId, idempotencyKey);
    const customerKey = customerKeyOf(customerId);
    const random = String.fromCharCode(...Array.from({ length: 4 }, () => dice.below(256)));
    const ticket = keyOf(`ticket ${dice.chance(0.2) ? dice.below(60) : customerId + idempotencyKey}`);
    const clicks = dice.chance(0.3) ? 2 : 1;
    for (let click = 0; click < clicks; click++) {
      const serial = String.fromCharCode(0, 0, this.#orders >>> 8, this.#orders++ & 255);
      const orderId = orderKeyOf(productTagOf(productId), this.world.now() / 1_000, random + serial);
      const command = {
        kind: 'reserve',
        productId,
        orderId,
        customerId,
        customerKey,
        idempotencyKey,
        requestKey,
        quantity,
        ticket,
      } as const;
      const inRows = (): Promise<Reply> => this.#retired.bought(command);
      const hear = (reply: Reply): void => {
        const told = reply.outcome === 'reserved' ? orderIdText(reply.order.orderId) : undefined;
        this.answers.push({ productId, customerId, idempotencyKey, orderId: told });
      };
      const definite = (reply: Reply, isSure: boolean): void => {
        // With two clicks the other one may be accepted after this one was refused.
        if (reply.outcome === 'reserved' || (clicks === 1 && isSure)) hear(reply);
        if (reply.outcome !== 'reserved') return;
        this.#repetitions.push(() => this.insist(command, hear, inRows));
        // An owner that was passed over and does not know it yet may refuse: there are no leases. The rows may not.
        const hearRows = (): Promise<Reply> => inRows().then((told) => (hear(told), told));
        this.world.at(dice.next() * 25_000, () => this.insist(command, () => {}, hearRows));
        const { orderId } = reply.order;
        if (dice.chance(0.4)) {
          this.insist({ kind: 'pay', orderId, customerKey, settlement: 'paid' }, (answer) => {
            if (answer.outcome === 'order' && answer.order.status === 'refund_due')
              this.insist({ kind: 'refund', orderId }, () => {});
          });
        } else if (dice.chance(0.3)) {
          this.insist({ kind: 'cancel', orderId, customerKey }, () => {});
        } else if (dice.chance(0.2)) {
          this.insist({ kind: 'deny', orderId }, () => {});
        } else if (dice.chance(0.5)) {
          this.insist({ kind: 'extendHold', orderId, byMs: 6_000, mostMs: 9_000 }, () => {});
        }
      };
      this.insist(command, definite, inRows);
    }
  }

  /** Who was accepted is told so again, whatever became of the order and of the sale. */
  repeatAll(): void {
    for (const repeat of this.#repetitions.splice(0)) repeat();
  }

  /** Asks by key, as whoever lost an answer does. */
  find(productId: string, customerId: string, idempotencyKey: string): void {
    const requestKey = requestKeyOf(productId, customerId, idempotencyKey);
    const definite = (reply: Reply): void => {
      const orderId = reply.outcome === 'order' ? orderIdText(reply.order.orderId) : undefined;
      this.answers.push({ productId, customerId, idempotencyKey, orderId });
    };
    const inRows = (): Promise<Reply> => this.#retired.found(productId, customerId, idempotencyKey);
    this.insist({ kind: 'findOrder', productId, requestKey }, definite, inRows);
  }
}

/** Whoever hears that asks again. */
function unavailable(error: unknown): undefined {
  if (!(error instanceof Problem) || error.code !== 'unavailable') throw error;
}
