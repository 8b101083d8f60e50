// One HTTP call, and what is known after it. It never throws, and takes nothing for the shop's answer that something
// between the shopper and the shop could have said.

import type { Answer, Refused, Lost, Unsent } from './answer.ts';
import type { Identity } from './identity.ts';
import { RETRY_AFTER_LONGEST_MS } from './patience.ts';
import type { Ports } from './ports.ts';
import { isRecord } from './shape.ts';

const CALL_TIMEOUT_MS = 10_000;

export interface CallerOptions {
  /** Without a slash at its end; empty for the page's own server. */
  readonly baseUrl: string;
  readonly invitation: string | undefined;
  readonly identity: Identity;
  readonly ports: Ports;
  /** The shop does not know the shopper any more. */
  readonly onSignedOut: () => void;
}

export interface CallOptions {
  readonly key?: string;
  readonly ticket?: string | undefined;
  readonly body?: unknown;
  /** The client's usual one when it is left out. */
  readonly timeoutMs?: number | undefined;
  /** Whoever is not signed in need not ask. */
  readonly isPersonal?: boolean;
}

/** Of a stream: the response, to be read by the caller. */
export type Opened = { readonly kind: 'open'; readonly response: Response } | Refused | Lost | Unsent;

export class Caller {
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** @param isBody what the shop's answer looks like; everything else is lost */
  async call<T>(
    method: string,
    path: string,
    isBody: (body: unknown) => body is T,
    options: CallOptions = {},
  ): Promise<Answer<T>> {
    const read = async (response: Response): Promise<Answer<T>> => {
      const body: unknown = await response.json();
      if (!response.ok) return this.#refusal(response, body);
      if (!isBody(body)) return lost(0);
      const isReplayed = response.headers.get('Idempotency-Replayed') === 'true';
      return { kind: 'answer', status: response.status, body, isReplayed };
    };
    return this.#withIdentity(
      method,
      path,
      options,
      read,
      AbortSignal.timeout(options.timeoutMs ?? CALL_TIMEOUT_MS),
    );
  }

  /** @param signal ends the stream; until it is open there is a time limit, too */
  async open(path: string, signal: AbortSignal): Promise<Opened> {
    const opening = new AbortController();
    const stopTimer = this.#options.ports.after(CALL_TIMEOUT_MS, () => opening.abort());
    const read = async (response: Response): Promise<Opened> => {
      if (!response.ok) return this.#refusal(response, await response.json());
      const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream') ?? false;
      return isStream && response.body !== null ? { kind: 'open', response } : lost(0);
    };
    const signals = AbortSignal.any([signal, opening.signal]);
    const opened = await this.#withIdentity('GET', path, { accept: 'text/event-stream' }, read, signals);
    stopTimer();
    return opened;
  }

  async #withIdentity<O extends { readonly kind: string }>(
    method: string,
    path: string,
    options: CallOptions & { readonly accept?: string },
    read: (response: Response) => Promise<O>,
    signal: AbortSignal,
    isRenewed = false,
  ): Promise<O | Lost | Unsent> {
    const { identity, onSignedOut } = this.#options;
    const credentials = await identity.credentials();
    if (credentials.kind === 'unsent') return credentials;
    if (credentials.kind === 'anonymous' && options.isPersonal === true) {
      onSignedOut();
      return { kind: 'unsent', reason: 'signed_out', retryAfterMs: 0 };
    }
    const token = credentials.kind === 'token' ? credentials.token : undefined;
    const answer = await this.#send(method, path, options, token, read, signal);
    if (!isUnauthenticated(answer)) return answer;
    if (!isRenewed && identity.renew()) return this.#withIdentity(method, path, options, read, signal, true);
    onSignedOut();
    return answer;
  }

  async #send<O>(
    method: string,
    path: string,
    {
      key,
      ticket,
      body,
      isPersonal,
      accept = 'application/json, application/problem+json',
    }: CallOptions & { accept?: string },
    token: string | undefined,
    read: (response: Response) => Promise<O>,
    signal: AbortSignal,
  ): Promise<O | Lost> {
    const { ports, baseUrl, invitation, identity } = this.#options;
    const headers: Record<string, string> = { Accept: accept };
    if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
    if (key !== undefined) headers['Idempotency-Key'] = key;
    if (ticket !== undefined) headers['Doorbuster-Ticket'] = ticket;
    if (invitation !== undefined) headers['Doorbuster-Invitation'] = invitation;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    // The cookie may have become somebody else's since this page was made; the shop refuses then.
    if (token === undefined && isPersonal === true && identity.sessionOf !== undefined)
      headers['Doorbuster-Customer'] = identity.sessionOf;
    try {
      const response = await ports.fetch(`${baseUrl}${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        cache: 'no-store',
        // A token says who it is; a cookie beside it could say something else.
        credentials: token === undefined ? 'same-origin' : 'omit',
        signal,
      });
      return await read(response);
    } catch {
      return lost(0);
    }
  }

  // An error without a code comes from something in front of the shop, so the shop may have acted all the same.
  #refusal({ status, headers }: Response, body: unknown): Refused | Lost {
    const retryAfterMs = this.#retryAfterMs(headers.get('Retry-After'));
    if (!isRecord(body) || typeof body['code'] !== 'string') return lost(retryAfterMs);
    const detail = [body['detail'], body['title'], ''].find((text) => typeof text === 'string') as string;
    return { kind: 'refused', status, code: body['code'], detail, retryAfterMs, problem: body };
  }

  #retryAfterMs(header: string | null): number {
    if (header === null) return 0;
    const seconds = Number(header);
    const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - this.#options.ports.now();
    return Number.isFinite(ms) ? Math.min(RETRY_AFTER_LONGEST_MS, Math.max(0, ms)) : 0;
  }
}

const lost = (retryAfterMs: number): Lost => ({ kind: 'lost', retryAfterMs });

const isUnauthenticated = (answer: { readonly kind: string; readonly status?: unknown }): boolean =>
  answer.kind === 'refused' && answer.status === 401;
