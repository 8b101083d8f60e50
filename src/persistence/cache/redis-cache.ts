// The cache in Redis, shared by all threads and nodes of one journal. Reads wait 50 ms at most; a server that does not answer
// is soon not asked any more, but for one question now and then.
//
//   get ──▶ connected? breaker? room? ──no──▶ unavailable, at no cost
//                    └─▶ GETRANGE, with others of this turn in one write ──▶ hit │ miss │ too late: unavailable

import type { Clock } from '../../runtime/ports.ts';
import type { Logger } from '../projection-health.ts';
import { Breaker } from './breaker.ts';
import { CACHE_LIMITS, LIFETIME_MS, type Cache, type CacheFigures, type CacheKind } from './cache.ts';
import { decodeEntry, encodeEntry, ENTRY_BYTES_MAX } from './cache-entry.ts';
import { CacheHealth } from './cache-health.ts';
import { isReadOnly } from './cache-trouble.ts';
import type { RedisAddress, RedisHost } from './redis-address.ts';
import { openRedis, type RedisClient } from './redis-client.ts';
import { ReadCounts } from './read-counts.ts';
import { tlsVerdict } from './tls-verdict.ts';

export interface RedisCacheOptions {
  readonly address: RedisAddress;
  /** Begins all keys: names the journal. */
  readonly keys: string;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly lifetimeMs?: Readonly<Record<CacheKind, number>>;
  readonly autoPipelining?: boolean;
  /** For an answer; `CACHE_LIMITS` by default. */
  readonly waitMs?: { readonly readMs: number; readonly writeMs: number };
}

const LATE = Symbol('late');
const CLOSED = /\bConnection is closed\b/;

export class RedisCache implements Cache {
  readonly #client: RedisClient;
  readonly #keys: string;
  readonly #lifetimeMs: Readonly<Record<CacheKind, number>>;
  readonly #waitMs: { readonly readMs: number; readonly writeMs: number };
  readonly #breaker: Breaker;
  readonly #health: CacheHealth;
  readonly #counts = new ReadCounts();
  /** Commands without an answer, also those that nobody waits for any more. */
  #pending = 0;
  #isClosed = false;
  #isAskingTls = false;

  constructor({ address, keys, logger, clock, lifetimeMs, autoPipelining, waitMs }: RedisCacheOptions) {
    this.#keys = keys;
    this.#lifetimeMs = lifetimeMs ?? LIFETIME_MS;
    this.#waitMs = waitMs ?? CACHE_LIMITS;
    this.#breaker = new Breaker(clock);
    this.#health = new CacheHealth(logger, clock);
    this.#client = openRedis(address, clock, autoPipelining);
    this.#client.on('ready', () => this.#health.succeeded());
    const hidden = hostsOfHiddenErrors(address);
    this.#client.on('error', (error: Error) => {
      if (hidden === undefined || !CLOSED.test(causeOf(error))) this.#health.failed(causeOf(error));
      else void this.#askTls(hidden, causeOf(error));
    });
    this.#client.on('close', () => {
      if (!this.#isClosed) this.#health.failed('the connection ended');
    });
  }

  async get(kind: CacheKind, id: string): Promise<unknown> {
    const key = this.#keyOf(kind, id);
    // One byte more than an entry has shows that it is none, however large it is.
    const ask = () => this.#client.getrangeBuffer(key, 0, ENTRY_BYTES_MAX);
    const bytes = await this.#ask(ask, this.#waitMs.readMs);
    if (bytes === LATE) {
      this.#counts.add(kind, 'unavailable');
      return undefined;
    }
    const value = bytes === null ? undefined : decodeEntry(key, bytes);
    this.#counts.add(kind, value === undefined ? 'miss' : 'hit');
    return value;
  }

  async put(kind: CacheKind, id: string, version: number, value: unknown): Promise<void> {
    await this.#write(kind, id, version, value, this.#lifetimeMs[kind], '0');
  }

  async invalidate(kind: CacheKind, id: string, version: number): Promise<void> {
    await this.#write(kind, id, version, undefined, CACHE_LIMITS.tombstoneMs, '1');
  }

  figures(): CacheFigures {
    return { reads: this.#counts.byName, state: this.#health.isUnavailable ? 'unavailable' : 'working' };
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#client.disconnect();
    return Promise.resolve();
  }

  async #write(
    kind: CacheKind,
    id: string,
    version: number,
    value: unknown,
    lifetimeMs: number,
    isStrict: '0' | '1',
  ): Promise<void> {
    // While it is away nothing is packed for it.
    if (this.#client.status !== 'ready') return;
    const key = this.#keyOf(kind, id);
    const entry = encodeEntry(key, version, value);
    if (entry === undefined) return;
    const put = () => this.#client.putVersioned(key, entry, lifetimeMs, isStrict);
    // What keeps a newer one writes nothing, and a replica does so, too.
    if ((await this.#ask(put, this.#waitMs.writeMs)) === 1) this.#health.tookEntry();
  }

  /** @returns LATE when there is no answer, or none in time; null also for a key that holds something else, and from a replica */
  async #ask<T>(command: () => Promise<T>, withinMs: number): Promise<T | null | typeof LATE> {
    if (this.#client.status !== 'ready' || this.#pending >= CACHE_LIMITS.pendingMax) return LATE;
    if (!this.#breaker.permits()) return LATE;
    this.#pending++;
    const { promise: deadline, resolve } = Promise.withResolvers<typeof LATE>();
    const timer = setTimeout(resolve, withinMs, LATE);
    try {
      const answer = await Promise.race([this.#settled(command), deadline]);
      if (answer === LATE) this.#failed(`no answer within ${withinMs} ms`);
      else this.#succeeded();
      return answer;
    } catch (error) {
      const cause = causeOf(error);
      if (cause.startsWith('WRONGTYPE')) return null;
      if (isReadOnly(cause)) {
        this.#succeeded();
        this.#health.refusedEntry(cause);
        return null;
      }
      this.#failed(cause);
      return LATE;
    } finally {
      clearTimeout(timer);
    }
  }

  async #settled<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } finally {
      this.#pending--;
    }
  }

  async #askTls(hosts: readonly RedisHost[], cause: string): Promise<void> {
    if (this.#isAskingTls) return;
    this.#isAskingTls = true;
    const verdict = await tlsVerdict(hosts);
    this.#isAskingTls = false;
    if (!this.#isClosed && this.#client.status !== 'ready') this.#health.failed(verdict ?? cause);
  }

  #failed(cause: string): void {
    this.#breaker.failed();
    if (this.#breaker.isOpen) this.#health.failed(cause);
  }

  #succeeded(): void {
    this.#breaker.succeeded();
    this.#health.succeeded();
  }

  #keyOf(kind: CacheKind, id: string): string {
    return `${this.#keys}${kind}:${id}`;
  }
}

/** Where the client tells nothing of TLS but that the connection is closed. */
function hostsOfHiddenErrors(address: RedisAddress): readonly RedisHost[] | undefined {
  if (!address.tls || address.kind === 'single') return undefined;
  return address.kind === 'sentinel' ? address.sentinels : address.nodes;
}

/** Of a cluster none of whose nodes answers, what the last one said. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { lastNodeError } = error as { lastNodeError?: Error };
  return (lastNodeError ?? error).message;
}
