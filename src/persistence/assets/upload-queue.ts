// What one store has still to be given, or to be freed of, as rows: taken under a lease in a statement of its own, so that no
// transaction waits for a store, and given back with what became of it. A node that dies leaves a lease, which ends.

import type { Pool } from 'pg';
import type { Clock } from '../../runtime/index.ts';

export interface UploadTask {
  readonly name: string;
  /** This try among those since the last success, from 1. */
  readonly attempts: number;
}

export interface UploadQueueOptions {
  readonly pool: Pool;
  readonly clock: Pick<Clock, 'now'>;
  readonly store: string;
  /** Name of this node. */
  readonly owner: string;
  /** Longer than any try. */
  readonly leaseMs: number;
}

/** Of the store $1 at the time $2. */
const DUE = `store = $1 AND (uploaded_at IS NULL OR wanted = 'absent') AND next_try_at <= $2
  AND (leased_until IS NULL OR leased_until <= $2)`;

/** In the order in which whoever adds files locks them. */
const LOCKED = `SELECT name FROM doorbuster_catalogue.uploads
  WHERE name = ANY ($1) AND store = $2 ORDER BY name FOR UPDATE`;

export class UploadQueue {
  readonly #options: UploadQueueOptions;

  constructor(options: UploadQueueOptions) {
    this.#options = options;
  }

  /** What this node had in hand when it died waits no longer, nor does what failed: perhaps a setting was mended. */
  async begin(): Promise<void> {
    const { owner, store } = this.#options;
    await this.#query(
      `UPDATE doorbuster_catalogue.uploads
       SET next_try_at = least(next_try_at, $2), leased_by = NULL, leased_until = NULL
       WHERE store = $1 AND (uploaded_at IS NULL OR wanted = 'absent')
         AND (leased_by = $3 OR leased_until IS NULL OR leased_until <= $2)`,
      [store, this.#now(), owner],
    );
  }

  /** The store is in use, and is to have every file. */
  async adopt(): Promise<void> {
    const { store } = this.#options;
    const now = this.#now();
    await this.#query(
      `INSERT INTO doorbuster_catalogue.stores (id, seen_at) VALUES ($1, $2)
       ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`,
      [store, now],
    );
    await this.#query(
      `INSERT INTO doorbuster_catalogue.uploads (name, store, wanted, next_try_at)
       SELECT f.name, $1, 'present', $2 FROM doorbuster_catalogue.files AS f
       WHERE NOT EXISTS (SELECT FROM doorbuster_catalogue.uploads AS u WHERE u.name = f.name AND u.store = $1)
       ORDER BY f.name
       ON CONFLICT DO NOTHING`,
      [store, now],
    );
  }

  /** A look without a write, which is what there is to do most of the time. */
  async due(): Promise<{ present: boolean; absent: boolean }> {
    const { store } = this.#options;
    const due = (wanted: string): string => `EXISTS (
      SELECT FROM doorbuster_catalogue.uploads WHERE wanted = '${wanted}' AND ${DUE})`;
    const rows = await this.#query<{ present: boolean; absent: boolean }>(
      `SELECT ${due('present')} AS present, ${due('absent')} AS absent`,
      [store, this.#now()],
    );
    return rows[0]!;
  }

  take(wanted: 'present' | 'absent', count: number): Promise<UploadTask[]> {
    const { store, owner, leaseMs } = this.#options;
    const now = this.#now();
    return this.#query<UploadTask>(
      `UPDATE doorbuster_catalogue.uploads AS u
       SET leased_by = $3, leased_until = $4, attempts = attempts + 1
       FROM (SELECT name FROM doorbuster_catalogue.uploads
             WHERE wanted = $5 AND ${DUE}
             ORDER BY next_try_at, name LIMIT $6 FOR UPDATE SKIP LOCKED) AS due
       WHERE u.name = due.name AND u.store = $1
       RETURNING u.name, u.attempts`,
      [store, now, owner, new Date(now.getTime() + leaseMs), wanted, count],
    );
  }

  /** The store has it. What failed before is tried again at once: the store answers. */
  async uploaded(name: string, hadFailed: boolean): Promise<void> {
    const { store } = this.#options;
    await this.#query(
      `UPDATE doorbuster_catalogue.uploads
       SET uploaded_at = CASE wanted WHEN 'present' THEN $3::timestamptz END, attempts = 0, last_error = NULL,
         leased_by = NULL, leased_until = NULL
       WHERE name = $1 AND store = $2`,
      [name, store, this.#now()],
    );
    if (hadFailed) await this.hurry();
  }

  /** The store is free of them. One that is wanted again meanwhile is given to it anew. */
  async removed(names: readonly string[]): Promise<void> {
    const { store } = this.#options;
    await this.#query(
      `WITH locked AS (${LOCKED}),
       gone AS (
         DELETE FROM doorbuster_catalogue.uploads
         WHERE name IN (SELECT name FROM locked) AND store = $2 AND wanted = 'absent')
       UPDATE doorbuster_catalogue.uploads SET leased_by = NULL, leased_until = NULL
       WHERE name IN (SELECT name FROM locked) AND store = $2 AND wanted = 'present'`,
      [names, store],
    );
  }

  async failed(names: readonly string[], reason: string, againInMs: number): Promise<void> {
    const { store } = this.#options;
    await this.#query(
      `WITH locked AS (${LOCKED})
       UPDATE doorbuster_catalogue.uploads
       SET last_error = $3, next_try_at = $4, leased_by = NULL, leased_until = NULL
       WHERE name IN (SELECT name FROM locked) AND store = $2`,
      [names, store, reason, new Date(this.#now().getTime() + againInMs)],
    );
  }

  /** Not tried after all. */
  async release(names: readonly string[]): Promise<void> {
    const { store } = this.#options;
    await this.#query(
      `WITH locked AS (${LOCKED})
       UPDATE doorbuster_catalogue.uploads SET leased_by = NULL, leased_until = NULL
       WHERE name IN (SELECT name FROM locked) AND store = $2`,
      [names, store],
    );
  }

  /** Nothing that failed waits for its hour. */
  async hurry(): Promise<void> {
    const { store } = this.#options;
    await this.#query(
      `UPDATE doorbuster_catalogue.uploads SET next_try_at = $2
       WHERE store = $1 AND name IN (
         SELECT name FROM doorbuster_catalogue.uploads
         WHERE store = $1 AND (uploaded_at IS NULL OR wanted = 'absent') AND next_try_at > $2
         FOR UPDATE SKIP LOCKED)`,
      [store, this.#now()],
    );
  }

  #now(): Date {
    return new Date(this.#options.clock.now());
  }

  async #query<T>(text: string, values: unknown[]): Promise<T[]> {
    return (await this.#options.pool.query(text, values)).rows as T[];
  }
}
