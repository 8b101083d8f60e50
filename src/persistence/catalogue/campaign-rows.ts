// Campaigns as rows.

import type { Campaign, CampaignPhase, CampaignStatus, CampaignSummary, Entry } from './campaign.ts';
import { phaseOf } from './campaign.ts';
import { keptGate, type CampaignGate } from './campaign-gate.ts';
import { CATALOGUE_LIMITS } from './limits.ts';
import { NeedsPublisher, type Editor } from './outcome.ts';
import type { Statements } from '../transaction.ts';

interface CampaignRow {
  id: string;
  slug: string;
  title: string;
  description: string;
  starts_at: number | null;
  ends_at: number | null;
  time_zone: string;
  entry: Entry;
  gate: Partial<CampaignGate>;
  status: CampaignStatus;
  version: number;
  created_at: number;
  updated_at: number;
  updated_by: string;
}

interface SummaryRow extends CampaignRow {
  products: number;
  unconfirmed: number;
  refused: number;
}

const milliseconds = (column: string): string =>
  `floor(extract(epoch FROM c.${column}) * 1000)::float8 AS ${column}`;

const COLUMNS = `c.id, c.slug, c.title, c.description, ${milliseconds('starts_at')}, ${milliseconds('ends_at')}, c.time_zone,
  c.entry, c.gate, c.status, c.version, ${milliseconds('created_at')}, ${milliseconds('updated_at')}, c.updated_by`;

const campaignOf = (row: CampaignRow): Campaign => ({
  id: row.id,
  title: row.title,
  slug: row.slug,
  description: row.description,
  startsAt: row.starts_at ?? undefined,
  endsAt: row.ends_at ?? undefined,
  timeZone: row.time_zone,
  entry: row.entry,
  gate: keptGate(row.gate),
  status: row.status,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  updatedBy: row.updated_by,
});

export async function readCampaign(client: Statements, id: string): Promise<Campaign | undefined> {
  const { rows } = await client.query<CampaignRow>(
    `SELECT ${COLUMNS} FROM doorbuster_catalogue.campaigns AS c WHERE id = $1`,
    [id],
  );
  return rows[0] && campaignOf(rows[0]);
}

export async function readCampaignOfSlug(client: Statements, slug: string): Promise<Campaign | undefined> {
  const { rows } = await client.query<CampaignRow>(
    `SELECT ${COLUMNS} FROM doorbuster_catalogue.campaigns AS c WHERE slug = $1`,
    [slug],
  );
  return rows[0] && campaignOf(rows[0]);
}

/**
 * Whoever changes anything of a campaign holds it, before its products: so no two wait for each other. What they may change is
 * decided here, where its status stays as it is.
 *
 * @throws NeedsPublisher
 */
export async function holdCampaign(
  client: Statements,
  id: string,
  { role }: Editor,
): Promise<Campaign | undefined> {
  const { rows } = await client.query<CampaignRow>(
    `SELECT ${COLUMNS} FROM doorbuster_catalogue.campaigns AS c WHERE id = $1 FOR UPDATE`,
    [id],
  );
  if (rows[0] !== undefined && rows[0].status !== 'draft' && role !== 'publisher') throw new NeedsPublisher();
  return rows[0] && campaignOf(rows[0]);
}

/** Of a campaign that asks for one. */
export async function hasCurrentList(
  client: Statements,
  { id, entry }: Pick<Campaign, 'id' | 'entry'>,
): Promise<boolean> {
  if (entry.kind !== 'list') return false;
  const { rows } = await client.query(
    'SELECT FROM doorbuster_catalogue.customer_lists WHERE campaign_id = $1 AND is_current',
    [id],
  );
  return rows.length > 0;
}

export async function titleOfSlug(
  client: Statements,
  slug: string,
  except: string | undefined,
): Promise<string | undefined> {
  const { rows } = await client.query<{ title: string }>(
    `SELECT title FROM doorbuster_catalogue.campaigns WHERE slug = $1 AND id IS DISTINCT FROM $2`,
    [slug, except ?? null],
  );
  return rows[0]?.title;
}

export async function insertCampaign(client: Statements, campaign: Campaign): Promise<void> {
  await client.query(
    `INSERT INTO doorbuster_catalogue.campaigns
       (id, slug, title, description, starts_at, ends_at, time_zone, entry, gate, updated_at, updated_by, status, version, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [...valuesOf(campaign), campaign.status, campaign.version, new Date(campaign.createdAt)],
  );
}

export async function updateCampaign(client: Statements, campaign: Campaign): Promise<void> {
  await client.query(
    `UPDATE doorbuster_catalogue.campaigns SET slug = $2, title = $3, description = $4, starts_at = $5, ends_at = $6,
       time_zone = $7, entry = $8, gate = $9, updated_at = $10, updated_by = $11, status = $12, version = $13 WHERE id = $1`,
    [...valuesOf(campaign), campaign.status, campaign.version],
  );
}

const valuesOf = (campaign: Campaign): unknown[] => [
  campaign.id,
  campaign.slug,
  campaign.title,
  campaign.description,
  campaign.startsAt === undefined ? null : new Date(campaign.startsAt),
  campaign.endsAt === undefined ? null : new Date(campaign.endsAt),
  campaign.timeZone,
  JSON.stringify(campaign.entry),
  JSON.stringify(campaign.gate),
  new Date(campaign.updatedAt),
  campaign.updatedBy,
];

export interface CampaignPage {
  /** The id of the last campaign of the page before. */
  readonly before?: string | undefined;
  readonly phase?: CampaignPhase | undefined;
}

const PHASES: Readonly<Record<CampaignPhase, string>> = {
  draft: `c.status = 'draft'`,
  cancelled: `c.status = 'cancelled'`,
  ended: `c.status IN ('published', 'paused') AND c.ends_at <= $2`,
  paused: `c.status = 'paused' AND c.ends_at > $2`,
  live: `c.status = 'published' AND c.starts_at <= $2 AND c.ends_at > $2`,
  scheduled: `c.status = 'published' AND c.starts_at > $2`,
};

/** Newest first. */
export async function readSummaries(
  client: Statements,
  { before, phase }: CampaignPage,
  now: number,
): Promise<CampaignSummary[]> {
  const { rows } = await client.query<SummaryRow>(
    `SELECT ${COLUMNS},
       (SELECT count(*)::int FROM doorbuster_catalogue.products AS p WHERE p.campaign_id = c.id) AS products,
       (SELECT count(*)::int FROM doorbuster_catalogue.products AS p
          JOIN doorbuster_catalogue.outbox AS o ON o.product_id = p.id AND o.answered_at IS NULL
        WHERE p.campaign_id = c.id) AS unconfirmed,
       (SELECT count(*)::int FROM doorbuster_catalogue.products AS p
        WHERE p.campaign_id = c.id AND p.refusal IS NOT NULL) AS refused
     FROM doorbuster_catalogue.campaigns AS c
     WHERE ($1::text IS NULL OR (c.created_at, c.id) <
         (SELECT created_at, id FROM doorbuster_catalogue.campaigns WHERE id = $1))
       AND $2::timestamptz IS NOT NULL AND (${phase === undefined ? 'true' : PHASES[phase]})
     ORDER BY c.created_at DESC, c.id DESC LIMIT $3`,
    [before ?? null, new Date(now), CATALOGUE_LIMITS.campaignsPerPage],
  );
  return rows.map((row) => {
    const campaign = campaignOf(row);
    const { products, unconfirmed, refused } = row;
    return { ...campaign, phase: phaseOf(campaign, now), products, unconfirmed, refused };
  });
}
