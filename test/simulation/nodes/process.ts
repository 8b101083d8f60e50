// One process of a simulated node: the membership, the rebalance and the threads, joined as src/cluster.ts and src/main.ts
// join them. Ended by a kill, by itself when it can be no member any more, or in order.

import { memberOf, NOBODY, workerOf } from '../../../src/runtime/address.ts';
import {
  firstDocument,
  Target,
  type ClusterDocument,
  type Member,
} from '../../../src/runtime/cluster/cluster-document.ts';
import { Membership } from '../../../src/runtime/cluster/membership.ts';
import { Rebalance } from '../../../src/runtime/cluster/rebalance.ts';
import type { Address } from '../../../src/runtime/ports.ts';
import { WORKERS_MAX } from '../../../src/runtime/address.ts';
import { SimulatedRandom } from '../world.ts';
import { BucketLink } from './bucket.ts';
import { Life } from './life.ts';
import { LEASE_MS, SHARDS } from './settings.ts';
import type { Host, Hosted, Surroundings } from './surroundings.ts';
import { Threads } from './thread.ts';

const PREPARE_MS_MAX = 60_000;
const RELEASE_MS_MAX = 2_000;
const TAKE_MS_MAX = 60_000;
const HAND_OVER_MS_MAX = 10_000;
const DRAIN_MS_MAX = 10_000;
const LOOK_MS = 20;

interface ReleaseRequest {
  readonly worker: number;
  readonly shards: readonly number[];
  readonly revision: number;
}

export class NodeProcess implements Hosted {
  readonly life: Life;
  readonly machine: Host;
  readonly board = { leaseUntil: 0, revision: 0 };
  readonly table: Address[] = Array<Address>(SHARDS).fill(NOBODY);
  readonly since: number[] = Array<number>(SHARDS).fill(0);
  readonly membership: Membership;
  readonly link: BucketLink;
  threads: Threads | undefined;
  /** Shoppers are served. */
  isServing = false;
  isLeaving = false;
  readonly #nodes: Surroundings;
  readonly #target = new Target();
  #rebalance: Rebalance | undefined;

  constructor(nodes: Surroundings, machine: Host) {
    const { world, bucket, network, log } = nodes;
    this.#nodes = nodes;
    this.machine = machine;
    this.life = new Life(world, machine.clock);
    this.link = new BucketLink(world, bucket, network, machine.name, this.life);
    this.membership = new Membership({
      store: this.link,
      clock: this.life,
      timers: this.life,
      random: new SimulatedRandom(world.dice),
      node: machine.name,
      workers: machine.workers,
      projects: false,
      leaseMs: LEASE_MS,
      first: () => Promise.resolve(firstDocument(SHARDS, log.highestRevision + 1, 'the only one')),
      setLease: (until) => {
        if (until === 0) nodes.trace(`${machine.name} has no lease`);
        this.board.leaseUntil = until;
        nodes.isTouched = true;
      },
      listener: {
        onDocument: (document) => this.#liveBy(document),
        onDeclaredDead: () => {
          nodes.counts.declaredDead++;
          nodes.trace(`${machine.name} was declared dead`);
        },
        onClock: (_, isOff) => void (isOff && nodes.counts.clocksOff++),
        onRemoved: (member) => this.#removed(member),
      },
    });
  }

  get member(): number {
    return this.membership.number;
  }

  get exceptWhenReplaced(): readonly number[] {
    return this.#rebalance?.awaited ?? [];
  }

