// What this server signs for itself: sessions, invitations, the way through a sign-in. Each purpose has a key of its own, so that none
// passes for another, and the form of a token is one alone: HS256 under the one header that is written here.

import { createHmac } from 'node:crypto';
import type { Clock } from '../runtime/index.ts';
import { derivedSecret } from './derived-secret.ts';
import { Hs256 } from './hs256.ts';

export interface SignedClaims extends Readonly<Record<string, unknown>> {
  /** Epoch seconds. */
  readonly exp: number;
}

const HEADER = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')}.`;

export class ClaimsSigner {
  readonly #secret: string;
  readonly #hs256: Hs256;
  readonly #clock: Clock;

  /** @param charactersMax longer tokens are neither made nor read */
  constructor(secret: string, purpose: string, charactersMax: number, clock: Clock) {
    this.#secret = derivedSecret(secret, purpose);
    this.#hs256 = new Hs256(this.#secret, charactersMax);
    this.#clock = clock;
  }

  sign(claims: SignedClaims): string {
    const signed = HEADER + Buffer.from(JSON.stringify(claims)).toString('base64url');
    return `${signed}.${createHmac('sha256', this.#secret).update(signed).digest('base64url')}`;
  }

  /** @returns undefined for whatever was not signed here for this purpose, or is out of date */
  read(token: string): SignedClaims | undefined {
    const claims = this.#hs256.claims(token) as SignedClaims | undefined;
    if (typeof claims !== 'object' || claims === null) return undefined;
    return typeof claims.exp === 'number' && claims.exp * 1_000 > this.#clock.now() ? claims : undefined;
  }
}
