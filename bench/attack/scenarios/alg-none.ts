// Tokens that say by themselves how they are to be verified: not at all, or by something weaker.

import { createHmac } from 'node:crypto';
import { AUTH_SECRET } from '../../../test/harness/node-api.ts';
import { inSeconds } from '../../../test/http/tokens.ts';
import type { Scenario } from '../scenario.ts';
import { tokenAttack } from './token-attack.ts';

const ROUNDS = 20;
const NAMES = ['none', 'None', 'NONE', 'nOnE', ' none', '', null, undefined, 0, ['none'], 'HS256 ', 'hs256'];

export const algNone: Scenario = {
  name: 'alg-none',
  tries: 'buys, pays and looks with tokens whose header says that no signature is needed, or another one',
  ground: 'node',
  run: (stage) => tokenAttack(stage, stage.sized(ROUNDS), forge),
};

function forge(sub: string, good: string): Record<string, string> {
  const claims = encoded({ sub, exp: inSeconds(3_600) });
  const signature = good.split('.')[2]!;
  const tokens: Record<string, string> = {};
  for (const alg of NAMES) {
    const head = encoded({ alg, typ: 'JWT' });
    const what = `alg ${JSON.stringify(alg) ?? 'missing'}`;
    tokens[`${what}, no signature`] = `${head}.${claims}.`;
    tokens[`${what}, no third part`] = `${head}.${claims}`;
    tokens[`${what}, somebody’s signature`] = `${head}.${claims}.${signature}`;
  }
  // The right secret does not make a wrong algorithm right.
  for (const [alg, hash] of [
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
    ['RS256', 'sha256'],
  ] as const) {
    const text = `${encoded({ alg, typ: 'JWT' })}.${claims}`;
    tokens[`alg ${alg}`] = `${text}.${createHmac(hash, AUTH_SECRET).update(text).digest('base64url')}`;
  }
  return tokens;
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