  /** @throws what ends the process */
  async run(): Promise<void> {
    await this.membership.join();
    this.threads = new Threads(this.#nodes, this, this.machine.workers);
    this.since.splice(0, SHARDS, ...this.membership.document.since);
    this.table.splice(0, SHARDS, ...this.membership.document.homes);
    this.#nodes.isTouched = true;
    this.#rebalance = this.#rebalanceWith(this.threads);
    await this.#liveBy(this.membership.document);
    await this.membership.wantShards(true);
    await this.threads.askAll('open', this.#rebalance.underWay);
    this.isServing = true;
    throw await this.membership.failed;
  }

  /** SIGTERM. */
  async leave(): Promise<void> {
    this.isLeaving = true;
    this.#rebalance?.stop();
    await this.#handOver();
    this.isServing = false;
    const late = this.life.pause(DRAIN_MS_MAX);
    await Promise.race([this.threads?.askAll('drain', undefined), late]);
    await this.membership.leave();
    this.life.die();
  }

  call(name: string, value: unknown): Promise<void> {
    if (name === 'release') return this.#release(value as ReleaseRequest);
    void this.threads?.askAll('ownersGone', [(value as { address: Address }).address]);
    return Promise.resolve();
  }

  tellRestarted(address: Address): void {
    this.#nodes.tellAll(this, 'restarted', { address });
  }

  /** As the operator asks for it. */
  change(change: (document: ClusterDocument) => ClusterDocument): void {
    this.life.reach(() => void this.membership.change(change).catch(() => undefined));
  }

  async #handOver(): Promise<void> {
    try {
      await this.membership.wantShards(false);
    } catch {
      return;
    }
    const giveUpAt = this.life.monotonic() + HAND_OVER_MS_MAX;
    while (this.#hasShardsToGive && this.life.monotonic() < giveUpAt) await this.life.pause(LOOK_MS);
  }

  get #hasShardsToGive(): boolean {
    const { document } = this.membership;
    const target = this.#target.of(document);
    return document.homes.some(
      (home, shard) => memberOf(home) === this.member && target[shard] !== home && target[shard] !== NOBODY,
    );
  }

  async #liveBy(document: ClusterDocument): Promise<void> {
    if (this.#rebalance === undefined) return;
    this.#nodes.trace(`${this.machine.name} lives by ${document.revision}: ${document.homes.join()}`);
    this.since.splice(0, SHARDS, ...document.since);
    this.table.splice(0, SHARDS, ...document.homes);
    this.board.revision = document.revision;
    this.#nodes.isTouched = true;
    this.#rebalance.run();
    await this.threads!.askAll('reconcile', this.#rebalance.underWay);
  }

  #removed(member: Member): void {
    if (member.number === this.member) return;
    const gone = Array.from({ length: member.workers }, (_, worker) => member.number * WORKERS_MAX + worker);
    void this.threads?.askAll('ownersGone', gone);
  }

  #rebalanceWith(threads: Threads): Rebalance {
    const { counts } = this.#nodes;
    return new Rebalance({
      clock: this.life,
      timers: this.life,
      member: this.member,
      document: () => this.membership.document,
      change: (change) => this.membership.change(change),
      prepare: (worker, shard) => threads.ask(worker, 'prepare', shard, PREPARE_MS_MAX),
      abandon: (worker, shard) => threads.ask(worker, 'abandon', shard, RELEASE_MS_MAX),
      take: (worker, shards) => threads.ask(worker, 'take', shards, TAKE_MS_MAX),
      release: async (from, shards, revision) => {
        const request = { worker: workerOf(from), shards: [...shards], revision };
        if (memberOf(from) === this.member) return this.#release(request);
        await this.#nodes.call(this, memberOf(from), 'release', request, RELEASE_MS_MAX);
      },
      onFetched: (shards) => void (counts.fetched += shards.length),
      onWaiting: () => counts.waiting++,
      onFailed: () => counts.failedFetches++,
    });
  }

  async #release({ worker, shards, revision }: ReleaseRequest): Promise<void> {
    const giveUpAt = this.life.monotonic() + RELEASE_MS_MAX;
    // Without threads it answers for nothing.
    if (this.threads === undefined) return;
    while (this.board.revision < revision || this.#rebalance!.awaits(shards, revision)) {
      if (this.life.monotonic() > giveUpAt) throw new Error('the new placement is not known here yet');
      await this.life.pause(LOOK_MS / 2);
    }
    if (shards.length > 0) await this.threads.ask(worker, 'releaseAll', shards, RELEASE_MS_MAX);
  }
}
