// A campaign's hours with those of its products: all of them move, or nothing does.

import { saveCampaign } from './campaign-changes.ts';
import type { Campaign, CampaignDraft } from './campaign.ts';
import type { CatalogueProduct } from './catalogue-product.ts';
import { changing, refused, type Change, type Desk } from './desk.ts';
import type { CampaignSaved, Editor, Finding } from './outcome.ts';
import { openBatch, saveIn } from './product-changes.ts';
import { movedAlong } from './product-hours.ts';
import { holdProducts, readProducts } from './product-rows.ts';
import { writeTrail } from './trail.ts';

/** Carries the findings out of the transaction, which it undoes. */
class MoveRefused extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super('hours of products were refused');
    this.findings = findings;
  }
}

export async function saveMoving(
  desk: Desk,
  editor: Editor,
  id: string,
  version: number,
  draft: CampaignDraft,
): Promise<CampaignSaved> {
  try {
    return await changing(desk, editor, (change) => saveCampaign(change, id, version, draft, moveProducts));
  } catch (error) {
    if (error instanceof MoveRefused) return refused(error.findings);
    throw error;
  }
}

async function moveProducts(change: Change, old: Campaign, campaign: Campaign): Promise<void> {
  const { client, editor, now } = change;
  await holdProducts(client, campaign.id);
  const products = await readProducts(client, campaign.id);
  const drafts = products.map((product) => movedAlong(old, campaign, product));
  const batch = await openBatch(change, campaign, drafts);
  const findings: Finding[] = [];
  for (const [at, product] of products.entries()) {
    const draft = drafts[at]!;
    if (draft === product) continue;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one statement at a time
    const outcome = await saveIn(change, campaign, drafts, product, draft, batch);
    if (outcome.outcome === 'refused')
      findings.push(...outcome.findings.map((finding) => named(product, finding)));
  }
  if (findings.length > 0) throw new MoveRefused(findings);
  await writeTrail(client, editor, now, ...batch.trail);
}

/** Told at the campaign's form, which has fields of hours and no others of a product's. */
const named = ({ name }: CatalogueProduct, finding: Finding): Finding => ({
  ...finding,
  field: finding.field === 'startsAt' || finding.field === 'endsAt' ? finding.field : 'products',
  message: `"${name}": ${finding.message}`,
});
