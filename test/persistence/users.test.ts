// Accounts, their passwords and sessions in both kinds of Postgres.

import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  migrateCatalogue,
  openPool,
  passwordFault,
  PasswordHasher,
  HasherBusy,
  HASHES_WAITING_MAX,
  SESSION_MS_MAX,
  Sessions,
  SESSIONS_PER_USER_MAX,
  Devices,
  SignIn,
  Users,
  USERS_MAX,
  type NewUser,
  type User,
} from '../../src/persistence/index.ts';
import { hashOf, matches } from '../../src/persistence/accounts/password-hash.ts';
import { systemRandom, type Clock } from '../../src/runtime/index.ts';
import { POSTGRES_KINDS, SERVER_MS_MAX, type StartedPostgres } from './postgres-kinds.ts';

const PASSWORD = 'correct horse battery';
const SALT = Buffer.alloc(16, 1);
/** The least that there is. */
const CHEAP = { memoryKiB: 8, passes: 1, lanes: 1 };
/** Made with fewer passes and more lanes than today's. */
const OLDER = { memoryKiB: 8_192, passes: 1, lanes: 2 };

describe('a password', () => {
  test('is kept as argon2id with its parameters and a salt of its own', async () => {
    const hasher = new PasswordHasher(systemRandom);
    const [one, other] = [await hasher.hash(PASSWORD), await hasher.hash(PASSWORD)];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(other).not.toBe(one);
    expect(await hasher.matches(PASSWORD, one)).toBe(true);
    expect(await hasher.matches(`${PASSWORD} `, one)).toBe(false);
    expect(await hasher.matches(PASSWORD, undefined)).toBe(false);
    expect(hasher.computed).toBe(5);
  });

  test('that was hashed with other parameters still matches, and is known to be older', async () => {
    const pinned =
      '$argon2id$v=19$m=8192,t=1,p=2$AQEBAQEBAQEBAQEBAQEBAQ$3UWukBy6KOkqHqM78TFv4cO00Z7QqddPbv8erEmdvQo';
    expect(await hashOf(PASSWORD, SALT, OLDER)).toBe(pinned);
    expect(await matches(PASSWORD, pinned)).toBe(true);
    const hasher = new PasswordHasher(systemRandom);
    expect(hasher.isOutdated(pinned)).toBe(true);
    expect(hasher.isOutdated(await hasher.hash(PASSWORD))).toBe(false);
  });

  test('is the same in all ways of typing its letters', async () => {
    const composed = 'über-Größe crème';
    expect(await matches(composed.normalize('NFD'), await hashOf(composed, SALT, OLDER))).toBe(true);
  });

  test.each([
    '',
    'plain text',
    '$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA',
    '$argon2id$v=19$m=9999999,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE',
  ])('is never compared with what is no hash of bounded cost: %s', async (text) => {
    await expect(matches(PASSWORD, text)).rejects.toThrow('no argon2id hash that this version would compute');
  });

  test.each([
    ['short', /at least 12 characters/],
    ['x'.repeat(201), /200 characters at most/],
    ['aaaaaaaaaaaaaaaa', /5 different characters/],
    ['ada.lovelace@example.com', /more than the e-mail/],
    ['Ada.Lovelace1815', /more than the e-mail/],
    ['doorbuster123', /more than the e-mail or the name of this program/],
    ['\ud800 and eleven more', /well-formed/],
    ['correct horse battery', undefined],
    ['ada.lovelace has a long one', undefined],
  ])('%j is told what is wrong with it', (password, fault) => {
    const told = passwordFault(password, 'Ada.Lovelace@example.com');
    if (fault === undefined) expect(told).toBeUndefined();
    else expect(told).toMatch(fault);
  });

  test('waits for the one under way, and too many are refused at once', async () => {
    const hasher = new PasswordHasher(systemRandom);
    const taken = Array.from({ length: HASHES_WAITING_MAX + 1 }, () => hasher.matches(PASSWORD, undefined));
    await expect(hasher.matches(PASSWORD, undefined)).rejects.toThrow(HasherBusy);
    expect(hasher.computed).toBe(1);
    expect(await Promise.all(taken)).toEqual(taken.map(() => false));
    expect(await hasher.matches(PASSWORD, undefined)).toBe(false);
    expect(hasher.computed).toBe(HASHES_WAITING_MAX + 2);
  });
});

