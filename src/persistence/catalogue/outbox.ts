// Commands to the engine that wait in the transaction of the change that they come from. What is there is sent, however often a
// process dies: see dispatcher.ts. Those of one product are sent in the order of their ids, so whoever adds one holds the
// product (product-rows.ts).

import type { ProductConfiguration, Stock } from '../../actors/index.ts';
import { engineGate, type CampaignGate } from './campaign-gate.ts';
import type { CatalogueProduct } from './catalogue-product.ts';
import { CATALOGUE_LIMITS } from './limits.ts';
import type { Editor } from './outcome.ts';
import type { Statements } from '../transaction.ts';

export type EngineCommand =
  | {
      readonly kind: 'configure';
      readonly configuration: ProductConfiguration;
      /** Of the product, that it was made of. */
      readonly version: number;
      /** Over whatever the engine has; else only over what the catalogue knows of. */
      readonly isForced: boolean;
    }
  | { readonly kind: 'loadStock' | 'withdrawStock'; readonly requestId: string; readonly quantity: number }
  /** All that nobody holds at that moment. */
  | { readonly kind: 'withdrawAvailable'; readonly requestId: string }
  | { readonly kind: 'pause' | 'resume' };

export type EngineAnswer =
  | { readonly kind: 'confirmed'; readonly revision?: number; readonly stock?: Stock }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Queued {
  readonly productId: string;
  readonly command: EngineCommand;
}

export const initialRequestId = (productId: string): string => `cms-${productId}-initial`;
export const changeRequestId = (requestId: string): string => `cms:${requestId}`;
export const cancelRequestId = (productId: string): string => `cms-${productId}-cancelled`;

/** In this order. */
export async function enqueue(
  client: Statements,
  editor: Pick<Editor, 'id' | 'name'>,
  now: number,
  queue: readonly Queued[],
): Promise<void> {
  if (queue.length === 0) return;
  const rows = queue.map(({ productId, command }) => {
    const { kind, ...payload } = command;
    return { productId, kind, requestId: 'requestId' in command ? command.requestId : null, payload };
  });
  await client.query(
    `INSERT INTO doorbuster_catalogue.outbox (product_id, kind, request_id, payload, created_at, created_by)
     SELECT product_id, kind, request_id, payload, $5, $6
     FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) WITH ORDINALITY
       AS queued (product_id, kind, request_id, payload, place)
     ORDER BY place`,
    [
      rows.map(({ productId }) => productId),
      rows.map(({ kind }) => kind),
      rows.map(({ requestId }) => requestId),
      rows.map(({ payload }) => JSON.stringify(payload)),
      new Date(now),
      editor.name,
    ],
  );
}

/** @throws when the publish check let something through that lacks a part of it */
export function configurationOf(product: CatalogueProduct, gate: CampaignGate): ProductConfiguration {
  const { startsAt, endsAt, amount } = product;
  const asked = engineGate(gate);
  if (startsAt === undefined || endsAt === undefined || amount === undefined)
    throw new Error(`the product ${product.id} is sent without its hours or its price`);
  return {
    name: product.name,
    description: product.description,
    startsAt,
    endsAt,
    amount,
    currency: product.currency,
    perCustomerLimit: product.perCustomerLimit,
    holdSeconds: product.holdSeconds,
    ...(asked && { gate: asked }),
  };
}

/** @param isForced over whatever the engine has; else only over what the catalogue knows of */
export const configure = (
  gate: CampaignGate,
  product: CatalogueProduct,
  isForced = false,
): EngineCommand => ({
  kind: 'configure',
  configuration: configurationOf(product, gate),
  version: product.version,
  isForced,
});

/** A first load that was refused, put behind everything that waits; @returns whether there was one. */
export async function repeatInitialLoad(client: Statements, productId: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE doorbuster_catalogue.outbox SET id = DEFAULT, answered_at = NULL, outcome = NULL, attempts = 0, lease = NULL,
       leased_until = NULL, next_try_at = clock_timestamp()
     WHERE product_id = $1 AND request_id = $2 AND outcome ->> 'kind' = 'refused'`,
    [productId, initialRequestId(productId)],
  );
  return rowCount === 1;
}

/** A change of stock, and what the engine said. */
export interface StockChange {
  readonly requestId: string;
  /** Above 0 for a load; undefined: all that was available when the campaign was cancelled. */
  readonly units: number | undefined;
  readonly at: number;
  readonly userName: string;
  readonly state: 'waiting' | 'confirmed' | 'refused';
  readonly answeredAt: number | undefined;
  /** Why it was refused, for people. */
  readonly refusal: string | undefined;
  /** As it was right behind this change. */
  readonly stock: Stock | undefined;
}

interface StockRow {
  kind: 'loadStock' | 'withdrawStock' | 'withdrawAvailable';
  request_id: string;
  quantity: number | null;
  created_at: number;
  created_by: string;
  answered_at: number | null;
  outcome: EngineAnswer | null;
}

/** Newest first. @param requestId this one alone */
export async function readStockChanges(
  client: Statements,
  productId: string,
  requestId?: string,
): Promise<StockChange[]> {
  const { rows } = await client.query<StockRow>(
    `SELECT kind, request_id, (payload ->> 'quantity')::float8 AS quantity,
       floor(extract(epoch FROM created_at) * 1000)::float8 AS created_at, created_by,
       floor(extract(epoch FROM answered_at) * 1000)::float8 AS answered_at, outcome
     FROM doorbuster_catalogue.outbox
     WHERE product_id = $1 AND request_id IS NOT NULL AND ($2::text IS NULL OR request_id = $2)
     ORDER BY id DESC LIMIT $3`,
    [productId, requestId ?? null, CATALOGUE_LIMITS.stockChangesShown],
  );
  return rows.map((row) => ({
    requestId: row.request_id.replace(/^cms:/, ''),
    units: row.quantity === null ? undefined : row.kind === 'loadStock' ? row.quantity : -row.quantity,
    at: row.created_at,
    userName: row.created_by,
    state: row.outcome === null ? 'waiting' : row.outcome.kind,
    answeredAt: row.answered_at ?? undefined,
    refusal: row.outcome?.kind === 'refused' ? row.outcome.reason : undefined,
    stock: row.outcome?.kind === 'confirmed' ? row.outcome.stock : undefined,
  }));
}
