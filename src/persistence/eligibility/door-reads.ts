// Doors as rows: which campaigns have one, what of them is another than before, and where a product stands.

import type { Pool } from 'pg';
import type { CampaignStatus, Entry } from '../catalogue/campaign.ts';
import { keptGate, type CampaignGate } from '../catalogue/campaign-gate.ts';
import type { Door } from './door.ts';
import { mayBeOfCatalogue, wasMadeByCatalogue } from './lost-products.ts';

/** No campaign’s id: those are longer. */
const LOST_CAMPAIGN = 'lost';

/** Small enough to be read each second of all doors. */
export interface DoorMark {
  readonly campaignId: string;
  readonly stamp: string;
  /** The list in force of a campaign that asks for one. */
  readonly listId: string | undefined;
}

/** A door whose list is not loaded yet. */
export interface BareDoor extends Omit<Door, 'keys'> {
  readonly listId: string | undefined;
}

interface MarkRow {
  id: string;
  stamp: string;
  list_id: string | null;
}

interface DoorRow extends MarkRow {
  slug: string;
  title: string;
  status: CampaignStatus;
  starts_at: number;
  ends_at: number;
  entry: Entry;
  gate: Partial<CampaignGate>;
  product_ids: string[];
}

// Versions rise with each change, in whatever order transactions come to their ends. Moving a product leaves its version.
const MARK = `c.id,
  md5(concat_ws(' ', c.version, c.status, (SELECT string_agg(concat_ws(' ', p.id, p.version, p.position, p.data_file), ' '
    ORDER BY p.id) FROM doorbuster_catalogue.products AS p WHERE p.campaign_id = c.id))) AS stamp,
  CASE WHEN c.entry ->> 'kind' = 'list' THEN (SELECT l.id FROM doorbuster_catalogue.customer_lists AS l
    WHERE l.campaign_id = c.id AND l.is_current) END AS list_id`;

// One that was cancelled as a draft never was anywhere.
const HAS_DOOR = `c.status <> 'draft' AND c.starts_at IS NOT NULL AND (c.status <> 'cancelled' OR EXISTS (
  SELECT FROM doorbuster_catalogue.products AS p WHERE p.campaign_id = c.id AND p.sent_version IS NOT NULL))`;

const markOf = ({ id, stamp, list_id }: MarkRow): DoorMark => ({
  campaignId: id,
  stamp,
  listId: list_id ?? undefined,
});

export class DoorReads {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Of all campaigns but drafts that end later than this: those that end last, when there are too many. */
  async marks(endAfter: number, max: number): Promise<DoorMark[]> {
    const { rows } = await this.#pool.query<MarkRow>(
      `SELECT ${MARK} FROM doorbuster_catalogue.campaigns AS c
       WHERE ${HAS_DOOR} AND c.ends_at > $1 ORDER BY c.ends_at DESC, c.id LIMIT $2`,
      [new Date(endAfter), max],
    );
    return rows.map(markOf);
  }

  /** Each as of one moment, which may be later than that of its mark. */
  async doors(campaignIds: readonly string[]): Promise<BareDoor[]> {
    if (campaignIds.length === 0) return [];
    const { rows } = await this.#pool.query<DoorRow>(
      `SELECT ${MARK}, c.slug, c.title, c.status, c.entry, c.gate, floor(extract(epoch FROM c.starts_at) * 1000)::float8 AS starts_at,
         floor(extract(epoch FROM c.ends_at) * 1000)::float8 AS ends_at,
         ARRAY (SELECT p.id FROM doorbuster_catalogue.products AS p WHERE p.campaign_id = c.id ORDER BY p.position, p.id)
           AS product_ids
       FROM doorbuster_catalogue.campaigns AS c WHERE c.id = ANY ($1::text[]) AND ${HAS_DOOR}`,
      [campaignIds],
    );
    return rows.map(({ slug, title, status, starts_at, ends_at, entry, gate, product_ids, ...mark }) => ({
      ...markOf(mark),
      slug,
      title,
      status,
      startsAt: starts_at,
      endsAt: ends_at,
      entry,
      gate: keptGate(gate),
      productIds: product_ids,
    }));
  }

  /**
   * @returns the id of its campaign, which may be a draft, or none that there is when the catalogue has lost it
   * @throws while nobody can say
   */
  async campaignOf(productId: string): Promise<string | undefined> {
    const { rows } = await this.#pool.query<{
      campaign_id: string | null;
      is_lost: boolean;
      is_undecided: boolean;
    }>(
      `SELECT (SELECT campaign_id FROM doorbuster_catalogue.products WHERE id = $1::text) AS campaign_id,
         ${wasMadeByCatalogue('$1::text')} AS is_lost,
         ${mayBeOfCatalogue('$1::text')} OR NOT EXISTS (SELECT FROM doorbuster.products WHERE id = $1::text) AS is_undecided`,
      [productId],
    );
    const { campaign_id, is_lost, is_undecided } = rows[0]!;
    if (campaign_id !== null) return campaign_id;
    if (is_lost) return LOST_CAMPAIGN;
    // Postgres may be behind the journal, or be made anew from it just now, and the catalogue be lost.
    if (is_undecided)
      throw new Error(`the product ${productId}, or its first stock, has not arrived in Postgres yet`);
    return undefined;
  }
}
