// Who is signed in. A session is a random value in a cookie; the table holds its hash alone. It ends when it is signed out, after
// two hours without use, after twelve in any case, and with its account.

import { createHash } from 'node:crypto';
import type { Clock } from '../../runtime/index.ts';
import { USER_COLUMNS, userOf, type AccountPorts } from './users.ts';
import type { User } from './user.ts';

export const SESSION_MS_MAX = 12 * 60 * 60 * 1_000;
export const SESSION_IDLE_MS_MAX = 2 * 60 * 60 * 1_000;
/** Of one account; the oldest ends when there would be more. */
export const SESSIONS_PER_USER_MAX = 20;
/** Its use is noted no more often. */
const SEEN_PERIOD_MS = 60_000;
/** Ended ones that a sign-in removes. */
const SWEPT_MAX = 100;
const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export class Sessions {
  readonly #ports: Pick<AccountPorts, 'pool' | 'clock' | 'random'>;

  constructor(ports: Pick<AccountPorts, 'pool' | 'clock' | 'random'>) {
    this.#ports = ports;
  }

  /**
   * @param passwordHash that was found right: when it is another one by now, there is no session
   * @returns what the cookie holds
   */
  async start(userId: string, passwordHash: string): Promise<string | undefined> {
    const { pool, clock, random } = this.#ports;
    const token = Buffer.from(random.characters(TOKEN_BYTES), 'latin1').toString('base64url');
    const now = clock.now();
    // FOR SHARE: an account that is being changed is waited for, and looked at again.
    const { rowCount } = await pool.query(
      `WITH u AS (SELECT id FROM doorbuster_catalogue.users
                  WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL FOR SHARE)
       INSERT INTO doorbuster_catalogue.sessions (token_hash, user_id, created_at, seen_at, expires_at)
       SELECT $3, u.id, $4, $4, $5 FROM u`,
      [userId, passwordHash, digest(token), new Date(now), new Date(now + SESSION_MS_MAX)],
    );
    if (rowCount === 0) return undefined;
    await this.#sweep(userId);
    return token;
  }

  /** @returns whose it is, undefined when it has ended or never was */
  async find(token: string): Promise<User | undefined> {
    if (!TOKEN.test(token)) return undefined;
    const { pool, clock } = this.#ports;
    const now = clock.now();
    const { rows } = await pool.query(
      `SELECT ${USER_COLUMNS}, s.seen_at FROM doorbuster_catalogue.sessions s
       JOIN doorbuster_catalogue.users u ON u.id = s.user_id
       WHERE s.token_hash = $1 AND ${IS_ALIVE} AND u.disabled_at IS NULL`,
      [digest(token), ...aliveAt(clock)],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    if (now - row.seen_at.getTime() >= SEEN_PERIOD_MS)
      await pool.query(
        'UPDATE doorbuster_catalogue.sessions SET seen_at = greatest(seen_at, $2) WHERE token_hash = $1',
        [digest(token), new Date(now)],
      );
    return userOf(row);
  }

  async end(token: string): Promise<void> {
    if (!TOKEN.test(token)) return;
    await this.#ports.pool.query('DELETE FROM doorbuster_catalogue.sessions WHERE token_hash = $1', [
      digest(token),
    ]);
  }

  /** Ended ones of anybody, and the oldest of this account. */
  async #sweep(userId: string): Promise<void> {
    const { pool, clock } = this.#ports;
    await pool.query(
      `DELETE FROM doorbuster_catalogue.sessions WHERE token_hash IN (
         SELECT s.token_hash FROM doorbuster_catalogue.sessions s WHERE NOT (${IS_ALIVE}) LIMIT $4
       ) OR token_hash IN (
         SELECT s.token_hash FROM doorbuster_catalogue.sessions s
         WHERE s.user_id = $1 ORDER BY s.created_at DESC, s.token_hash OFFSET $5
       )`,
      [userId, ...aliveAt(clock), SWEPT_MAX, SESSIONS_PER_USER_MAX],
    );
  }
}

/** Its parameters are `aliveAt`. */
const IS_ALIVE = 's.expires_at > $2 AND s.seen_at > $3';

const aliveAt = (clock: Clock): Date[] => {
  const now = clock.now();
  return [new Date(now), new Date(now - SESSION_IDLE_MS_MAX)];
};

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();
