// Signing in at the shop's OpenID provider: there, and back. What the browser must come back with stands in a cookie of its own,
// signed, for ten minutes, so that nobody can finish in one browser what was begun in another.

import type { Hono } from 'hono';
import { callerOf } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import { nextPage, SHOP_PAGES } from '../next-page.ts';
import { isCustomerId } from '../schemas.ts';
import type { ClaimsSigner } from '../signed-claims.ts';
import { CALLBACK_PATH, PROVIDER_PATH } from './addresses.ts';
import { keptOf, nameIn } from './hand-over.ts';
import { NotSignedIn, OpenId, ProviderAway, type Way } from './open-id.ts';
import { readCookie, removeCookie, writeCookie } from './session-cookie.ts';
import { SignInProblem } from './sign-in-problem.ts';
import { writeSession } from './write-session.ts';

export const WAY_SECONDS_MAX = 10 * 60;
const WAY_CHARACTERS_MAX = 3_800;
const CALLBACK_CHARACTERS_MAX = 8_192;

export function providerRoutes(routes: Hono, context: HttpContext): void {
  const { auth, clock } = context;
  let provider: OpenId | undefined;
  const open = (): OpenId => {
    const { provider: settings, publicOrigin } = context.signIn;
    if (settings === undefined || publicOrigin === undefined) throw nothingHere();
    return (provider ??= new OpenId(settings, publicOrigin + CALLBACK_PATH, clock));
  };
  let signer: ClaimsSigner | undefined;
  const signerOf = (): ClaimsSigner => (signer ??= auth.signer('way 1', WAY_CHARACTERS_MAX));

  routes.get(PROVIDER_PATH, async (c) => {
    const next = nextPage(c.req.query('next'), SHOP_PAGES);
    const { address, way } = await answered(open().begin());
    const exp = Math.floor(clock.now() / 1_000) + WAY_SECONDS_MAX;
    writeCookie(c, 'way', signerOf().sign({ ...way, next, exp }), {
      secure: auth.isSecure(callerOf(c)),
      seconds: WAY_SECONDS_MAX,
    });
    return c.redirect(address, 303);
  });

  routes.get(CALLBACK_PATH, async (c) => {
    const openId = open();
    const { search } = new URL(c.req.url);
    const caller = callerOf(c);
    const secure = auth.isSecure(caller);
    const token = readCookie(caller, 'way', secure);
    const way = token === undefined ? undefined : signerOf().read(token);
    // Whatever comes of it: a way is gone once.
    removeCookie(c, 'way', secure);
    if (way === undefined || search.length > CALLBACK_CHARACTERS_MAX) throw new SignInProblem('not_begun');
    const claims = await answered(openId.finish(search, way as unknown as Way));
    const { sub: customerId } = claims;
    if (!isCustomerId(customerId))
      throw new SignInProblem(
        'refused',
        'The provider’s `sub` must be 1 to 128 characters without control characters.',
      );
    const session = auth.sessions.begin({ customerId, name: nameIn(claims), claims: keptOf(claims) });
    writeSession(c, context, session);
    return c.redirect(nextPage(way['next'] as string, SHOP_PAGES), 303);
  });
}

async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ProviderAway) throw new SignInProblem('provider_away');
    if (!(error instanceof NotSignedIn)) throw error;
    if (error.code === 'access_denied') throw new SignInProblem('not_finished');
    throw new SignInProblem('not_as_asked');
  }
}

const nothingHere = (): SignInProblem => new SignInProblem('no_provider');
