// The shop's OpenID provider, as one thread knows it: the authorization code flow with PKCE. What it says of itself is read when the
// first shopper comes and kept. The library is loaded then, too: a shop without a provider does not pay for it.

import type * as OpenIdClient from 'openid-client';
import type { Clock } from '../../runtime/index.ts';
import type { ProviderSettings } from './settings.ts';

export const PROVIDER_TIMEOUT_MS = 5_000;
/** Between two questions for what it says of itself, while it does not answer. */
export const PROVIDER_COOL_DOWN_MS = 2_000;
/** Ways that are finished at once. Whoever has begun one can come back with it again and again, and each time the provider is asked. */
export const EXCHANGES_MAX = 256;
/** So old an answer is asked for again. */
const FRESH_MS = 60 * 60 * 1_000;

/** What the browser has to come back with. */
export interface Way {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** The provider does not answer, or not as one does. */
export class ProviderAway extends Error {
  override readonly name = 'ProviderAway';
}

/** The provider, or whoever pretends to be it, did not say who is there. */
export class NotSignedIn extends Error {
  override readonly name = 'NotSignedIn';
  /** `access_denied` when the shopper did not want to; undefined for whatever is not of the protocol. */
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

interface Known {
  readonly library: typeof OpenIdClient;
  readonly configuration: OpenIdClient.Configuration;
}

export class OpenId {
  readonly #settings: ProviderSettings;
  readonly #callback: string;
  readonly #clock: Clock;
  #known: Known | undefined;
  #readAt = -Infinity;
  #failedAt = -Infinity;
  #asking: Promise<void> | undefined;
  #exchanges = 0;

  /** @param callback address that the provider sends shoppers back to */
  constructor(settings: ProviderSettings, callback: string, clock: Clock) {
    this.#settings = settings;
    this.#callback = callback;
    this.#clock = clock;
  }

  /** @throws ProviderAway */
  async begin(): Promise<{ address: string; way: Way }> {
    const { library, configuration } = await this.#provider();
    const way: Way = {
      state: library.randomState(),
      nonce: library.randomNonce(),
      verifier: library.randomPKCECodeVerifier(),
    };
    const address = library.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#callback,
      scope: this.#settings.scopes,
      state: way.state,
      nonce: way.nonce,
      code_challenge: await library.calculatePKCECodeChallenge(way.verifier),
      code_challenge_method: 'S256',
    });
    return { address: address.href, way };
  }

  /**
   * @param search of the address that the browser came back to
   * @returns what the provider says of the shopper @throws ProviderAway, NotSignedIn
   */
  async finish(search: string, { state, nonce, verifier }: Way): Promise<Readonly<Record<string, unknown>>> {
    const { library, configuration } = await this.#provider();
    if (this.#exchanges >= EXCHANGES_MAX) throw new ProviderAway('it is asked too much already');
    this.#exchanges++;
    try {
      const tokens = await library.authorizationCodeGrant(configuration, new URL(this.#callback + search), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      return tokens.claims()!;
    } catch (error) {
      throw isAway(error) ? new ProviderAway(messageOf(error), { cause: error }) : notSignedIn(error);
    } finally {
      this.#exchanges--;
    }
  }

  async #provider(): Promise<Known> {
    const now = this.#clock.monotonic();
    const isFresh = now - this.#readAt < FRESH_MS;
    if (!isFresh && now - this.#failedAt >= PROVIDER_COOL_DOWN_MS) {
      this.#asking ??= this.#read();
      // What is known counts until something newer is.
      if (this.#known === undefined) await this.#asking;
    }
    if (this.#known === undefined) throw new ProviderAway('it did not say who it is');
    return this.#known;
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    try {
      const library = await import('openid-client');
      const { issuer, clientId, clientSecret } = this.#settings;
      const execute = [library.enableNonRepudiationChecks];
      // Only an address of this machine may be without TLS: the settings see to it.
      if (issuer.startsWith('http:')) execute.push(library.allowInsecureRequests);
      const configuration = await library.discovery(
        new URL(issuer),
        clientId,
        undefined,
        clientSecret === undefined ? library.None() : library.ClientSecretBasic(clientSecret),
        { execute, timeout: PROVIDER_TIMEOUT_MS / 1_000, [library.customFetch]: bounded },
      );
      configuration.timeout = PROVIDER_TIMEOUT_MS / 1_000;
      this.#known = { library, configuration };
      this.#readAt = this.#clock.monotonic();
    } catch {
      this.#failedAt = this.#clock.monotonic();
    } finally {
      this.#asking = undefined;
    }
  }
}

/** No redirects: whoever could lead us elsewhere would say who is there. */
const bounded: OpenIdClient.CustomFetch = (url, options) =>
  fetch(url, { ...options, redirect: 'error' } as RequestInit);

/** Time-outs, refused connections, and errors of the provider itself. */
function isAway(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { name, code, status } = at as Error & { code?: string; status?: number };
    if (name === 'TimeoutError' || (name === 'TypeError' && at.message === 'fetch failed')) return true;
    if (code === 'OAUTH_TIMEOUT' || (status !== undefined && status >= 500)) return true;
  }
  const { cause } = error as { cause?: unknown };
  return cause instanceof Response && cause.status >= 500;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function notSignedIn(error: unknown): NotSignedIn {
  const { error: code } = error as { error?: unknown };
  return new NotSignedIn(messageOf(error), typeof code === 'string' ? code : undefined);
}
