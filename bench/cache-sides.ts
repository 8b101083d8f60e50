// What takes turns in the `cache` benchmark: each way to answer a look at an order or at the shop window's list.

import { customerKeyOf, orderIdKey, orderIdText } from '../src/actors/index.ts';
import type { OrderCache } from '../src/http/index.ts';
import type { CacheActors, ReachedActor } from './cache-actors.ts';
import { ORDERS } from './cache-orders.ts';
import { PRODUCTS_SHOWN, type CacheStores } from './cache-stores.ts';

export interface CacheSide {
  readonly name: string;
  /** @param number of the question @returns whether the answer was right */
  read(number: number): Promise<boolean>;
  /** Microseconds so far of everybody but the asker. */
  othersCpuMicros(): Promise<number>;
}

export function cacheSides(actors: CacheActors, stores: CacheStores): CacheSide[] {
  const { closed, cached, cachedWithoutPipelining, window, orders, products } = stores;
  const thread = actors.reached('other thread');
  const redis = () => stores.redisCpuMicros();
  const postgres = () => stores.postgresCpuMicros();
  const threadAndRedis = async () => (await thread.cpuMicros()) + (await redis());
  const closedKeys = closed.map(({ id, customerId }) => ({
    orderId: orderIdKey(id)!,
    customerKey: customerKeyOf(customerId),
  }));

  const ofActor = (name: string, actor: ReachedActor): CacheSide => ({
    name,
    read: (number) => live(actor, number),
    othersCpuMicros: () => actor.cpuMicros(),
  });
  const find = async (from: OrderCache, number: number): Promise<boolean> => {
    const order = closed[number % ORDERS]!;
    return (await from.find(order))?.id === order.id;
  };
  return [
    ofActor('actorSameThread', actors.reached('same thread')),
    ofActor('actorOtherThread', thread),
    ofActor('actorOtherNode', actors.reached('other node')),
    { name: 'redis', read: (number) => find(cached, number), othersCpuMicros: redis },
    {
      name: 'redisUnpiped',
      read: (number) => find(cachedWithoutPipelining, number),
      othersCpuMicros: redis,
    },
    {
      name: 'postgres',
      read: async (number) => {
        const { id, customerId, productId } = closed[number % ORDERS]!;
        return (await orders.ofRetired({ id, customerId, productId }))?.order?.id === id;
      },
      othersCpuMicros: postgres,
    },
    {
      name: 'listRedis',
      read: async () => (await window.productIds()).length === PRODUCTS_SHOWN,
      othersCpuMicros: redis,
    },
    {
      name: 'listPostgres',
      read: async () => (await products.listIds(PRODUCTS_SHOWN)).ids.length === PRODUCTS_SHOWN,
      othersCpuMicros: postgres,
    },
    {
      // As it was: a miss, and then the actor. As it is: actorOtherThread.
      name: 'liveRedisFirst',
      read: async (number) => {
        const { orderId, productId, customerId } = thread.live[number % ORDERS]!;
        const found = await cached.find({ id: orderIdText(orderId), productId, customerId });
        return found === undefined && live(thread, number);
      },
      othersCpuMicros: threadAndRedis,
    },
    {
      // As it is: the actor, who knows it no more, and then a hit. As it was: redis.
      name: 'closedActorFirst',
      read: async (number) => {
        const { orderId, customerKey } = closedKeys[number % ORDERS]!;
        const { outcome } = await thread.router.request({ kind: 'showOrder', orderId, customerKey });
        return outcome === 'retired' && find(cached, number);
      },
      othersCpuMicros: threadAndRedis,
    },
  ];
}

async function live({ router, live }: ReachedActor, number: number): Promise<boolean> {
  const { orderId, customerKey } = live[number % ORDERS]!;
  const reply = await router.request({ kind: 'showOrder', orderId, customerKey });
  return reply.outcome === 'order' && reply.order.orderId === orderId;
}
