// The CMS as one thread serves it, in this process, on an embedded Postgres and with a clock that tests set.

import type { Hono } from 'hono';
import type { Pool } from 'pg';
import {
  ClientAddresses,
  Counters,
  createApp,
  DEFAULT_HTTP_LIMITS,
  Invitations,
  loadAssets,
  Problem,
  type CmsContext,
  type HttpContext,
  type RiskContext,
} from '../../src/http/index.ts';
import {
  AbandonmentReads,
  Catalogue,
  CustomerLists,
  CustomerStatuses,
  Devices,
  migrate,
  migrateCatalogue,
  openPool,
  PasswordHasher,
  RiskDecisions,
  Sessions,
  SignIn,
  Users,
  type UserRole,
} from '../../src/persistence/index.ts';
import { systemRandom, systemTimers, type Clock } from '../../src/runtime/index.ts';
import { CmsBrowser } from '../harness/cms-browser.ts';
import { startInTemporaryFolder } from '../persistence/postgres-kinds.ts';

export const PASSWORD = 'correct horse battery';

export class CmsApp {
  readonly pool: Pool;
  readonly hasher: PasswordHasher;
  readonly users: Users;
  readonly context: HttpContext & { readonly cms: CmsContext; readonly risk: RiskContext };
  /** What no handler foresaw. */
  readonly faults: unknown[] = [];
  /** How often the node was told to look at customers' statuses. */
  statusChanges = 0;
  /** What comes of a person's decision on a payment: there is no engine here. */
  settled: 'paid' | 'pending' | 'declined' | 'denied' | 'gone' | 'unavailable' = 'paid';
  /** Epoch milliseconds. */
  now = Date.UTC(2030, 0, 1);
  readonly #stop: () => Promise<void>;
  readonly #app: Hono;
  readonly #demoApp: Hono;

  private constructor(pool: Pool, hasher: PasswordHasher, stop: () => Promise<void>) {
    this.hasher = hasher;
    this.pool = pool;
    this.#stop = stop;
    const clock: Clock = { now: () => this.now, monotonic: () => this.now };
    const accounts = { pool, clock, random: systemRandom, hasher };
    const sessions = new Sessions(accounts);
    this.users = new Users(accounts);
    const signIn = new SignIn(
      accounts,
      sessions,
      new Devices({ clock, random: systemRandom, secret: 'a secret' }),
    );
    const catalogue = new Catalogue(pool, clock, systemRandom);
    const lists = new CustomerLists(pool, clock, systemRandom);
    const assets = { imageOrigins: ['https://cdn.example'] };
    // No engine, no other threads and no pictures: nothing here gets as far as them.
    this.context = {
      assets: loadAssets(),
      addresses: new ClientAddresses(['10.9.0.0/16', 'fd00::9'], 'a secret'),
      auth: { invitations: new Invitations('a secret', clock) },
      signIn: { publicOrigin: 'https://sale.example' },
      clock,
      random: systemRandom,
      timers: systemTimers,
      counters: new Counters(),
      limits: DEFAULT_HTTP_LIMITS,
      demo: false,
      abandonment: new AbandonmentReads(pool),
      risk: {
        decisions: new RiskDecisions(pool),
        statuses: new CustomerStatuses(pool),
        onStatusChanged: () => this.statusChanges++,
      },
      payments: { approve: () => this.#settle(), reject: () => this.#settle() },
      cms: {
        users: this.users,
        sessions,
        signIn,
        catalogue,
        lists,
        assets,
      },
    } as never;
    this.#app = this.#appOf(false);
    this.#demoApp = this.#appOf(true);
  }

  /** @param parameters of passwords' hashes; by default the cheapest */
  static async start(parameters = { memoryKiB: 8, passes: 1, lanes: 1 }): Promise<CmsApp> {
    const postgres = await startInTemporaryFolder();
    const pool = openPool(postgres.connection, 4, 'doorbuster test');
    await migrate(pool);
    await migrateCatalogue(pool);
    return new CmsApp(pool, new PasswordHasher(systemRandom, parameters), async () => {
      await pool.end();
      await postgres.stop();
    });
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  /** @param options how the browser reaches the node */
  browser({
    address = '10.1.2.3',
    origin = 'http://localhost:3000',
    demo = false,
  }: { address?: string; origin?: string; demo?: boolean } = {}): CmsBrowser {
    const app = demo ? this.#demoApp : this.#app;
    const env = { incoming: { socket: { remoteAddress: address, remotePort: 1, remoteFamily: 'IPv4' } } };
    return new CmsBrowser(async (path, init) => {
      const request = new Request(origin + path, init);
      const body = init.body == null ? undefined : await request.arrayBuffer();
      // As on a connection, where every body says how long it is.
      const headers = new Headers(request.headers);
      if (body !== undefined) headers.set('Content-Length', String(body.byteLength));
      return app.request(request.url, { method: request.method, headers, ...(body && { body }) }, env);
    });
  }

  async #settle(): Promise<unknown> {
    if (this.settled === 'unavailable') throw new Problem('overloaded');
    return { outcome: this.settled, order: this.settled === 'gone' ? undefined : {} };
  }

  #appOf(demo: boolean): Hono {
    return createApp({ ...this.context, demo }, { onError: (error) => this.faults.push(error) }).app;
  }

  /** A new account with PASSWORD. */
  async account(name: string, role: UserRole = 'publisher'): Promise<string> {
    const email = `${name}@shop.example`;
    const added = await this.users.add({ email, name, role, password: PASSWORD });
    if (added.outcome !== 'added') throw new Error(added.outcome);
    return email;
  }

  /** A new account, signed in. */
  async signedIn(name: string, role: UserRole = 'publisher'): Promise<CmsBrowser> {
    const browser = this.browser();
    const { status } = await browser.signIn(await this.account(name, role), PASSWORD);
    if (status !== 303) throw new Error(`the sign-in was answered ${status}`);
    return browser;
  }
}
