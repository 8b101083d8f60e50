// What customers took of their limits on all nodes, in Redis: for each bucket the moment at which it would be full again, by the clock of
// Redis. A script adds what a node took and tells how far away that moment is. An entry ends by itself when its bucket is full.

import type { Clock } from '../../runtime/ports.ts';
import { Breaker } from './breaker.ts';
import { CACHE_LIMITS } from './cache.ts';
import type { RedisAddress } from './redis-address.ts';
import { openRedis, type RedisClient } from './redis-client.ts';

export interface Spending {
  /** The same on all nodes. */
  readonly bucket: string;
  /** Of 10 µs. */
  readonly units: number;
}

export interface SpendingOptions {
  readonly address: RedisAddress;
  /** Begins all keys. */
  readonly prefix: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** For an answer; that of `CACHE_LIMITS` by default. */
  readonly waitMs?: number;
}

/** Of a Cluster: the buckets of one part are on one of its nodes, so that one call reaches them. */
const PART_CHARACTERS = 1;

export class RedisSpending {
  readonly #client: RedisClient;
  readonly #breaker: Breaker;
  readonly #keys: string;
  readonly #isCluster: boolean;
  readonly #waitMs: number;

  constructor({ address, prefix, clock, waitMs = CACHE_LIMITS.writeMs }: SpendingOptions) {
    this.#waitMs = waitMs;
    // Batches are made here; the client would put some that belong on different nodes of a Cluster into one.
    this.#client = openRedis(address, clock, false);
    // Who asks is told of each failure; without a listener it would be thrown.
    this.#client.on('error', () => undefined);
    this.#breaker = new Breaker(clock);
    this.#keys = `${prefix}:v1:limits:`;
    this.#isCluster = address.kind === 'cluster';
  }

  /** @param spendings none: only asks whether there is a connection @returns by how much each is away from full now, in units @throws when nobody answers in time */
  async spend(spendings: readonly Spending[]): Promise<readonly number[]> {
    if (this.#client.status !== 'ready' || !this.#breaker.permits())
      throw new Error('there is no connection to Redis');
    try {
      const ahead = await this.#within(this.#spend(spendings));
      this.#breaker.succeeded();
      return ahead;
    } catch (error) {
      this.#breaker.failed();
      throw error;
    }
  }

  close(): void {
    this.#client.disconnect();
  }

  async #spend(spendings: readonly Spending[]): Promise<readonly number[]> {
    const parts = new Map<string, number[]>();
    for (const [at, { bucket }] of spendings.entries()) {
      const part = this.#isCluster ? bucket.slice(-PART_CHARACTERS) : '';
      const members = parts.get(part);
      if (members === undefined) parts.set(part, [at]);
      else members.push(at);
    }
    const ahead: number[] = Array<number>(spendings.length).fill(0);
    await Promise.all(
      [...parts.values()].map(async (members) => {
        const keys = members.map((at) => this.#keyOf(spendings[at]!.bucket));
        const told = await this.#client.spendLimits(
          keys.length,
          ...keys,
          ...members.map((at) => spendings[at]!.units),
        );
        for (const [number, at] of members.entries()) ahead[at] = told[number] ?? 0;
      }),
    );
    return ahead;
  }

  async #within<T>(work: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Error(`Redis did not answer within ${this.#waitMs} ms`)),
      this.#waitMs,
    );
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #keyOf(bucket: string): string {
    return `${this.#keys}{${bucket.slice(-PART_CHARACTERS)}}${bucket}`;
  }
}
