// An owner of live orders on a thread of its own, for the `cache` benchmark: another thread of the asker's node, reached by a port,
// or a thread of another node, reached over NATS. It tells its CPU time when asked. Made and ended by cache-actors.ts.

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { Command } from '../src/actors/index.ts';
import {
  DEFAULT_LIMITS,
  JetStreamNames,
  NatsTransport,
  Link,
  Router,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  ThreadTransport,
} from '../src/runtime/index.ts';
import type { NatsCluster } from '../test/servers/nats.ts';
import { placeOrders } from './cache-orders.ts';
import { Owner } from './owner.ts';

export interface CacheOwnerData {
  readonly self: number;
  readonly asker: number;
  /** To a thread of the same node, or how to reach the NATS server. */
  readonly way: { readonly port: MessagePort } | { readonly nats: NatsCluster['connection'] };
  readonly commands: readonly Command[];
}

const { self, asker, way, commands } = workerData as CacheOwnerData;
const owner = await Owner.start(1);
const transport =
  'port' in way
    ? new ThreadTransport(new Map([[asker, way.port]]))
    : new NatsTransport({
        link: await Link.open(way.nats, timers),
        names: new JetStreamNames(),
        self,
        onRefused: (reason) => {
          throw new Error(reason);
        },
      });
const router = new Router(
  self,
  1,
  () => self,
  owner.shards,
  { clock, timers, transport, random },
  DEFAULT_LIMITS,
);
transport.onMessage((message) => void router.receiveFromAfar(message));
await placeOrders(router, commands);

parentPort!.on('message', (question: 'cpu' | 'stop') => {
  if (question === 'cpu') {
    const { user, system } = process.threadCpuUsage();
    parentPort!.postMessage(user + system);
  } else
    void owner
      .finish()
      .then(({ violations }) => owner.remove().then(() => parentPort!.postMessage(violations)));
});
parentPort!.postMessage('ready');
