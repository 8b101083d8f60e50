// The outbox as those who empty it see it: whose turn a row is, and what became of it. Each call is one short transaction.
//
//   waiting ──claim──▶ leased ──settle──▶ answered
//      ▲                 │ └── postponed: the engine could not say just now
//      └─────────────────┘ └── the lease ran out: its holder died, or is late
//
// Leases are counted by the clock of Postgres, which all nodes share. Who was late finds the row taken or answered, and changes
// nothing any more.

import type { Pool } from 'pg';
import { enqueue, repeatInitialLoad, type EngineAnswer, type EngineCommand } from './outbox.ts';
import { inTransaction, type Statements } from '../transaction.ts';

export interface ClaimedCommand {
  readonly id: number;
  readonly productId: string;
  readonly command: EngineCommand;
  /** Of the product, as the engine last confirmed it; 0: never. */
  readonly revision: number;
  /** The engine refused the configuration before, and nothing that rests on it may be sent. */
  readonly isHeldBack: boolean;
  readonly attempts: number;
}

/** What became of a claimed command. `again`: nothing is known, or nothing was done; it is tried again. */
export type Delivered =
  | { readonly claimed: ClaimedCommand; readonly answer: EngineAnswer }
  | { readonly claimed: ClaimedCommand; readonly againInMs: number };

interface ClaimedRow {
  id: number;
  product_id: string;
  kind: EngineCommand['kind'];
  payload: object;
  engine_revision: number;
  is_held_back: boolean;
  attempts: number;
}

export interface Claim {
  /** Names the holder of the lease. */
  readonly lease: string;
  readonly leaseMs: number;
  readonly commandsMax: number;
  /** Of these products alone; undefined: of all. */
  readonly productIds?: readonly string[] | undefined;
}

/** The first command of each product that waits, if it is due. Nobody waits for rows that somebody else looks at. */
export async function claim(
  pool: Statements,
  { lease, leaseMs, commandsMax, productIds }: Claim,
): Promise<ClaimedCommand[]> {
  const { rows } = await pool.query<ClaimedRow>(
    `UPDATE doorbuster_catalogue.outbox AS o
     SET lease = $1, leased_until = clock_timestamp() + $2 * interval '1 ms', attempts = attempts + 1
     FROM doorbuster_catalogue.products AS p
     WHERE p.id = o.product_id AND o.id = ANY (ARRAY (
       SELECT id FROM doorbuster_catalogue.outbox AS first
       WHERE answered_at IS NULL AND next_try_at <= clock_timestamp()
         AND (leased_until IS NULL OR leased_until <= clock_timestamp())
         AND ($4::text[] IS NULL OR product_id = ANY ($4))
         AND NOT EXISTS (SELECT FROM doorbuster_catalogue.outbox AS earlier
           WHERE earlier.product_id = first.product_id AND earlier.id < first.id AND earlier.answered_at IS NULL)
       ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED))
     RETURNING o.id::float8 AS id, o.product_id, o.kind, o.payload, p.engine_revision,
       p.refused_version IS NOT NULL AS is_held_back, o.attempts`,
    [lease, leaseMs, commandsMax, productIds ?? null],
  );
  return rows.map((row) => ({
    id: row.id,
    productId: row.product_id,
    command: { kind: row.kind, ...row.payload } as EngineCommand,
    revision: row.engine_revision,
    isHeldBack: row.is_held_back,
    attempts: row.attempts,
  }));
}

/** Whether it is still this holder's turn. */
export async function isStillLeased(pool: Statements, id: number, lease: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `SELECT FROM doorbuster_catalogue.outbox
     WHERE id = $1 AND lease = $2 AND answered_at IS NULL AND leased_until > clock_timestamp()`,
    [id, lease],
  );
  return rowCount === 1;
}

/** How many commands of these products wait for an answer. */
export async function countWaiting(pool: Statements, productIds: readonly string[]): Promise<number> {
  const { rows } = await pool.query<{ waiting: number }>(
    `SELECT count(*)::int AS waiting FROM doorbuster_catalogue.outbox
     WHERE product_id = ANY ($1::text[]) AND answered_at IS NULL`,
    [productIds],
  );
  return rows[0]!.waiting;
}

/** Writes down what became of commands, and what their products are by it; @param now as people are told */
export async function settle(
  pool: Pool,
  lease: string,
  delivered: readonly Delivered[],
  now: number,
): Promise<void> {
  if (delivered.length === 0) return;
  const productIds = [...new Set(delivered.map(({ claimed }) => claimed.productId))];
  await inTransaction(pool, async (client) => {
    await client.query(
      'SELECT FROM doorbuster_catalogue.products WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE',
      [productIds],
    );
    const late = await writeOutcomes(client, lease, delivered, now);
    // A pause that was sent late may have undone a later resumption, and the other way round: the campaign's word is sent again.
    await repeatSwitches(
      client,
      delivered.filter(({ claimed: { id, command } }) => late.has(id) && isSwitch(command)),
      now,
    );
    await repeatFirstLoads(
      client,
      delivered.filter((each) => !late.has(each.claimed.id) && isConfigured(each)),
      now,
    );
  });
}

