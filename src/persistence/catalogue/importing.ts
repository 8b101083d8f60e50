// Products from a file: all of them or none, so that nobody has to find out which half arrived.

import { holdCampaign } from './campaign-rows.ts';
import type { ProductDraft } from './catalogue-product.ts';
import { CANCELLED } from './campaign-changes.ts';
import { changing, NOT_FOUND, refused, refusedFor, saved, type Change, type Desk } from './desk.ts';
import { CATALOGUE_LIMITS } from './limits.ts';
import type { Editor, Finding, SaveOutcome } from './outcome.ts';
import { addTo, openBatch, saveIn } from './product-changes.ts';
import { holdProducts, readProducts } from './product-rows.ts';
import { seenOf } from './seen.ts';
import { writeTrail } from './trail.ts';

export interface ImportLine {
  /** Of the file. */
  readonly line: number;
  /** Of the product that it changes; undefined: a new one. */
  readonly id?: string | undefined;
  readonly draft: ProductDraft;
}

export interface Imported {
  readonly added: number;
  readonly changed: number;
}

/** What the lines were made over. */
export interface Over {
  readonly version: number;
  /** Undefined: whatever the products are. */
  readonly seen: string | undefined;
}

/** Carries the findings out of the transaction, which it undoes. */
class LinesRefused extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super('lines of the file were refused');
    this.findings = findings;
  }
}

export async function importProducts(
  desk: Desk,
  editor: Editor,
  campaignId: string,
  over: Over,
  lines: readonly ImportLine[],
): Promise<SaveOutcome<Imported>> {
  if (lines.length === 0) return refusedFor('file', 'The file holds no products.');
  if (lines.length > CATALOGUE_LIMITS.productsPerCampaign)
    return refusedFor(
      'file',
      `The file holds ${lines.length} products; a campaign has ${CATALOGUE_LIMITS.productsPerCampaign} at most.`,
    );
  try {
    return await changing(desk, editor, (change) => importAll(change, campaignId, over, lines));
  } catch (error) {
    if (error instanceof LinesRefused) return refused(error.findings);
    throw error;
  }
}

async function importAll(
  change: Change,
  campaignId: string,
  { version, seen }: Over,
  lines: readonly ImportLine[],
): Promise<SaveOutcome<Imported>> {
  const { client, editor, now } = change;
  const campaign = await holdCampaign(client, campaignId, editor);
  if (campaign === undefined) return NOT_FOUND;
  if (campaign.status === 'cancelled') return refusedFor('status', CANCELLED);
  await holdProducts(client, campaignId);
  const present = await readProducts(client, campaignId);
  // The lines are whole products, made over those that were seen: over others they would undo what somebody saved.
  if (campaign.version !== version || (seen !== undefined && seenOf(present) !== seen))
    return { outcome: 'conflict', current: { added: 0, changed: 0 } };
  const products = new Map(present.map((product) => [product.id, product]));
  const batch = await openBatch(
    change,
    campaign,
    lines.map(({ draft }) => draft),
  );
  const findings: Finding[] = [];
  const imported = { added: 0, changed: 0 };
  const named = new Set<string>();
  for (const { line, id, draft } of lines) {
    const tell = (finding: Finding): number => findings.push({ ...finding, line });
    const old = id === undefined ? undefined : products.get(id);
    if (id !== undefined && (old === undefined || named.has(id))) {
      const message =
        old === undefined ? `The campaign has no product ${id}.` : 'Another line changes the same product.';
      tell({ productId: id, field: 'id', message, severity: 'error' });
      continue;
    }
    if (id !== undefined) named.add(id);
    const all = [...products.values()];
    // oxlint-disable-next-line no-await-in-loop -- one connection, one statement at a time
    const outcome = await (old === undefined
      ? addTo(change, campaign, all, draft, batch)
      : saveIn(change, campaign, all, old, draft, batch));
    if (outcome.outcome === 'refused') outcome.findings.forEach(tell);
    else if (outcome.outcome === 'saved') {
      products.set(outcome.value.id, outcome.value);
      imported[old === undefined ? 'added' : 'changed']++;
    }
  }
  if (findings.length > 0) throw new LinesRefused(findings);
  await writeTrail(client, editor, now, ...batch.trail, {
    campaignId,
    action: 'products_imported',
    changes: [{ field: 'products', from: '', to: `${imported.added} added, ${imported.changed} changed` }],
  });
  return saved(imported);
}
