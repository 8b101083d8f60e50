// The people who work in the CMS. Who is disabled, or gets another password, loses all sessions in the same transaction.

import type { Pool } from 'pg';
import type { Clock, Random } from '../../runtime/index.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { inTransaction } from '../transaction.ts';
import { devicesKey, triesOfEmail } from './sign-in-tries.ts';
import { isUserRole, type User, type UserRole } from './user.ts';

export const USERS_MAX = 500;
const ID_BYTES = 12;

export interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly role: UserRole;
  readonly password: string;
}

/** What is left out stays. */
export interface UserChange {
  readonly name?: string | undefined;
  readonly role?: UserRole | undefined;
  readonly disabled?: boolean | undefined;
  readonly password?: string | undefined;
}

export type UserAdded =
  | { readonly outcome: 'added'; readonly user: User }
  | { readonly outcome: 'email_taken' }
  | { readonly outcome: 'too_many' };

export interface AccountPorts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: PasswordHasher;
}

interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly disabled_at: Date | null;
  readonly created_at: Date;
}

export const USER_COLUMNS = 'u.id, u.email, u.name, u.role, u.disabled_at, u.created_at';

export class Users {
  readonly #ports: AccountPorts;

  constructor(ports: AccountPorts) {
    this.#ports = ports;
  }

  /** @throws HasherBusy */
  async add({ email, name, role, password }: NewUser): Promise<UserAdded> {
    const { pool, clock, random, hasher } = this.#ports;
    const passwordHash = await hasher.hash(password);
    const id = Buffer.from(random.characters(ID_BYTES), 'latin1').toString('hex');
    const { rows } = await pool.query<UserRow>(
      `INSERT INTO doorbuster_catalogue.users AS u (id, email, name, role, password_hash, created_at)
       SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM doorbuster_catalogue.users) < $7
       ON CONFLICT (email) DO NOTHING RETURNING ${USER_COLUMNS}`,
      [id, emailKey(email), name, role, passwordHash, new Date(clock.now()), USERS_MAX],
    );
    if (rows[0] !== undefined) return { outcome: 'added', user: userOf(rows[0]) };
    return { outcome: (await this.find(email)) === undefined ? 'too_many' : 'email_taken' };
  }

  /** By e-mail. */
  async list(): Promise<User[]> {
    const { rows } = await this.#ports.pool.query<UserRow>(
      `SELECT ${USER_COLUMNS} FROM doorbuster_catalogue.users u ORDER BY u.email LIMIT $1`,
      [USERS_MAX],
    );
    return rows.map(userOf);
  }

  async find(email: string): Promise<User | undefined> {
    const { rows } = await this.#ports.pool.query<UserRow>(
      `SELECT ${USER_COLUMNS} FROM doorbuster_catalogue.users u WHERE u.email = $1`,
      [emailKey(email)],
    );
    return rows[0] && userOf(rows[0]);
  }

  /** @returns undefined when nobody has this e-mail @throws HasherBusy */
  async change(email: string, { name, role, disabled, password }: UserChange): Promise<User | undefined> {
    const { pool, clock, hasher } = this.#ports;
    // Before the transaction: it must not wait for anything but Postgres.
    const passwordHash = password === undefined ? undefined : await hasher.hash(password);
    return inTransaction(pool, async (client) => {
      const { rows } = await client.query<UserRow>(
        `UPDATE doorbuster_catalogue.users u SET
           name = coalesce($2, name), role = coalesce($3, role), password_hash = coalesce($4, password_hash),
           disabled_at = CASE WHEN $5 THEN coalesce(disabled_at, $6) WHEN NOT $5 THEN NULL ELSE disabled_at END
         WHERE email = $1 RETURNING ${USER_COLUMNS}`,
        [emailKey(email), name, role, passwordHash, disabled, new Date(clock.now())],
      );
      const [row] = rows;
      if (row === undefined) return undefined;
      if (passwordHash !== undefined || disabled === true)
        await client.query('DELETE FROM doorbuster_catalogue.sessions WHERE user_id = $1', [row.id]);
      // Whoever mends an account lets its owner in again at once.
      if (passwordHash !== undefined || disabled === false)
        await client.query(
          'DELETE FROM doorbuster_catalogue.sign_in_tries WHERE key = $1 OR starts_with(key, $2)',
          [triesOfEmail(row.email).key, devicesKey(row.email)],
        );
      return userOf(row);
    });
  }
}

/** One and the same account, however it is typed. */
export const emailKey = (email: string): string => email.trim().normalize('NFKC').toLowerCase();

export function userOf({ id, email, name, role, disabled_at, created_at }: UserRow): User {
  if (!isUserRole(role))
    throw new Error(`the user ${id} has the role ${role}, which this version does not know`);
  return { id, email, name, role, disabled: disabled_at !== null, createdAt: created_at.getTime() };
}
