// Who changed what. Written in the transaction of the change itself, and never changed again.

import type { Campaign, CampaignDraft, Entry } from './campaign.ts';
import { gateWords, type CampaignGate } from './campaign-gate.ts';
import type { CatalogueProduct, ProductDraft } from './catalogue-product.ts';
import { CATALOGUE_LIMITS } from './limits.ts';
import { moneyText } from './money-text.ts';
import type { Editor, TrailEntry } from './outcome.ts';
import type { EngineAnswer } from './outbox.ts';
import type { Statements } from '../transaction.ts';

/** Of a line whose change the engine must answer: the request under which its answer is found. Nobody reads it. */
export const REQUEST_FIELD = 'requestId';

export interface TrailLine {
  readonly campaignId: string | undefined;
  readonly productId?: string | undefined;
  readonly action: string;
  readonly changes?: TrailEntry['changes'];
}

/** In this order. */
export async function writeTrail(
  client: Statements,
  editor: Editor,
  now: number,
  ...lines: readonly TrailLine[]
): Promise<void> {
  await client.query(
    `INSERT INTO doorbuster_catalogue.trail (at, user_id, user_name, campaign_id, product_id, action, changes)
     SELECT $1, $2, $3, campaign_id, product_id, action, changes
     FROM unnest($4::text[], $5::text[], $6::text[], $7::jsonb[]) WITH ORDINALITY
       AS lines (campaign_id, product_id, action, changes, place)
     ORDER BY place`,
    [
      new Date(now),
      editor.id,
      editor.name,
      lines.map(({ campaignId }) => campaignId ?? null),
      lines.map(({ productId }) => productId ?? null),
      lines.map(({ action }) => action),
      lines.map(({ changes = [] }) => JSON.stringify(changes)),
    ],
  );
}

export interface TrailPage {
  readonly campaignId?: string | undefined;
  /** The id of the last entry of the page before. */
  readonly before?: number | undefined;
}

/** Newest first. */
export async function readTrail(
  client: Statements,
  { campaignId, before }: TrailPage,
): Promise<TrailEntry[]> {
  const { rows } = await client.query<{
    id: number;
    at: number;
    user_name: string;
    campaign_id: string | null;
    title: string | null;
    product_id: string | null;
    name: string | null;
    action: string;
    changes: TrailEntry['changes'];
    is_asked: boolean;
    outcome: EngineAnswer | null;
  }>(
    `SELECT t.id::float8 AS id, floor(extract(epoch FROM t.at) * 1000)::float8 AS at, t.user_name, t.campaign_id, c.title,
       t.product_id, p.name, t.action, t.changes, o.id IS NOT NULL AS is_asked, o.outcome
     FROM doorbuster_catalogue.trail AS t
     LEFT JOIN doorbuster_catalogue.outbox AS o ON o.product_id = t.product_id AND o.request_id =
       (SELECT change ->> 'to' FROM jsonb_array_elements(t.changes) AS change WHERE change ->> 'field' = $4)
     LEFT JOIN doorbuster_catalogue.campaigns AS c ON c.id = t.campaign_id
     LEFT JOIN doorbuster_catalogue.products AS p ON p.id = t.product_id
     WHERE ($1::text IS NULL OR t.campaign_id = $1) AND ($2::bigint IS NULL OR t.id < $2)
     ORDER BY t.id DESC LIMIT $3`,
    [campaignId ?? null, before ?? null, CATALOGUE_LIMITS.trailEntriesPerPage, REQUEST_FIELD],
  );
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    userName: row.user_name,
    campaignId: row.campaign_id ?? undefined,
    campaignTitle: row.title ?? undefined,
    productId: row.product_id ?? undefined,
    productName: row.name ?? undefined,
    action: row.action,
    changes: row.changes.filter(({ field }) => field !== REQUEST_FIELD),
    ...(row.is_asked && { answer: answerOf(row.outcome) }),
  }));
}

