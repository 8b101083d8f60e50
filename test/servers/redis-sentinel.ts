// A primary, its replica and three sentinels that watch them, on this machine. Whoever starts it stops it.

import { waitUntil } from '../harness/wait-until.ts';
import { startRedis, startSentinel, type RedisServer } from './redis.ts';

const NAME = 'sale';
const SENTINELS = 3;
const DOWN_AFTER_MS = 500;

export class RedisSentinel {
  readonly #servers: RedisServer[] = [];

  private constructor() {}

  static async start(): Promise<RedisSentinel> {
    const place = new RedisSentinel();
    try {
      await place.#start();
    } catch (error) {
      await place.stop();
      throw error;
    }
    return place;
  }

  get primary(): RedisServer {
    return this.#servers[0]!;
  }

  get replica(): RedisServer {
    return this.#servers[1]!;
  }

  get url(): string {
    const hosts = this.#servers.slice(2).map(({ port }) => `127.0.0.1:${port}`);
    return `redis+sentinel://${hosts.join(',')}/${NAME}`;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  async #start(): Promise<void> {
    this.#servers.push(await startRedis());
    const { port } = this.primary;
    this.#servers.push(await startRedis({ replicaof: `127.0.0.1 ${port}` }));
    const lines = [
      `sentinel monitor ${NAME} 127.0.0.1 ${port} 2`,
      `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${NAME} 5000`,
    ];
    for (let number = 0; number < SENTINELS; number++) this.#servers.push(await startSentinel(lines));
    const knowsAll = async (sentinel: RedisServer): Promise<boolean> => {
      const told = await sentinel.askAll(`SENTINEL MASTER ${NAME}`);
      return /num-slaves\r\n\$1\r\n1\r\n/.test(told) && /num-other-sentinels\r\n\$1\r\n2\r\n/.test(told);
    };
    await waitUntil('the sentinels know each other and the replica', async () => {
      const known = await Promise.all(this.#servers.slice(2).map(knowsAll));
      return known.every(Boolean);
    });
  }
}
