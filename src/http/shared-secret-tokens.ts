// The shop's tokens under a secret that it shares with this server: HS256, verified synchronously each time.

import { createSigner, createVerifier } from 'fast-jwt';
import { Hs256 } from './hs256.ts';
import { TOKEN_CHARACTERS_MAX, unauthenticated, type TokenClaims } from './token-claims.ts';

export class SharedSecretTokens {
  readonly #usual: Hs256;
  readonly #verify: (token: string) => TokenClaims;
  readonly #sign: (claims: TokenClaims) => string;

  constructor(secret: string) {
    this.#usual = new Hs256(secret, TOKEN_CHARACTERS_MAX);
    this.#verify = createVerifier({
      key: secret,
      algorithms: ['HS256'],
      requiredClaims: ['sub', 'exp'],
      cache: false,
    }) as (token: string) => TokenClaims;
    this.#sign = createSigner({ key: secret, algorithm: 'HS256' });
  }

  /** @returns undefined for whatever is not of the usual kind, or not right */
  usual(token: string): TokenClaims | undefined {
    const claims = this.#usual.claims(token);
    return isUsual(claims) ? claims : undefined;
  }

  /** Says what is wrong. @throws Problem unauthenticated */
  verified(token: string): TokenClaims {
    try {
      return this.#verify(token);
    } catch (error) {
      throw unauthenticated(`The token was not accepted: ${(error as Error).message}`);
    }
  }

  sign(claims: TokenClaims): string {
    return this.#sign(claims);
  }
}

/** No other claim can make such a token invalid. */
function isUsual(claims: unknown): claims is TokenClaims {
  if (typeof claims !== 'object' || claims === null || 'nbf' in claims) return false;
  const { sub, exp } = claims as Partial<TokenClaims>;
  return typeof sub === 'string' && typeof exp === 'number';
}
