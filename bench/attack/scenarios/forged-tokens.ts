// Tokens that were made up, altered, cut off, kept too long or signed by somebody else.

import { createHmac } from 'node:crypto';
import { AUTH_SECRET } from '../../../test/harness/node-api.ts';
import { inSeconds, sign } from '../../../test/http/tokens.ts';
import type { Scenario } from '../scenario.ts';
import { tokenAttack } from './token-attack.ts';

const ROUNDS = 20;
const STRANGER = 'a-secret-that-a-stranger-made-up';

export const forgedTokens: Scenario = {
  name: 'forged-tokens',
  tries: 'buys, pays and looks in somebody’s name with forged, altered, truncated and expired tokens',
  ground: 'node',
  run: (stage) => tokenAttack(stage, stage.sized(ROUNDS), forge),
};

function forge(sub: string, good: string): Record<string, string> {
  const [head = '', claims = '', signature = ''] = good.split('.');
  const exp = inSeconds(3_600);
  const other = encoded({ sub: `${sub}-and-more`, exp });
  const longer = encoded({ sub, exp: exp + 86_400 });
  const jwk = { kty: 'oct', k: Buffer.from(STRANGER).toString('base64url') };
  return {
    'signed by a stranger': sign({ sub, exp }, { secret: STRANGER }),
    'signed with an empty secret': signed({ alg: 'HS256' }, { sub, exp }, ''),
    'that brings its own key': signed({ alg: 'HS256', jwk }, { sub, exp }, STRANGER),
    'whose key is a file of the server': signed({ alg: 'HS256', kid: '../../dev/null' }, { sub, exp }, ''),
    'another customer under an old signature': `${head}.${other}.${signature}`,
    'a longer life under an old signature': `${head}.${longer}.${signature}`,
    'one bit of its signature flipped': `${head}.${claims}.${flipped(signature)}`,
    'cut off': good.slice(0, -8),
    'without a signature': `${head}.${claims}.`,
    'expired a second ago': sign({ sub, exp: inSeconds(-1) }),
    'expired long ago': sign({ sub, exp: 1 }),
    'that does not begin yet': sign({ sub, exp, nbf: exp - 10 }),
    'that never ends': sign({ sub }),
    'of nobody': sign({ exp }),
    'of everybody': sign({ sub: '*', exp }, { secret: STRANGER }),
    // Good, and then padded as no signer does it.
    'with something behind it': `${good}.${claims}`,
  };
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

function signed(head: object, claims: object, secret: string): string {
  const text = `${encoded(head)}.${encoded(claims)}`;
  if (secret === AUTH_SECRET) throw new Error('a forged token is not signed with the shop’s secret');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

function flipped(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  bytes[0]! ^= 1;
  return bytes.toString('base64url');
}
