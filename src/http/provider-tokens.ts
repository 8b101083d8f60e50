// Tokens that the shop's provider signed with a key of its own. To verify one costs a thread's promise and a signature with a large
// key, so that what was verified is remembered: from a shopper's second request on it is as quick as a token with a shared secret.

import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../runtime/index.ts';
import type { Keys, KeySet } from './key-set.ts';
import { Problem } from './problem.ts';
import { unauthenticated, type TokenClaims } from './token-claims.ts';

/** Those alone whose keys are public and private; a set with other keys cannot add to them. */
export const PROVIDER_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Tokens of one thread. */
export const TOKENS_REMEMBERED_MAX = 10_000;

export class ProviderTokens {
  readonly #keys: KeySet;
  readonly #clock: Clock;
  readonly #known = new LRUCache<string, TokenClaims>({ max: TOKENS_REMEMBERED_MAX });
  /** The set that those were verified with. */
  #number = 0;

  constructor(keys: KeySet, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Whether the token says that it is of this kind. */
  isOne(token: string): boolean {
    const header = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString();
    try {
      return PROVIDER_ALGORITHMS.includes((JSON.parse(header) as { alg: string }).alg);
    } catch {
      return false;
    }
  }

  /** One that was verified before, with the keys that count now: its hour is for the caller to look at. */
  known(token: string): TokenClaims | undefined {
    return this.#keys.known?.number === this.#number ? this.#known.get(nameOf(token)) : undefined;
  }

  /** @throws Problem unauthenticated, unavailable */
  async verified(token: string): Promise<TokenClaims> {
    const keys = await this.#keys.present();
    if (keys === undefined) throw this.#unavailable();
    try {
      return await this.#verify(token, keys);
    } catch (error) {
      if (!isOfNoKey(error)) throw refused(error);
    }
    const newer = await this.#keys.newerThan(keys);
    if (newer === undefined && this.#keys.failure !== undefined) throw this.#unavailable();
    if (newer === undefined)
      throw unauthenticated('The token was not accepted: no key of the provider’s fits it.');
    try {
      return await this.#verify(token, newer);
    } catch (error) {
      throw refused(error);
    }
  }

  async #verify(token: string, keys: Keys): Promise<TokenClaims> {
    const { jwtVerify } = await import('jose');
    const { payload } = await jwtVerify(token, keys.keyOf, {
      algorithms: PROVIDER_ALGORITHMS,
      requiredClaims: ['sub', 'exp'],
      currentDate: new Date(this.#clock.now()),
    });
    const claims = payload as TokenClaims;
    this.#remember(token, claims, keys);
    return claims;
  }

  /** What an older set let in, a newer one may not. */
  #remember(token: string, claims: TokenClaims, { number }: Keys): void {
    if (number < this.#number) return;
    if (number > this.#number) this.#known.clear();
    this.#number = number;
    this.#known.set(nameOf(token), claims);
  }

  #unavailable(): Problem {
    return new Problem('unavailable', {
      detail: 'The keys of the shop’s provider cannot be read just now. Try again later with the same key.',
    });
  }
}

const nameOf = (token: string): string => hash('sha256', token, 'binary');

const isOfNoKey = (error: unknown): boolean =>
  (error as { code?: string }).code === 'ERR_JWKS_NO_MATCHING_KEY';

function refused(error: unknown): Problem {
  const { code, message } = error as { code?: string; message: string };
  if (code === 'ERR_JWT_EXPIRED') return unauthenticated('The token has expired. Get a new one.');
  if (code === 'ERR_JWKS_MULTIPLE_MATCHING_KEYS')
    return unauthenticated('The token names no key (`kid`), and several of the provider’s fit it.');
  return unauthenticated(`The token was not accepted: ${message}`);
}