/** @returns the ids of those that are not this holder's any more */
async function writeOutcomes(
  client: Statements,
  lease: string,
  delivered: readonly Delivered[],
  now: number,
): Promise<ReadonlySet<number>> {
  const rows = delivered.map((each) => ({
    id: each.claimed.id,
    answer: 'answer' in each ? each.answer : null,
    again_in_ms: 'answer' in each ? null : each.againInMs,
  }));
  const { rows: own } = await client.query<{ id: number }>(
    `WITH told AS (SELECT * FROM jsonb_to_recordset($1) AS told (id bigint, answer jsonb, again_in_ms float8)),
     own AS (
       UPDATE doorbuster_catalogue.outbox AS o
       SET outcome = nullif(answer, 'null'), answered_at = CASE WHEN again_in_ms IS NULL THEN $3::timestamptz END,
         next_try_at = clock_timestamp() + coalesce(again_in_ms, 0) * interval '1 ms', lease = NULL, leased_until = NULL
       FROM told WHERE told.id = o.id AND o.lease = $2 AND o.answered_at IS NULL
       RETURNING o.id, o.product_id, o.kind, o.payload, o.outcome),
     products AS (
       UPDATE doorbuster_catalogue.products AS p SET
         confirmed_at = CASE WHEN is_confirmed THEN $3::timestamptz ELSE confirmed_at END,
         engine_revision = CASE WHEN is_configured THEN (outcome ->> 'revision')::int ELSE engine_revision END,
         confirmed_version = CASE WHEN NOT is_configured THEN confirmed_version
           WHEN sent_version = sent THEN p.version ELSE sent END,
         refused_version = CASE WHEN is_configured THEN NULL WHEN is_confirmed OR kind <> 'configure' THEN refused_version
           ELSE sent END,
         refusal = CASE WHEN is_configured THEN NULL WHEN is_confirmed OR is_of_people THEN refusal
           WHEN kind = 'configure' THEN outcome ->> 'reason' ELSE coalesce(refusal, outcome ->> 'reason') END,
         quantity = coalesce((outcome #>> '{stock,loaded}')::bigint - (outcome #>> '{stock,withdrawn}')::bigint, quantity)
       FROM (SELECT *, (payload ->> 'version')::int AS sent, outcome ->> 'kind' = 'confirmed' AS is_confirmed,
           outcome ->> 'kind' = 'confirmed' AND kind = 'configure' AS is_configured,
           -- They are told of it where they asked for it.
           coalesce(payload ->> 'requestId' LIKE 'cms:%', false) AS is_of_people
         FROM own WHERE outcome IS NOT NULL) AS answered
       WHERE p.id = answered.product_id)
     SELECT id::float8 AS id FROM own`,
    [JSON.stringify(rows), lease, new Date(now)],
  );
  return new Set(delivered.map(({ claimed }) => claimed.id)).difference(new Set(own.map(({ id }) => id)));
}

const isSwitch = ({ kind }: EngineCommand): boolean => kind === 'pause' || kind === 'resume';

const isConfigured = (each: Delivered): boolean =>
  each.claimed.command.kind === 'configure' && 'answer' in each && each.answer.kind === 'confirmed';

/**
 * A first load that was held back while the engine refused the product follows when it has it, however that came about: a product
 * without its units would be shown as confirmed. Of a paused campaign it waits behind the pause; of a cancelled one it stays away.
 */
async function repeatFirstLoads(
  client: Statements,
  configured: readonly Delivered[],
  now: number,
): Promise<void> {
  if (configured.length === 0) return;
  const { rows } = await client.query<{ id: string; status: 'published' | 'paused' }>(
    `SELECT p.id, c.status FROM doorbuster_catalogue.products AS p
     JOIN doorbuster_catalogue.campaigns AS c ON c.id = p.campaign_id
     WHERE p.id = ANY ($1::text[]) AND c.status IN ('published', 'paused') AND EXISTS (
       SELECT FROM doorbuster_catalogue.outbox AS o WHERE o.product_id = p.id
         AND o.request_id = 'cms-' || p.id || '-initial' AND o.outcome ->> 'kind' = 'refused')
     ORDER BY p.id`,
    [configured.map(({ claimed }) => claimed.productId)],
  );
  const editor = { id: '', name: 'Doorbuster' };
  for (const { id, status } of rows) {
    const command = { kind: status === 'paused' ? 'pause' : 'resume' } as const;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one statement at a time
    if (status === 'paused') await enqueue(client, editor, now, [{ productId: id, command }]);
    // oxlint-disable-next-line no-await-in-loop
    await repeatInitialLoad(client, id);
    // oxlint-disable-next-line no-await-in-loop
    if (status === 'published') await enqueue(client, editor, now, [{ productId: id, command }]);
  }
}

async function repeatSwitches(client: Statements, late: readonly Delivered[], now: number): Promise<void> {
  if (late.length === 0) return;
  const { rows } = await client.query<{ id: string; kind: 'pause' | 'resume' }>(
    `SELECT p.id, CASE c.status WHEN 'published' THEN 'resume' ELSE 'pause' END AS kind
     FROM doorbuster_catalogue.products AS p JOIN doorbuster_catalogue.campaigns AS c ON c.id = p.campaign_id
     WHERE p.id = ANY ($1::text[]) AND p.sent_version IS NOT NULL ORDER BY p.id`,
    [late.map(({ claimed }) => claimed.productId)],
  );
  const queue = rows.map(({ id, kind }) => ({ productId: id, command: { kind } }));
  await enqueue(client, { id: '', name: 'Doorbuster' }, now, queue);
}
