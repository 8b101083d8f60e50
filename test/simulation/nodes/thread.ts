// A worker thread of a simulated node, joined as src/worker.ts joins it, and the pool that asks, ends and replaces threads as
// src/worker-pool.ts does.

import { addressOf } from '../../../src/runtime/address.ts';
import { OwnShards } from '../../../src/runtime/own-shards.ts';
import type { Address, Message, Ownership } from '../../../src/runtime/ports.ts';
import { Router } from '../../../src/runtime/router.ts';
import { Shard } from '../../../src/runtime/shard.ts';
import { SimulatedSnapshots } from '../snapshots.ts';
import { SimulatedRandom } from '../world.ts';
import { JournalLink } from './journal-link.ts';
import { Life } from './life.ts';
import { LIMITS, SHARDS } from './settings.ts';
import type { Hosted, Surroundings } from './surroundings.ts';

const POST_MS_MAX = 2;
const START_MS_MAX = 300;
/** Until the main thread hears of a death. */
const DEATH_MS_MAX = 30;

type Handlers = Readonly<Record<string, (value: never) => Promise<void>>>;

export class Thread {
  readonly life: Life;
  readonly address: Address;
  readonly router: Router;
  readonly shards: OwnShards;
  readonly #process: Hosted;
  readonly #ownership: Ownership;
  readonly #handlers: Handlers;
  readonly #trace: (what: string) => void;

  constructor(nodes: Surroundings, process: Hosted, worker: number) {
    const { world, log, network, snapshots } = nodes;
    const { board, table, since, machine } = process;
    const self = addressOf(process.member, worker);
    const life = new Life(world, machine.clock, process.life);
    const ownership: Ownership = {
      get revision() {
        return board.revision;
      },
      holds: (shard, claimedUnder) =>
        table[shard] === self &&
        since[shard]! <= claimedUnder &&
        Math.floor(board.leaseUntil) > life.monotonic(),
    };
    const random = new SimulatedRandom(world.dice);
    const journal = new JournalLink(log, network, machine.name, life);
    const shardPorts = {
      journal,
      snapshots: new SimulatedSnapshots(snapshots),
      clock: life,
      timers: life,
      random,
      ownership,
    };
    const ownerOf = (shard: number): Address => table[shard]!;
    this.#trace = (what) => nodes.trace(what);
    this.life = life;
    this.#ownership = ownership;
    this.address = self;
    this.#process = process;
    this.shards = new OwnShards({
      self,
      shards: SHARDS,
      ownerOf,
      sinceOf: (shard) => since[shard]!,
      timers: life,
      make: (shard, onPhase) => new Shard(shard, shardPorts, LIMITS, onPhase),
      onPhase: ({ shard, phase, epoch, reason }) => {
        nodes.isTouched = true;
        nodes.trace(`thread ${self}: shard ${shard} ${phase} in epoch ${epoch} ${reason ?? ''}`);
      },
    });
    const transport = {
      send: (to: Address, message: Message): void => nodes.carry(this.#process, to, message),
    };
    const ports = { clock: life, timers: life, transport, random };
    this.router = new Router(self, SHARDS, ownerOf, this.shards.byNumber, ports, LIMITS);
    this.#handlers = {
      open: (except: readonly number[]) => this.shards.adopt(except),
      reconcile: (except: readonly number[]) => {
        void this.shards.adopt(except);
        return this.shards.releaseOthers();
      },
      prepare: (shard: number) => this.shards.prepare(shard),
      abandon: async (shard: number) => this.shards.abandon(shard),
      take: (numbers: readonly number[]) => this.shards.take(numbers),
      releaseAll: (numbers: readonly number[]) =>
        Promise.all(numbers.map((number) => this.shards.release(number))).then(() => undefined),
      ownersGone: async (gone: readonly Address[]) => gone.forEach((one) => this.router.ownerDied(one)),
      drain: () => this.shards.drain(),
    };
  }

  holds(shard: number): boolean {
    return this.#ownership.holds(shard, this.shards.byNumber.get(shard)?.claimedUnder ?? -1);
  }

  handle(name: string, value: unknown): Promise<void> {
    this.#trace(`thread ${this.address}: ${name} ${JSON.stringify(value)}`);
    return this.#handlers[name]!(value as never);
  }
}

export class Threads {
  readonly #nodes: Surroundings;
  readonly #process: Hosted;
  readonly #living = new Map<
    number,
    { readonly thread: Thread; readonly waiting: Set<(error: Error) => void> }
  >();
  readonly #readyAt = new Map<Thread, number>();

  constructor(nodes: Surroundings, process: Hosted, count: number) {
    this.#nodes = nodes;
    this.#process = process;
    for (let worker = 0; worker < count; worker++) this.#start(worker);
  }

  get living(): Thread[] {
    return [...this.#living.values()].map(({ thread }) => thread);
  }

  at(worker: number): Thread | undefined {
    return this.#living.get(worker)?.thread;
  }

  /** @throws when the thread is not there, dies, or has not done it in time */
  ask(worker: number, name: string, value: unknown, withinMs = Infinity): Promise<void> {
    const living = this.#living.get(worker);
    if (living === undefined) return Promise.reject(new Error(`worker ${worker} is being replaced`));
    const { thread, waiting } = living;
    const { life } = this.#process;
    return new Promise<void>((resolve, reject) => {
      waiting.add(reject);
      if (withinMs !== Infinity) life.after(withinMs, () => reject(new Error(`no answer to "${name}"`)));
      this.#post(thread, () => {
        thread.handle(name, value).then(
          () => life.after(this.#nodes.world.dice.next() * POST_MS_MAX, resolve),
          (error: Error) => life.after(0, () => reject(error)),
        );
      });
    }).finally(() => void 0);
  }

  askAll(name: string, value: unknown): Promise<unknown> {
    return Promise.allSettled([...this.#living.keys()].map((worker) => this.ask(worker, name, value)));
  }

  /** It throws: the main thread hears of it soon, and replaces it. */
  kill(worker: number): void {
    const living = this.#living.get(worker);
    if (living === undefined) return;
    const { thread, waiting } = living;
    thread.life.die();
    this.#process.life.after(this.#nodes.world.dice.next() * DEATH_MS_MAX, () => {
      if (this.#living.get(worker)?.thread !== thread) return;
      this.#living.delete(worker);
      for (const reject of waiting) reject(new Error(`worker ${worker} died`));
      void this.#replace(worker);
    });
  }

  async #replace(worker: number): Promise<void> {
    const address = addressOf(this.#process.member, worker);
    this.#start(worker);
    await this.ask(worker, 'open', this.#process.exceptWhenReplaced).catch(() => undefined);
    void this.askAll('ownersGone', [address]);
    this.#process.tellRestarted(address);
  }

  #start(worker: number): void {
    const { world } = this.#nodes;
    const thread = new Thread(this.#nodes, this.#process, worker);
    this.#living.set(worker, { thread, waiting: new Set() });
    this.#readyAt.set(thread, world.monotonic() + world.dice.next() * START_MS_MAX);
  }

  /** In order. */
  #post(thread: Thread, run: () => void): void {
    const { world } = this.#nodes;
    const now = world.monotonic();
    const at = Math.max(this.#readyAt.get(thread) ?? 0, now + world.dice.next() * POST_MS_MAX);
    this.#readyAt.set(thread, at);
    world.at(at - now, () => thread.life.reach(run));
  }
}
