// Who is calling. Shoppers bring the shop's token, or the session of their browser, verified synchronously each time; admins bring the
// admin token, compared in constant time.

import { createHash, timingSafeEqual } from 'node:crypto';
import { createSigner, createVerifier } from 'fast-jwt';
import type { Context } from 'hono';
import { customerKeyOf, type Key } from '../actors/index.ts';
import type { Clock, Random } from '../runtime/index.ts';
import { callerOf, changesNothing, isFromOwnPage, type Caller } from './caller.ts';
import { Hs256 } from './hs256.ts';
import { Invitations } from './invitations.ts';
import { Problem } from './problem.ts';
import { isCustomerId } from './schemas.ts';
import { readCookie } from './session/session-cookie.ts';
import { Sessions, type Session } from './session/session.ts';
import type { SignInSettings } from './session/settings.ts';

export interface Shopper {
  readonly customerId: string;
  readonly customerKey: Key;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Everything that the shop's token says of them, as it says it. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Ids of the campaigns that they have brought an invitation to. */
  readonly invitedTo: readonly string[];
  /** Undefined for whoever brought a token. */
  readonly session?: Session | undefined;
}

/** Undefined: whoever is not signed in. */
export type Visitor = Shopper | undefined;

interface Claims extends Readonly<Record<string, unknown>> {
  readonly sub: string;
  /** Epoch seconds. */
  readonly exp: number;
}

interface SharedSecret {
  readonly usual: Hs256;
  readonly verify: (token: string) => Claims;
  readonly sign: (claims: Claims) => string;
}

const TOKEN_CHARACTERS_MAX = 4_096;
/** In any case, as all schemes. */
const SCHEME = /^Bearer /i;
const NOWHERE: readonly string[] = [];
const DEMO_TOKEN_LIFE_SECONDS = 24 * 60 * 60;

export interface AuthSettings {
  /** Of the shop's HS256 tokens; undefined: there are none. */
  readonly authSecret: string | undefined;
  readonly adminToken: string;
  /** Of everything that this server signs for itself. */
  readonly sessionSecret: string;
  readonly sessionMs: number;
  readonly signIn: Pick<SignInSettings, 'publicOrigin'>;
  readonly demo: boolean;
}

export class Auth {
  readonly sessions: Sessions;
  readonly invitations: Invitations;
  /** Undefined without a secret: an empty one would let anybody in. */
  readonly #shared: SharedSecret | undefined;
  readonly #adminDigest: Buffer;
  readonly #clock: Clock;
  readonly #demo: boolean;
  readonly #ownOrigins: readonly string[];

  constructor(settings: AuthSettings, clock: Clock, random: Random) {
    const { authSecret: secret, sessionSecret, adminToken, signIn } = settings;
    const { publicOrigin } = signIn;
    this.#shared = secret === undefined ? undefined : sharedSecretOf(secret);
    this.#adminDigest = digest(adminToken);
    this.#clock = clock;
    this.#demo = settings.demo;
    this.#ownOrigins = publicOrigin === undefined ? [] : [publicOrigin];
    this.sessions = new Sessions(sessionSecret, clock, random, settings.sessionMs);
    this.invitations = new Invitations(sessionSecret, clock);
  }

  /** Whoever must be signed in. @throws Problem unauthenticated, forbidden */
  shopper(c: Context): Shopper | Promise<Shopper> {
    return this.shopperOf(callerOf(c), !changesNothing(c.req.method));
  }

  /**
   * Whoever looks. A session that is out of date or forged is nobody's; a token that is wrong is an error, since whoever sends one
   * believes to be signed in.
   * @throws Problem unauthenticated, forbidden
   */
  visitor(c: Context): Visitor | Promise<Visitor> {
    return this.visitorOf(callerOf(c), !changesNothing(c.req.method));
  }

