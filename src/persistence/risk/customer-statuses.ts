// What other systems say of customers, as rows. Whoever has none is active. Changes come in any order and more than once: what is
// older than what is known, by the clock of the system that says it, changes nothing.

import type { Pool } from 'pg';
import type { CustomerStatus } from '../../risk/index.ts';
import type { Statements } from '../transaction.ts';

/** Epoch milliseconds throughout. */
export interface StatusChange {
  readonly customerId: string;
  readonly status: CustomerStatus;
  /** Undefined: as it is known, if it is. */
  readonly accountCreatedAt: number | undefined;
  /** By the clock of the system that says it. */
  readonly asOf: number;
  /** Who says it, for people. */
  readonly source: string;
}

export interface KnownStatus extends Omit<StatusChange, 'asOf'> {
  /** Undefined of a customer of whom nobody said anything. */
  readonly asOf: number | undefined;
  /** By the clock of Postgres. */
  readonly changedAt: number | undefined;
}

export interface StatusesSaved {
  /** Of the changes, how many were taken… */
  readonly taken: number;
  /** …and how many changed nothing: no newer than what is known, or than another one of the same call. */
  readonly outdated: number;
}

/** Behind this customer, by the time of the change. */
export interface StatusMark {
  /** As Postgres writes it. */
  readonly changedAt: string;
  readonly customerId: string;
}

export interface StatusPage {
  readonly statuses: readonly (readonly [customerId: string, status: CustomerStatus])[];
  /** Undefined when there are no more. */
  readonly next: StatusMark | undefined;
}

/** Of one call of `save`. */
export const STATUS_CHANGES_MAX = 1_000;

const COLUMNS = `customer_id, status, source, floor(extract(epoch FROM account_created_at) * 1000)::float8 AS account_created_at,
  floor(extract(epoch FROM as_of) * 1000)::float8 AS as_of, floor(extract(epoch FROM changed_at) * 1000)::float8 AS changed_at`;

interface StatusRow {
  customer_id: string;
  status: CustomerStatus;
  source: string;
  account_created_at: number | null;
  as_of: number;
  changed_at: number;
}

interface PageRow {
  customer_id: string;
  status: CustomerStatus;
  changed_at: string;
}

export class CustomerStatuses {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** In one statement: all or nothing. Of two changes of one customer the newer counts. @param changes up to STATUS_CHANGES_MAX */
  save(changes: readonly StatusChange[]): Promise<StatusesSaved> {
    return saveStatuses(this.#pool, changes);
  }

  /** An active one when nobody said anything. */
  async find(customerId: string): Promise<KnownStatus> {
    const { rows } = await this.#pool.query<StatusRow>(
      `SELECT ${COLUMNS} FROM doorbuster_catalogue.customer_statuses WHERE customer_id = $1`,
      [customerId],
    );
    const [row] = rows;
    return {
      customerId,
      status: row?.status ?? 'active',
      accountCreatedAt: row?.account_created_at ?? undefined,
      asOf: row?.as_of,
      source: row?.source ?? '',
      changedAt: row?.changed_at,
    };
  }

  /** By the clock of Postgres, as it writes it. @param ago seconds before now */
  async moment(ago: number): Promise<string> {
    const { rows } = await this.#pool.query<{ moment: string }>(
      `SELECT (clock_timestamp() - make_interval(secs => $1))::text AS moment`,
      [ago],
    );
    return rows[0]!.moment;
  }

  /** All who are not active, in the order of their ids. @param after the last one of the page before */
  async exceptional(after: string, limit: number): Promise<StatusPage['statuses']> {
    const { rows } = await this.#pool.query<PageRow>(
      `SELECT customer_id, status FROM doorbuster_catalogue.customer_statuses
       WHERE customer_id > $1 AND status <> 'active' ORDER BY customer_id LIMIT $2`,
      [after, limit],
    );
    return rows.map((row) => [row.customer_id, row.status]);
  }

  /** What changed behind a mark, in the order of the changes. */
  async changes(after: StatusMark, limit: number): Promise<StatusPage> {
    const { rows } = await this.#pool.query<PageRow>(
      `SELECT customer_id, status, changed_at::text AS changed_at FROM doorbuster_catalogue.customer_statuses
       WHERE (changed_at, customer_id) > ($1::timestamptz, $2) ORDER BY changed_at, customer_id LIMIT $3`,
      [after.changedAt, after.customerId, limit],
    );
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return {
      statuses: rows.map((row) => [row.customer_id, row.status]),
      next: last && { changedAt: last.changed_at, customerId: last.customer_id },
    };
  }
}

/** In the caller's transaction, where there is one. @param changes up to STATUS_CHANGES_MAX */
export async function saveStatuses(
  client: Statements,
  changes: readonly StatusChange[],
): Promise<StatusesSaved> {
  if (changes.length > STATUS_CHANGES_MAX)
    throw new Error(`${changes.length} changes of statuses in one call; it takes ${STATUS_CHANGES_MAX}`);
  // In an order of its own, so that two calls never wait for each other's rows in a circle.
  const { rowCount } = await client.query(
    `INSERT INTO doorbuster_catalogue.customer_statuses AS known (customer_id, status, account_created_at, as_of, source)
     SELECT DISTINCT ON (customer_id) customer_id, status, to_timestamp(account_created_at / 1000), to_timestamp(as_of / 1000), source
     FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[], $5::text[]) WITH ORDINALITY
       AS change (customer_id, status, account_created_at, as_of, source, place)
     ORDER BY customer_id, as_of DESC, place DESC
     ON CONFLICT (customer_id) DO UPDATE SET status = excluded.status, as_of = excluded.as_of, source = excluded.source,
       account_created_at = coalesce(excluded.account_created_at, known.account_created_at), changed_at = clock_timestamp()
     WHERE known.as_of < excluded.as_of`,
    [
      changes.map(({ customerId }) => customerId),
      changes.map(({ status }) => status),
      changes.map(({ accountCreatedAt }) => accountCreatedAt ?? null),
      changes.map(({ asOf }) => asOf),
      changes.map(({ source }) => source),
    ],
  );
  const taken = rowCount ?? 0;
  return { taken, outdated: changes.length - taken };
}
