// Who is calling. Shoppers bring the shop's HS256 token, verified synchronously each time; admins bring the admin token,
// compared in constant time.

import { createHash, timingSafeEqual } from 'node:crypto';
import { createSigner, createVerifier } from 'fast-jwt';
import { customerKeyOf, type Key } from '../actors/index.ts';
import type { Clock } from '../runtime/index.ts';
import { Hs256 } from './hs256.ts';
import { Problem } from './problem.ts';
import { isCustomerId } from './schemas.ts';

export interface Shopper {
  readonly customerId: string;
  readonly customerKey: Key;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Everything that the shop's token says of them, as it says it. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Ids of the campaigns that they have brought an invitation to. */
  readonly invitedTo: readonly string[];
}

interface Claims extends Readonly<Record<string, unknown>> {
  readonly sub: string;
  /** Epoch seconds. */
  readonly exp: number;
}

type Verify = (token: string) => Claims;

const TOKEN_CHARACTERS_MAX = 4_096;
/** In any case, as all schemes. */
const SCHEME = /^Bearer /i;
const NOWHERE: readonly string[] = [];
const DEMO_TOKEN_LIFE_SECONDS = 24 * 60 * 60;

export class Auth {
  readonly #usual: Hs256;
  readonly #verify: Verify;
  readonly #sign: (claims: Claims) => string;
  readonly #adminDigest: Buffer;
  readonly #clock: Clock;

  constructor(secret: string, adminToken: string, clock: Clock) {
    this.#usual = new Hs256(secret, TOKEN_CHARACTERS_MAX);
    this.#verify = createVerifier({
      key: secret,
      algorithms: ['HS256'],
      requiredClaims: ['sub', 'exp'],
      cache: false,
    }) as Verify;
    this.#sign = createSigner({ key: secret, algorithm: 'HS256' });
    this.#adminDigest = digest(adminToken);
    this.#clock = clock;
  }

  /** @param authorization the request's header @throws Problem unauthenticated */
  shopper(authorization: string | undefined): Shopper {
    return this.#verified(bearer(authorization));
  }

  /** @throws Problem unauthenticated, forbidden */
  admin(authorization: string | undefined): void {
    const token = bearer(authorization);
    if (!timingSafeEqual(digest(token), this.#adminDigest)) throw new Problem('forbidden');
  }

  /** A shopper's token, for the demo. */
  sign(customerId: string): string {
    const exp = Math.floor(this.#clock.now() / 1_000) + DEMO_TOKEN_LIFE_SECONDS;
    return this.#sign({ sub: customerId, exp });
  }

  #verified(token: string): Shopper {
    let claims: Claims;
    try {
      const usual = this.#usual.claims(token);
      claims = isUsual(usual) ? usual : this.#verify(token);
    } catch (error) {
      throw unauthenticated(`The token was not accepted: ${(error as Error).message}`);
    }
    const expiresAt = claims.exp * 1_000;
    if (!(expiresAt > this.#clock.now())) throw unauthenticated('The token has expired. Get a new one.');
    if (!isCustomerId(claims.sub)) {
      throw unauthenticated('The token’s `sub` must be 1 to 128 characters without control characters.');
    }
    return {
      customerId: claims.sub,
      customerKey: customerKeyOf(claims.sub),
      expiresAt,
      claims,
      invitedTo: NOWHERE,
    };
  }
}

/** No other claim can make such a token invalid. */
function isUsual(claims: unknown): claims is Claims {
  if (typeof claims !== 'object' || claims === null || 'nbf' in claims) return false;
  const { sub, exp } = claims as Partial<Claims>;
  return typeof sub === 'string' && typeof exp === 'number';
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const unauthenticated = (detail: string): Problem => new Problem('unauthenticated', { detail });

function bearer(authorization: string | undefined): string {
  if (authorization === undefined || !SCHEME.test(authorization)) throw new Problem('unauthenticated');
  const token = authorization.slice('Bearer '.length);
  if (token === '' || token.length > TOKEN_CHARACTERS_MAX) {
    throw unauthenticated(`A token has 1 to ${TOKEN_CHARACTERS_MAX} characters.`);
  }
  return token;
}