  /** @param changes whether the request changes anything @throws Problem unauthenticated, forbidden */
  shopperOf(caller: Caller, changes: boolean): Shopper | Promise<Shopper> {
    const visitor = this.visitorOf(caller, changes);
    if (visitor === undefined) throw new Problem('unauthenticated');
    return visitor as Shopper | Promise<Shopper>;
  }

  /** @param changes whether the request changes anything @throws Problem unauthenticated, forbidden */
  visitorOf(caller: Caller, changes: boolean): Visitor | Promise<Visitor> {
    const shopper =
      caller.authorization === undefined
        ? this.#ofSession(caller, changes)
        : this.#verified(bearer(caller.authorization));
    const brought = caller['doorbuster-invitation'];
    return shopper === undefined || brought === undefined ? shopper : this.invited(shopper, brought);
  }

  /** The session of the request's cookie. */
  sessionOf(caller: Caller): Session | undefined {
    const token = readCookie(caller, 'session', this.#demo);
    return token === undefined ? undefined : this.sessions.read(token);
  }

  /** Whether a browser says that a page of this server sent the request. */
  isOwnPage(caller: Caller): boolean {
    return isFromOwnPage(caller, this.#ownOrigins);
  }

  #ofSession(caller: Caller, changes: boolean): Visitor {
    const session = this.sessionOf(caller);
    if (session === undefined) return undefined;
    // A browser sends the cookie by itself, whoever's page makes it.
    if (changes && !this.isOwnPage(caller))
      throw new Problem('forbidden', {
        detail: 'With a session, changes are taken from this server’s own pages alone. Send a token instead.',
      });
    const { customerId, claims, invitedTo, expiresAt } = session;
    const madeFor = caller['doorbuster-customer'];
    // What one customer began must not go on in another's name: it would be bought a second time.
    if (madeFor !== undefined && madeFor !== encodeURIComponent(customerId))
      throw unauthenticated('Somebody else has signed in since this page was made. Load it again.');
    return {
      customerId,
      customerKey: customerKeyOf(customerId),
      expiresAt,
      claims,
      invitedTo,
      session,
    };
  }

  /** @param brought an invitation; one that is wrong, or somebody else's, is none */
  invited(shopper: Shopper, brought: string): Shopper {
    const invitation = this.invitations.read(brought);
    if (invitation === undefined || invitation.customerId !== shopper.customerId) return shopper;
    return { ...shopper, invitedTo: [...shopper.invitedTo, invitation.campaignId] };
  }

  /** @throws Problem unauthenticated, forbidden */
  admin(authorization: string | undefined): void {
    const token = bearer(authorization);
    if (!timingSafeEqual(digest(token), this.#adminDigest)) throw new Problem('forbidden');
  }

  /** A shopper's token, for the demo. */
  sign(customerId: string, claims: Readonly<Record<string, unknown>> = {}): string {
    const exp = Math.floor(this.#clock.now() / 1_000) + DEMO_TOKEN_LIFE_SECONDS;
    if (this.#shared === undefined)
      throw new Problem('not_found', { detail: 'This server makes no tokens: AUTH_SECRET is not set.' });
    return this.#shared.sign({ ...claims, sub: customerId, exp });
  }

  #verified(token: string): Shopper {
    if (this.#shared === undefined)
      throw unauthenticated('This server takes no tokens with a shared secret.');
    let claims: Claims;
    try {
      const usual = this.#shared.usual.claims(token);
      claims = isUsual(usual) ? usual : this.#shared.verify(token);
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
      session: undefined,
    };
  }
}

const sharedSecretOf = (secret: string): SharedSecret => ({
  usual: new Hs256(secret, TOKEN_CHARACTERS_MAX),
  verify: createVerifier({
    key: secret,
    algorithms: ['HS256'],
    requiredClaims: ['sub', 'exp'],
    cache: false,
  }) as SharedSecret['verify'],
  sign: createSigner({ key: secret, algorithm: 'HS256' }),
});

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
