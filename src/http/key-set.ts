// The provider's public keys (JWKS). Read when the first token comes, read again now and then and when a token names a key that is not
// among them, and kept for as long as the provider does not answer.

import type { JWK, JWTVerifyGetKey } from 'jose';
import type { Clock } from '../runtime/index.ts';

/** So old keys are asked for again, while they go on being used. */
export const KEYS_FRESH_MS = 10 * 60 * 1_000;
/** Between two questions: whoever makes up keys cannot make us ask more often. */
export const KEYS_COOL_DOWN_MS = 10_000;
export const KEYS_TIMEOUT_MS = 5_000;
export const KEYS_BYTES_MAX = 256 * 1_024;
export const KEYS_MAX = 100;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Keys {
  readonly keyOf: JWTVerifyGetKey;
  /** Another one for each other set. */
  readonly number: number;
}

export class KeySet {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #fetch: Fetch;
  #keys: Keys | undefined;
  #text = '';
  #readAt = -Infinity;
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;
  /** Why the last question was not answered. */
  failure: string | undefined;

  /** @param clock its monotonic time is used */
  constructor(url: string, clock: Clock, fetch: Fetch = globalThis.fetch) {
    this.#url = url;
    this.#clock = clock;
    this.#fetch = fetch;
  }

  /** The keys as far as they are known; undefined when the provider has never answered. */
  async present(): Promise<Keys | undefined> {
    if (this.#keys === undefined) await this.#ask();
    return this.known;
  }

  /** The same, without waiting. Old ones are asked for again meanwhile. */
  get known(): Keys | undefined {
    if (this.#keys !== undefined && this.#clock.monotonic() - this.#readAt >= KEYS_FRESH_MS) void this.#ask();
    return this.#keys;
  }

  /** After a token that none of these fits. @returns undefined when there are no others */
  async newerThan(keys: Keys): Promise<Keys | undefined> {
    await this.#ask();
    return this.#keys === keys ? undefined : this.#keys;
  }

  /** Nobody asks twice at once, nor soon again. Never rejects. */
  #ask(): Promise<void> {
    if (this.#asking !== undefined) return this.#asking;
    if (this.#clock.monotonic() - this.#askedAt < KEYS_COOL_DOWN_MS) return Promise.resolve();
    this.#askedAt = this.#clock.monotonic();
    this.#asking = this.#answered();
    return this.#asking;
  }

  async #answered(): Promise<void> {
    try {
      await this.#read();
      this.failure = undefined;
      this.#readAt = this.#clock.monotonic();
    } catch (error) {
      this.failure = (error as Error).message;
    } finally {
      this.#asking = undefined;
    }
  }

  async #read(): Promise<void> {
    const response = await this.#fetch(this.#url, {
      headers: { Accept: 'application/json' },
      // Whoever could lead it elsewhere would say who is there.
      redirect: 'error',
      signal: AbortSignal.timeout(KEYS_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`the key set answered ${response.status}`);
    const text = await boundedText(response);
    if (text === this.#text) return;
    const keys = keysIn(text);
    const { createLocalJWKSet } = await import('jose');
    this.#keys = { keyOf: createLocalJWKSet({ keys }), number: (this.#keys?.number ?? 0) + 1 };
    this.#text = text;
  }
}

async function boundedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > KEYS_BYTES_MAX) throw new Error(`the key set has more than ${KEYS_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** What could sign in secret is left out: a key set is public, so such a key is anybody's. */
function keysIn(text: string): JWK[] {
  const set = JSON.parse(text) as { keys?: unknown };
  if (typeof set !== 'object' || set === null || !Array.isArray(set.keys))
    throw new Error('the key set has no list `keys`');
  const keys = (set.keys as unknown[]).filter(
    (key): key is JWK => typeof key === 'object' && key !== null && 'kty' in key && key.kty !== 'oct',
  );
  if (keys.length === 0 || keys.length > KEYS_MAX)
    throw new Error(`the key set has ${keys.length} public keys, and 1 to ${KEYS_MAX} are taken`);
  return keys;
}
