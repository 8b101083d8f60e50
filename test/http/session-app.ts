// Signing in as one thread serves it, in this process, with a clock that tests set: no engine and no Postgres, which it needs none of.

import type { Hono } from 'hono';
import {
  Auth,
  Counters,
  ClientAddresses,
  createApp,
  DEFAULT_HTTP_LIMITS,
  DEFAULT_TICKET_SETTINGS,
  loadAssets,
  TicketOffice,
  type AuthSettings,
  type HttpContext,
  type SignInSettings,
} from '../../src/http/index.ts';
import { systemRandom, systemTimers, type Clock } from '../../src/runtime/index.ts';
import { ADMIN_TOKEN, AUTH_SECRET } from '../harness/engine.ts';

export const SESSION_SECRET = 'session-secret-of-the-tests';
export const HOST = 'sale.example';

export type Settings = Partial<Omit<AuthSettings, 'signIn'>> & { readonly signIn?: Partial<SignInSettings> };

export class SessionApp {
  readonly auth: Auth;
  readonly context: HttpContext;
  readonly app: Hono;
  /** What no handler foresaw. */
  readonly faults: unknown[] = [];
  /** Epoch milliseconds. */
  now = Date.now();

  constructor({ signIn, ...settings }: Settings = {}) {
    const clock: Clock = { now: () => this.now, monotonic: () => this.now };
    const places: SignInSettings = {
      signInUrl: undefined,
      shopOrigins: [],
      corsOrigins: [],
      publicOrigin: undefined,
      provider: undefined,
      ...signIn,
    };
    const demo = settings.demo ?? false;
    this.auth = new Auth(
      {
        authSecret: AUTH_SECRET,
        jwksUrl: undefined,
        issuer: undefined,
        audience: undefined,
        adminToken: ADMIN_TOKEN,
        sessionSecret: SESSION_SECRET,
        sessionMs: 12 * 60 * 60 * 1_000,
        signIn: places,
        demo,
        ...settings,
      },
      clock,
      systemRandom,
    );
    this.context = {
      auth: this.auth,
      addresses: new ClientAddresses([], 'a secret'),
      signIn: places,
      assets: loadAssets(),
      clock,
      random: systemRandom,
      timers: systemTimers,
      counters: new Counters(),
      limits: DEFAULT_HTTP_LIMITS,
      riskOf: () => 'active',
      tickets: new TicketOffice(
        { secret: SESSION_SECRET, clock, random: systemRandom, campaignOf: () => undefined },
        DEFAULT_TICKET_SETTINGS,
      ),
      node: { phase: 'ready' },
      cms: undefined,
      risk: undefined,
      demo,
    } as never;
    this.app = createApp(this.context, { onError: (error) => this.faults.push(error) }).app;
  }

  /** @param headers beside Host */
  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.app.request(`https://${HOST}${path}`, { headers: { Host: HOST, ...headers } });
  }

  async post(
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const body = new URLSearchParams(fields).toString();
    return this.app.request(`https://${HOST}${path}`, {
      method: 'POST',
      headers: {
        Host: HOST,
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': String(Buffer.byteLength(body)),
        ...headers,
      },
      body,
    });
  }
}

/** The value of a cookie that an answer sets; undefined when it sets none. */
export const cookieIn = (response: Response, name: string): string | undefined =>
  response.headers
    .getSetCookie()
    .find((cookie) => cookie.startsWith(`${name}=`))
    ?.slice(name.length + 1)
    .split(';')[0];
