// What a shopper's token says, whoever signed it, and what must be so whoever did.

import { Problem } from './problem.ts';

export interface TokenClaims extends Readonly<Record<string, unknown>> {
  readonly sub: string;
  /** Epoch seconds. */
  readonly exp: number;
}

export const TOKEN_CHARACTERS_MAX = 4_096;

export const unauthenticated = (detail: string): Problem => new Problem('unauthenticated', { detail });

export interface TokenRules {
  /** Undefined: any. */
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

/** @throws Problem unauthenticated */
export function checkWhom({ iss, aud }: TokenClaims, { issuer, audience }: TokenRules): void {
  if (issuer !== undefined && iss !== issuer)
    throw unauthenticated('The token is of another issuer (`iss`).');
  if (audience === undefined || aud === audience) return;
  if (!Array.isArray(aud) || !aud.includes(audience))
    throw unauthenticated('The token is for somebody else (`aud`).');
}
