// A shop hands a shopper over: a form of its page brings a token that it has just made. The token is worth little to whoever finds it
// later, and a page of anybody else cannot sign a browser in as somebody.

import type { Context } from 'hono';
import type { Shopper } from '../auth.ts';
import { callerOf } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import { Problem } from '../problem.ts';
import type { SignedInShopper } from './session.ts';
import { SignInProblem } from './sign-in-problem.ts';

export const HAND_OVER_SECONDS_MAX = 300;
/** By so much the shop's clock may be ahead of ours. */
const AHEAD_SECONDS_MAX = 60;
/** Of the token itself, and no news of the shopper. */
const OWN_CLAIMS = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'name',
  'nonce',
  'azp',
  'at_hash',
  'c_hash',
  'sid',
]);

/** @throws SignInProblem */
export async function handOver(
  c: Context,
  { auth, signIn, clock }: HttpContext,
  token: string,
): Promise<SignedInShopper> {
  refuseStrangers(c, auth, signIn);
  const { customerId, claims } = await accepted(auth, token);
  const { iat, exp } = claims;
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp - iat > HAND_OVER_SECONDS_MAX)
    throw refused(`must have \`iat\`, and \`exp\` at most ${HAND_OVER_SECONDS_MAX} seconds behind it.`);
  if (iat * 1_000 > clock.now() + AHEAD_SECONDS_MAX * 1_000)
    throw refused('was made in the future, by its `iat`.');
  return {
    customerId,
    name: nameIn(claims),
    claims: keptOf(claims),
  };
}

export const nameIn = ({ name }: Readonly<Record<string, unknown>>): string | undefined =>
  typeof name === 'string' && name.trim() !== '' ? name.trim() : undefined;

/** What a session keeps of what a token says. */
export const keptOf = (claims: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !OWN_CLAIMS.has(name)));

/** @throws SignInProblem */
function refuseStrangers(
  c: Context,
  auth: HttpContext['auth'],
  { shopOrigins }: HttpContext['signIn'],
): void {
  const caller = callerOf(c);
  const { origin } = caller;
  if (auth.isOwnPage(caller)) return;
  if (origin !== undefined && shopOrigins.includes(origin)) return;
  const stands =
    origin === undefined || origin === 'null' ? 'does not say where it stands' : `is of ${origin}`;
  throw new SignInProblem(
    'not_handed_over',
    `its page ${stands}, and only pages that SHOP_ORIGINS names, and that send their origin, sign shoppers in.`,
    403,
  );
}

async function accepted(auth: HttpContext['auth'], token: string): Promise<Shopper> {
  try {
    return await auth.shopperOf({ authorization: `Bearer ${token}` }, false);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'unauthenticated') throw error;
    const told = error.extra?.['detail'];
    throw refused(`is not taken: ${typeof told === 'string' ? told : 'it is empty.'}`);
  }
}

const refused = (why: string): SignInProblem => new SignInProblem('token_refused', why);
