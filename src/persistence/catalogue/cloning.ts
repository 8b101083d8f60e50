// A campaign again, as a draft. Its products are new ones to the engine, with ids of their own, so that no counter, no limit and no
// order of the first campaign leaks into the second.

import type { Campaign } from './campaign.ts';
import { createCampaign } from './campaign-changes.ts';
import { readCampaign } from './campaign-rows.ts';
import { NOT_FOUND, type Change } from './desk.ts';
import type { CampaignSaved } from './outcome.ts';
import { movedAlong } from './product-hours.ts';
import { productId } from './product-id.ts';
import { readProducts, writeImages, writeProduct } from './product-rows.ts';
import { writeTrail } from './trail.ts';

/** Hours that are not named are those of the original. */
export type CloneDraft = Pick<Campaign, 'title' | 'slug'> & Partial<Pick<Campaign, 'startsAt' | 'endsAt'>>;

export async function cloneCampaign(change: Change, id: string, draft: CloneDraft): Promise<CampaignSaved> {
  const { client, editor, now } = change;
  const original = await readCampaign(client, id);
  if (original === undefined) return NOT_FOUND;
  const made = await createCampaign(change, { ...original, ...draft });
  if (made.outcome !== 'saved') return made;
  const products = await readProducts(client, id);
  for (const product of products) {
    const copy = {
      ...movedAlong(original, made.value, product),
      id: productId(product.name, change.random),
      campaignId: made.value.id,
      version: 1,
      updatedAt: now,
      updatedBy: editor.name,
      dataFile: undefined,
      sentVersion: undefined,
      confirmedVersion: undefined,
    };
    // oxlint-disable-next-line no-await-in-loop -- one connection, one statement at a time
    await writeProduct(client, copy);
    // oxlint-disable-next-line no-await-in-loop
    await writeImages(client, copy.id, copy.images);
  }
  await writeTrail(client, editor, now, {
    campaignId: made.value.id,
    action: 'campaign_cloned',
    changes: [{ field: 'from', from: '', to: original.title }],
  });
  return made;
}
