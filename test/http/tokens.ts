// Shoppers' tokens, good and bad, made without the library that verifies them.

import { createHmac } from 'node:crypto';
import { AUTH_SECRET } from '../harness/node-api.ts';

export interface TokenOptions {
  readonly secret?: string;
  readonly algorithm?: 'HS256' | 'HS384' | 'HS512' | 'none';
}

const HASHES = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const;

/** @param claims an object, or the payload's text as it is */
export function sign(
  claims: object | string,
  { secret = AUTH_SECRET, algorithm = 'HS256' }: TokenOptions = {},
): string {
  const part = (text: string): string => Buffer.from(text).toString('base64url');
  const payload = typeof claims === 'string' ? claims : JSON.stringify(claims);
  const signed = `${part(JSON.stringify({ alg: algorithm, typ: 'JWT' }))}.${part(payload)}`;
  if (algorithm === 'none') return `${signed}.`;
  return `${signed}.${createHmac(HASHES[algorithm], secret).update(signed).digest('base64url')}`;
}

/** Epoch seconds, as tokens count. */
export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;