const answerOf = (outcome: EngineAnswer | null): NonNullable<TrailEntry['answer']> => ({
  state: outcome === null ? 'waiting' : outcome.kind,
  refusal: outcome?.kind === 'refused' ? outcome.reason : undefined,
});

/** By the line of that very change: two users may have one name. */
export async function isSavedBy(
  client: Statements,
  { id }: Editor,
  current: Pick<Campaign, 'id' | 'updatedAt'> | Pick<CatalogueProduct, 'id' | 'campaignId' | 'updatedAt'>,
): Promise<boolean> {
  const [campaignId, productId] =
    'campaignId' in current ? [current.campaignId, current.id] : [current.id, null];
  const { rowCount } = await client.query(
    `SELECT FROM doorbuster_catalogue.trail WHERE campaign_id = $1 AND at = $2 AND user_id = $3
       AND product_id IS NOT DISTINCT FROM $4 LIMIT 1`,
    [campaignId, new Date(current.updatedAt), id, productId],
  );
  return rowCount === 1;
}

const CAMPAIGN_FIELDS = [
  'title',
  'slug',
  'description',
  'startsAt',
  'endsAt',
  'timeZone',
  'entry',
  'gate',
] as const satisfies (keyof CampaignDraft)[];

const PRODUCT_FIELDS = [
  'name',
  'description',
  'sku',
  'startsAt',
  'endsAt',
  'listAmount',
  'amount',
  'currency',
  'quantity',
  'perCustomerLimit',
  'holdSeconds',
  'attributes',
  'images',
] as const satisfies (keyof ProductDraft)[];

export const campaignChanges = (from: Partial<CampaignDraft>, to: CampaignDraft): TrailEntry['changes'] =>
  changesOf(CAMPAIGN_FIELDS, from, to);

export const productChanges = (from: Partial<ProductDraft>, to: ProductDraft): TrailEntry['changes'] =>
  changesOf(PRODUCT_FIELDS, from, to);

function changesOf<T extends object>(
  fields: readonly (keyof T & string)[],
  from: Partial<T>,
  to: T,
): { field: string; from: string; to: string }[] {
  return fields
    .filter((field) => JSON.stringify(from[field]) !== JSON.stringify(to[field]))
    .map((field) => ({ field, from: valueText(field, from), to: valueText(field, to) }))
    .filter((change) => change.from !== '' || change.to !== '')
    .map(({ field, from: old, to: now }) => ({ field, from: shortened(old), to: shortened(now) }));
}

/** For people; hours in UTC, for each reader to be shown in their own way. */
function valueText<T extends object>(field: keyof T & string, of: Partial<T>): string {
  const draft: Partial<CampaignDraft & ProductDraft> = of;
  const value: unknown = of[field];
  if (value === undefined || value === null) return '';
  switch (field) {
    case 'startsAt':
    case 'endsAt':
      return new Date(value as number).toISOString();
    case 'amount':
    case 'listAmount':
      return `${moneyText(value as number, draft.currency!)} ${draft.currency!}`;
    case 'gate':
      return gateWords(value as CampaignGate).join(', ');
    case 'entry':
      return entryText(value as Entry);
    case 'attributes':
      return draft.attributes!.map(({ name, value }) => `${name}: ${value}`).join('; ');
    case 'images':
      return draft
        .images!.map(({ imageId, alt }) => `${alt} (${imageId.slice(0, IMAGE_ID_SHOWN)})`)
        .join('; ');
    default:
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}

/** Characters, enough to tell one picture of a product from another. */
const IMAGE_ID_SHOWN = 8;

const entryText = (entry: Entry): string =>
  entry.kind === 'claim' ? `${entry.kind} ${entry.name} = ${entry.value}` : entry.kind;

const shortened = (text: string): string =>
  text.length <= CATALOGUE_LIMITS.trailTextCharactersMax
    ? text
    : `${text.slice(0, CATALOGUE_LIMITS.trailTextCharactersMax).toWellFormed()}…`;
