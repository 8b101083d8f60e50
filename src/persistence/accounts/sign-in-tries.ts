// Tries to sign in, counted for each e-mail and for each network address before the password is looked at, so that many at once
// cannot slip through. An e-mail that nobody has counts the same: that it is locked tells nothing.

import type { Pool } from 'pg';
import type { Clock } from '../../runtime/index.ts';

export const TRIES_PER_EMAIL_MAX = 5;
export const TRIES_PER_ADDRESS_MAX = 100;
/** From the last try that was let through; tries of an address also count together for so long and no longer. */
export const LOCKED_MS = 15 * 60 * 1_000;
/** Past ones that a try removes. */
const SWEPT_MAX = 20;

export interface TryKey {
  readonly key: string;
  readonly triesMax: number;
  /** Each try keeps those before it: they are forgotten when there is none for LOCKED_MS, and not bit by bit. */
  readonly inARow: boolean;
}

export const triesOfEmail = (email: string): TryKey => ({
  key: `email ${email}`,
  triesMax: TRIES_PER_EMAIL_MAX,
  inARow: true,
});

/** Of a browser that signed in with this e-mail before: no stranger uses them up. */
export const triesOfDevice = (email: string, id: string): TryKey => ({
  key: devicesKey(email) + id,
  triesMax: TRIES_PER_EMAIL_MAX,
  inARow: true,
});

/** What the keys of all its devices begin with. */
export const devicesKey = (email: string): string => `device ${email} `;

/** Many people may share one, and somebody always mistypes: it is the crowd of tries that tells. */
export const triesOfAddress = (address: string): TryKey => ({
  key: `address ${address}`,
  triesMax: TRIES_PER_ADDRESS_MAX,
  inARow: false,
});

export interface Charge {
  /** This try was let through. */
  readonly isAllowed: boolean;
  /** After this one. */
  readonly triesLeft: number;
  /** Epoch milliseconds; when all of it is forgotten. */
  readonly endsAt: number;
}

export class SignInTries {
  readonly #pool: Pool;
  readonly #clock: Clock;

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Counts one; a locked key stays locked no longer for it. */
  async charge({ key, triesMax, inARow }: TryKey): Promise<Charge> {
    const now = this.#clock.now();
    const { rows } = await this.#pool.query<{ tries: number; ends_at: Date }>(
      `INSERT INTO doorbuster_catalogue.sign_in_tries AS t (key, tries, ends_at) VALUES ($1, 1, $3)
       ON CONFLICT (key) DO UPDATE SET
         tries = CASE WHEN t.ends_at <= $2 THEN 1 ELSE least(t.tries + 1, $4 + 1) END,
         ends_at = CASE WHEN t.ends_at <= $2 OR (t.tries < $4 AND ($5 OR t.tries + 1 = $4)) THEN $3 ELSE t.ends_at END
       RETURNING tries, ends_at`,
      [key, new Date(now), new Date(now + LOCKED_MS), triesMax, inARow],
    );
    const { tries, ends_at } = rows[0]!;
    if (tries === 1) await this.#sweep(now);
    return {
      isAllowed: tries <= triesMax,
      triesLeft: Math.max(0, triesMax - tries),
      endsAt: ends_at.getTime(),
    };
  }

  /** Takes one back: it was no failure. */
  async refund({ key }: TryKey): Promise<void> {
    await this.#pool.query(
      'UPDATE doorbuster_catalogue.sign_in_tries SET tries = greatest(tries - 1, 0) WHERE key = $1',
      [key],
    );
  }

  async forget({ key }: TryKey): Promise<void> {
    await this.#pool.query('DELETE FROM doorbuster_catalogue.sign_in_tries WHERE key = $1', [key]);
  }

  async #sweep(now: number): Promise<void> {
    await this.#pool.query(
      `DELETE FROM doorbuster_catalogue.sign_in_tries WHERE key IN (
         SELECT key FROM doorbuster_catalogue.sign_in_tries WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2)`,
      [new Date(now), SWEPT_MAX],
    );
  }
}