describe.each(POSTGRES_KINDS)('in $kind Postgres', ({ start }) => {
  let postgres: StartedPostgres;
  let pool: Pool;
  let users: Users;
  let sessions: Sessions;
  let signIn: SignIn;
  let now = Date.UTC(2030, 0, 1);
  const clock: Clock = { now: () => now, monotonic: () => now };
  const hasher = new PasswordHasher(systemRandom, CHEAP);
  const ada: NewUser = { email: 'Ada@Example.com', name: 'Ada', role: 'publisher', password: PASSWORD };

  beforeAll(async () => {
    postgres = await start();
    pool = openPool(postgres.connection, 4, 'doorbuster test');
    await migrateCatalogue(pool);
    const ports = { pool, clock, random: systemRandom, hasher };
    users = new Users(ports);
    sessions = new Sessions(ports);
    signIn = new SignIn(ports, sessions, new Devices({ ...ports, secret: 'a secret' }));
  }, SERVER_MS_MAX);
  afterAll(async () => {
    await pool?.end();
    await postgres?.stop();
  });
  beforeEach(async () => {
    await pool.query(
      'TRUNCATE doorbuster_catalogue.users, doorbuster_catalogue.sessions, doorbuster_catalogue.sign_in_tries CASCADE',
    );
  });

  const added = async (user: NewUser = ada): Promise<User> => {
    const result = await users.add(user);
    if (result.outcome !== 'added') throw new Error(result.outcome);
    return result.user;
  };
  const hashKept = async (): Promise<string> => {
    const { rows } = await pool.query<{ password_hash: string }>(
      "SELECT password_hash FROM doorbuster_catalogue.users WHERE email = 'ada@example.com'",
    );
    return rows[0]!.password_hash;
  };
  const attempt = () => signIn.attempt({ email: ada.email, password: PASSWORD, address: '192.0.2.1' });

  test('an account is added once, whatever the case of its e-mail', async () => {
    const user = await added();
    expect(user).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      email: 'ada@example.com',
      name: 'Ada',
      role: 'publisher',
      disabled: false,
      createdAt: now,
    });
    expect(await users.add({ ...ada, email: 'ADA@example.COM', name: 'Eve' })).toEqual({
      outcome: 'email_taken',
    });
    await added({ ...ada, email: 'aaron@example.com' });
    expect((await users.list()).map(({ email, name }) => [email, name])).toEqual([
      ['aaron@example.com', 'Ada'],
      ['ada@example.com', 'Ada'],
    ]);
    expect(await users.find('aDa@example.com')).toEqual(user);
    expect(JSON.stringify(await users.list())).not.toContain('argon2');
  });

  test('two who add the same at once: one of them does', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => users.add(ada)));
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual([
      'added',
      'email_taken',
      'email_taken',
    ]);
  });

  test('only what is named changes, and nobody is told apart from nothing', async () => {
    const user = await added();
    expect(await users.change('ada@example.com', { role: 'viewer' })).toEqual({ ...user, role: 'viewer' });
    expect(await users.change('ADA@example.com', { name: 'Countess' })).toMatchObject({
      name: 'Countess',
      role: 'viewer',
    });
    expect(await users.change('ada@example.com', { disabled: true })).toMatchObject({ disabled: true });
    expect(await users.change('ada@example.com', { role: 'editor' })).toMatchObject({ disabled: true });
    expect(await users.change('ada@example.com', { disabled: false })).toMatchObject({ disabled: false });
    expect(await users.change('bob@example.com', { role: 'viewer' })).toBeUndefined();
  });

  test('no more accounts than can be listed', async () => {
    await pool.query(
      `INSERT INTO doorbuster_catalogue.users (id, email, name, role, password_hash, created_at)
       SELECT n::text, n || '@example.com', 'N', 'viewer', 'none', now() FROM generate_series(1, $1::int) n`,
      [USERS_MAX - 1],
    );
    await added();
    expect(await users.add({ ...ada, email: 'late@example.com' })).toEqual({ outcome: 'too_many' });
    expect(await users.add(ada)).toEqual({ outcome: 'email_taken' });
    expect(await users.list()).toHaveLength(USERS_MAX);
  });

  test('a sign-in hashes anew what was hashed with other parameters, once', async () => {
    await added();
    const older = await hashOf(PASSWORD, SALT, OLDER);
    await pool.query('UPDATE doorbuster_catalogue.users SET password_hash = $1', [older]);
    expect(await attempt()).toMatchObject({ outcome: 'signed_in' });
    const fresh = await hashKept();
    expect(hasher.isOutdated(fresh)).toBe(false);
    expect(await attempt()).toMatchObject({ outcome: 'signed_in' });
    expect(await hashKept()).toBe(fresh);
  });

  test('a session never starts beside the change that ends all of them', async () => {
    const { id } = await added();
    const hash = await hashKept();
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query("UPDATE doorbuster_catalogue.users SET password_hash = 'another'");
    await client.query('DELETE FROM doorbuster_catalogue.sessions');
    const starting = sessions.start(id, hash);
    // It waits for the change, or the change was first: whichever, no session is left.
    await client.query('SELECT pg_sleep(0.05)');
    await client.query('COMMIT');
    client.release();
    expect(await starting).toBeUndefined();
    const { rows } = await pool.query('SELECT 1 FROM doorbuster_catalogue.sessions');
    expect(rows).toEqual([]);
  });

  test('a session starts for nobody who is disabled', async () => {
    const { id } = await added();
    const hash = await hashKept();
    await users.change('ada@example.com', { disabled: true });
    expect(await sessions.start(id, hash)).toBeUndefined();
    await users.change('ada@example.com', { disabled: false });
    expect(await sessions.start(id, hash)).toBeDefined();
  });

  test('of one account the newest sessions stay, and ended ones leave the table', async () => {
    const { id } = await added();
    const other = await added({ ...ada, email: 'bob@example.com' });
    const hash = await hashKept();
    await pool.query('UPDATE doorbuster_catalogue.users SET password_hash = $1', [hash]);
    const bobs = (await sessions.start(other.id, hash))!;
    const tokens: string[] = [];
    for (let count = 0; count < SESSIONS_PER_USER_MAX + 2; count++) {
      now += 1;
      tokens.push((await sessions.start(id, hash))!);
    }
    const alive = await Promise.all(tokens.map(async (token) => (await sessions.find(token)) !== undefined));
    expect(alive).toEqual(tokens.map((_, at) => at >= 2));
    expect(await sessions.find(bobs)).toMatchObject({ email: 'bob@example.com' });
    now += SESSION_MS_MAX;
    const last = (await sessions.start(id, hash))!;
    const { rows } = await pool.query('SELECT user_id FROM doorbuster_catalogue.sessions');
    expect(rows).toEqual([{ user_id: id }]);
    expect(await sessions.find(last)).toMatchObject({ email: 'ada@example.com' });
  });

  test('another password, and enabling, end a lockout', async () => {
    await added();
    for (const mend of [{ password: PASSWORD }, { disabled: false }]) {
      for (let time = 0; time < 5; time++)
        await signIn.attempt({ email: ada.email, password: 'wrong', address: '192.0.2.1' });
      expect(await attempt()).toMatchObject({ outcome: 'locked' });
      await users.change(ada.email, { role: 'editor' });
      expect(await attempt()).toMatchObject({ outcome: 'locked' });
      await users.change(ada.email, mend);
      expect(await attempt()).toMatchObject({ outcome: 'signed_in' });
    }
  });

  test('right sign-ins leave nothing behind for their address, and past tries leave the table', async () => {
    await added();
    for (let time = 0; time < 3; time++) expect(await attempt()).toMatchObject({ outcome: 'signed_in' });
    const rows = async () =>
      (await pool.query('SELECT key, tries FROM doorbuster_catalogue.sign_in_tries ORDER BY key')).rows;
    expect(await rows()).toEqual([{ key: 'address 192.0.2.1', tries: 0 }]);
    await signIn.attempt({ email: 'nobody@example.com', password: 'wrong', address: '192.0.2.2' });
    expect(await rows()).toHaveLength(3);
    now += 16 * 60_000;
    await signIn.attempt({ email: 'somebody@example.com', password: 'wrong', address: '192.0.2.3' });
    expect((await rows()).map(({ key }: { key: string }) => key)).toEqual([
      'address 192.0.2.3',
      'email somebody@example.com',
    ]);
  });
});
