// Actors that the asker of the `cache` benchmark reaches in three ways: on its own thread, on another one of its node, and on
// another node, over a NATS server of the run's own. Ended by whoever made it.

import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Reserve } from '../src/actors/index.ts';
import {
  addressOf,
  DEFAULT_LIMITS,
  JetStreamNames,
  Link,
  NatsTransport,
  Router,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  ThreadTransport,
  type Shard,
  type Transport,
} from '../src/runtime/index.ts';
import { startNats, type NatsCluster } from '../test/servers/nats.ts';
import { cacheSale, ORDERS, placeOrders } from './cache-orders.ts';
import type { CacheOwnerData } from './cache-owner.ts';
import { Owner } from './owner.ts';
import { cpuTimeOf, total } from './process-cpu.ts';

export const WAYS = ['same thread', 'other thread', 'other node'] as const;
export type Way = (typeof WAYS)[number];

export interface ReachedActor {
  readonly router: Router;
  readonly live: readonly Reserve[];
  /** Microseconds so far, beside the asker's: of the owner's thread and of servers between. */
  cpuMicros(): Promise<number>;
}

const ASKER = addressOf(0, 0);
const OWNERS: Readonly<Record<Exclude<Way, 'same thread'>, number>> = {
  'other thread': addressOf(0, 1),
  'other node': addressOf(1, 0),
};
const NO_SHARDS: ReadonlyMap<number, Shard> = new Map();

export class CacheActors {
  readonly #actors: ReadonlyMap<Way, ReachedActor>;
  readonly #undo: readonly (() => Promise<number>)[];

  private constructor(actors: ReadonlyMap<Way, ReachedActor>, undo: readonly (() => Promise<number>)[]) {
    this.#actors = actors;
    this.#undo = undo;
  }

  static async start(): Promise<CacheActors> {
    const undo: (() => Promise<number>)[] = [];
    const actors = new Map<Way, ReachedActor>();
    try {
      for (const [number, way] of WAYS.entries())
        actors.set(way, await startActor(way, cacheSale(number * ORDERS), undo));
    } catch (error) {
      for (const step of undo.toReversed()) await step();
      throw error;
    }
    return new CacheActors(actors, undo);
  }

  reached(way: Way): ReachedActor {
    return this.#actors.get(way)!;
  }

  /** @returns violations in their journals */
  async stop(): Promise<number> {
    let violations = 0;
    for (const step of this.#undo.toReversed()) violations += await step();
    return violations;
  }
}

async function startActor(
  way: Way,
  { commands, live }: ReturnType<typeof cacheSale>,
  undo: (() => Promise<number>)[],
): Promise<ReachedActor> {
  if (way === 'same thread') {
    const owner = await Owner.start(1);
    undo.push(async () => {
      const { violations } = await owner.finish();
      await owner.remove();
      return violations;
    });
    const router = routerTo(ASKER, owner.shards, { send: () => undefined });
    await placeOrders(router, commands);
    return { router, live, cpuMicros: () => Promise.resolve(0) };
  }
  const self = OWNERS[way];
  const wayTo = await (way === 'other thread' ? byPort(self) : byNats(undo));
  const { transport, data } = wayTo;
  const workerData: CacheOwnerData = { self, asker: ASKER, way: data, commands };
  const worker = new Worker(new URL('./cache-owner.ts', import.meta.url), {
    workerData,
    transferList: 'port' in data ? [data.port] : [],
    name: 'owner',
  });
  const answerOf = async (question?: 'cpu' | 'stop'): Promise<number> => {
    if (question !== undefined) worker.postMessage(question);
    const [answer] = (await once(worker, 'message')) as [number];
    return answer;
  };
  undo.push(async () => {
    const violations = await answerOf('stop');
    await worker.terminate();
    return violations;
  });
  await answerOf();
  const router = routerTo(self, NO_SHARDS, transport);
  transport.onMessage((message) => router.receive(message));
  return { router, live, cpuMicros: async () => (await answerOf('cpu')) + wayTo.serverCpuMicros() };
}

interface WayTo {
  readonly transport: ThreadTransport | NatsTransport;
  readonly data: CacheOwnerData['way'];
  serverCpuMicros(): number;
}

function byPort(owner: number): Promise<WayTo> {
  const { port1, port2 } = new MessageChannel();
  const transport = new ThreadTransport(new Map([[owner, port1]]));
  return Promise.resolve({ transport, data: { port: port2 }, serverCpuMicros: () => 0 });
}

async function byNats(undo: (() => Promise<number>)[]): Promise<WayTo> {
  const nats: NatsCluster = await startNats({ servers: 1 });
  undo.push(async () => {
    await nats.stop();
    return 0;
  });
  const link = await Link.open(nats.connection, timers);
  undo.push(async () => {
    await link.close();
    return 0;
  });
  const onRefused = (reason: string): never => {
    throw new Error(reason);
  };
  const transport = new NatsTransport({ link, names: new JetStreamNames(), self: ASKER, onRefused });
  const { pid } = nats.servers[0]!;
  return { transport, data: { nats: nats.connection }, serverCpuMicros: () => total(cpuTimeOf(pid)) };
}

function routerTo(
  owner: number,
  local: ReadonlyMap<number, Shard>,
  transport: Pick<Transport, 'send'>,
): Router {
  const ports = { clock, timers, transport: transport as Transport, random };
  return new Router(ASKER, 1, () => owner, local, ports, DEFAULT_LIMITS);
}
