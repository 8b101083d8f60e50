// Who is calling. Shoppers bring the shop's token, or the session of their browser, verified synchronously each time; admins bring the
// admin token, compared in constant time.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { customerKeyOf, type Key } from '../actors/index.ts';
import type { Clock, Random } from '../runtime/index.ts';
import { callerOf, changesNothing, isFromOwnPage, isSecure, type Caller } from './caller.ts';
import { Invitations } from './invitations.ts';
import { KeySet } from './key-set.ts';
import { Problem } from './problem.ts';
import { ProviderTokens } from './provider-tokens.ts';
import { isCustomerId } from './schemas.ts';
import { readCookie } from './session/session-cookie.ts';
import { Sessions, type Session } from './session/session.ts';
import type { SignInSettings } from './session/settings.ts';
import { ClaimsSigner } from './signed-claims.ts';
import { SharedSecretTokens } from './shared-secret-tokens.ts';
import {
  checkWhom,
  TOKEN_CHARACTERS_MAX,
  unauthenticated,
  type TokenClaims,
  type TokenRules,
} from './token-claims.ts';

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

/** In any case, as all schemes. */
const SCHEME = /^Bearer /i;
const NOWHERE: readonly string[] = [];
const DEMO_TOKEN_LIFE_SECONDS = 24 * 60 * 60;

export interface AuthSettings {
  /** Of the shop's HS256 tokens; undefined: there are none. */
  readonly authSecret: string | undefined;
  /** Of the provider's public keys; undefined: there are none. */
  readonly jwksUrl: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
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
  readonly #shared: SharedSecretTokens | undefined;
  readonly #provider: ProviderTokens | undefined;
  readonly #rules: TokenRules;
  readonly #adminDigest: Buffer;
  readonly #clock: Clock;
  readonly #sessionSecret: string;
  readonly #demo: boolean;
  readonly #ownOrigins: readonly string[];
  readonly #isPublicSecure: boolean;

  constructor(settings: AuthSettings, clock: Clock, random: Random) {
    const { authSecret: secret, jwksUrl, sessionSecret, adminToken, signIn } = settings;
    const { publicOrigin } = signIn;
    this.#shared = secret === undefined ? undefined : new SharedSecretTokens(secret);
    this.#provider =
      jwksUrl === undefined ? undefined : new ProviderTokens(new KeySet(jwksUrl, clock), clock);
    this.#rules = settings;
    this.#adminDigest = digest(adminToken);
    this.#clock = clock;
    this.#sessionSecret = sessionSecret;
    this.#demo = settings.demo;
    this.#ownOrigins = publicOrigin === undefined ? [] : [publicOrigin];
    this.#isPublicSecure = publicOrigin?.startsWith('https:') ?? false;
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
    if (shopper === undefined || brought === undefined) return shopper;
    return shopper instanceof Promise
      ? shopper.then((shopper) => this.invited(shopper, brought))
      : this.invited(shopper, brought);
  }

  /** For what this server signs besides. @param purpose see ClaimsSigner */
  signer(purpose: string, charactersMax: number): ClaimsSigner {
    return new ClaimsSigner(this.#sessionSecret, purpose, charactersMax, this.#clock);
  }

  /** The session of the request's cookie. */
  sessionOf(caller: Caller): Session | undefined {
    const token = readCookie(caller, 'session', this.isSecure(caller));
    return token === undefined ? undefined : this.sessions.read(token);
  }

  /** Whether a browser says that a page of this server sent the request. */
  isOwnPage(caller: Caller): boolean {
    return isFromOwnPage(caller, this.isSecure(caller), this.#ownOrigins);
  }

  /** Whether shoppers come over TLS. A proxy that hands on neither Host nor scheme looks like home: then PUBLIC_URL tells. */
  isSecure(caller: Caller): boolean {
    return this.#isPublicSecure || isSecure(caller, this.#demo);
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
    const { issuer, audience } = this.#rules;
    return this.#shared.sign({
      ...claims,
      sub: customerId,
      exp,
      ...(issuer !== undefined && { iss: issuer }),
      ...(audience !== undefined && { aud: audience }),
    });
  }

  /** A promise only for a token of the provider's that this thread has not seen yet. */
  #verified(token: string): Shopper | Promise<Shopper> {
    const usual = this.#shared?.usual(token);
    if (usual !== undefined) return this.#shopperOf(usual);
    if (this.#provider?.isOne(token)) {
      const known = this.#provider.known(token);
      if (known !== undefined) return this.#shopperOf(known);
      return this.#provider.verified(token).then((claims) => this.#shopperOf(claims));
    }
    if (this.#shared === undefined)
      throw unauthenticated('The token’s algorithm (`alg`) is none that this shop’s provider signs with.');
    return this.#shopperOf(this.#shared.verified(token));
  }

  #shopperOf(claims: TokenClaims): Shopper {
    const expiresAt = claims.exp * 1_000;
    if (!(expiresAt > this.#clock.now())) throw unauthenticated('The token has expired. Get a new one.');
    checkWhom(claims, this.#rules);
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

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function bearer(authorization: string | undefined): string {
  if (authorization === undefined || !SCHEME.test(authorization)) throw new Problem('unauthenticated');
  const token = authorization.slice('Bearer '.length);
  if (token === '' || token.length > TOKEN_CHARACTERS_MAX) {
    throw unauthenticated(`A token has 1 to ${TOKEN_CHARACTERS_MAX} characters.`);
  }
  return token;
}
