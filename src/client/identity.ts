// Who is shopping. With `token` a call carries what it gives; without, the browser's cookie says who it is. A client is
// for one customer: a key that one customer's purchase went out with must never be asked for in another's name, which
// would be told "no such order" and buy again.

import type { Unsent } from './answer.ts';
import { isRecord } from './shape.ts';

/** Gives the shopper's token, or undefined while nobody is signed in. Called again when a token is no longer accepted. */
export type TokenSource = () => string | undefined | Promise<string | undefined>;

export type Credentials =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'cookie' }
  | { readonly kind: 'anonymous' }
  | Unsent;

const TOKEN_TIMEOUT_MS = 10_000;

export class Identity {
  /** Whose session the page was made with, where it says so; percent-encoded. */
  readonly sessionOf: string | undefined;
  readonly #source: TokenSource | undefined;
  #customer: string | undefined;
  #token: Promise<string | undefined> | undefined;

  /** @param customer whose session the page has; a token says so by itself */
  constructor(source: TokenSource | undefined, customer: string | undefined) {
    this.#source = source;
    this.#customer = customer;
    this.sessionOf = customer && encodeURIComponent(customer);
  }

  /** Under which name keys are kept; asks for a token when none has told it yet. */
  async customer(): Promise<string | undefined> {
    if (this.#customer === undefined) await this.credentials();
    return this.#customer;
  }

  async credentials(): Promise<Credentials> {
    if (this.#source === undefined) return { kind: 'cookie' };
    this.#token ??= inTime(this.#source);
    let token: string | undefined;
    try {
      token = await this.#token;
    } catch {
      this.#token = undefined;
      return { kind: 'unsent', reason: 'no_token', retryAfterMs: 0 };
    }
    if (token === undefined || token === '') {
      this.#token = undefined;
      return { kind: 'anonymous' };
    }
    const subject = subjectOf(token);
    this.#customer ??= subject;
    if (subject !== undefined && subject !== this.#customer)
      return { kind: 'unsent', reason: 'another_customer', retryAfterMs: 0 };
    return { kind: 'token', token };
  }

  /** The token is no longer accepted. False when there is no other to be had. */
  renew(): boolean {
    this.#token = undefined;
    return this.#source !== undefined;
  }
}

async function inTime(source: TokenSource): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('token() gave nothing in time')), TOKEN_TIMEOUT_MS);
  });
  try {
    return await Promise.race([source(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The customer that a JSON Web Token is for. It is read, not verified: that is the shop's part. */
function subjectOf(token: string): string | undefined {
  try {
    const payload = token.split('.')[1] ?? '';
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
      character.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isRecord(claims) && typeof claims['sub'] === 'string' ? claims['sub'] : undefined;
  } catch {
    return undefined;
  }
}
