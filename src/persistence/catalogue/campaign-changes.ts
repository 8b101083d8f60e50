// Making and saving campaigns.

import type { Campaign, CampaignDraft } from './campaign.ts';
import { OPEN_CAMPAIGN_GATE } from './campaign-gate.ts';
import {
  hasCurrentList,
  holdCampaign,
  insertCampaign,
  titleOfSlug,
  updateCampaign,
} from './campaign-rows.ts';
import { NOT_FOUND, refused, refusedFor, saved, type Change } from './desk.ts';
import { campaignFaults, tidyCampaign } from './draft-check.ts';
import type { CampaignSaved, Finding } from './outcome.ts';
import { campaignId } from './product-id.ts';
import { movedAlong } from './product-hours.ts';
import { sendGate } from './gate-changes.ts';
import { readProducts } from './product-rows.ts';
import { entryFaults, leftOutside } from './publish-check.ts';
import { campaignChanges, writeTrail } from './trail.ts';
import type { Statements } from '../transaction.ts';

export async function createCampaign(change: Change, draft: CampaignDraft): Promise<CampaignSaved> {
  const { client, editor, now } = change;
  const tidy = tidyCampaign(draft);
  const faults = await faultsOf(client, tidy, undefined);
  if (faults.length > 0) return refused(faults);
  const campaign: Campaign = {
    ...tidy,
    gate: tidy.gate ?? OPEN_CAMPAIGN_GATE,
    id: campaignId(change.random),
    status: 'draft',
    version: 1,
    createdAt: now,
    updatedAt: now,
    updatedBy: editor.name,
  };
  await insertCampaign(client, campaign);
  const changes = campaignChanges({}, campaign);
  await writeTrail(client, editor, now, { campaignId: campaign.id, action: 'campaign_created', changes });
  return saved(campaign);
}

/** What else changes with a campaign, in its transaction. */
export type Following = (change: Change, old: Campaign, campaign: Campaign) => Promise<void>;

/** @param moveProducts along with the campaign's hours */
export async function saveCampaign(
  change: Change,
  id: string,
  version: number,
  draft: CampaignDraft,
  moveProducts?: Following,
): Promise<CampaignSaved> {
  const { client, editor, now } = change;
  const old = await holdCampaign(client, id, editor);
  if (old === undefined) return NOT_FOUND;
  if (old.version !== version) return { outcome: 'conflict', current: old };
  if (old.status === 'cancelled') return refusedFor('status', CANCELLED);
  const tidy = tidyCampaign(draft);
  const campaign: Campaign = {
    ...old,
    ...tidy,
    gate: tidy.gate ?? old.gate,
    version: version + 1,
    updatedAt: now,
    updatedBy: editor.name,
  };
  const faults = await faultsOf(client, campaign, id);
  if (old.status !== 'draft')
    faults.push(...publishedFaults(campaign, await hasCurrentList(client, campaign)));
  if (old.status !== 'draft' || moveProducts !== undefined) {
    const products = await readProducts(client, id);
    const placed =
      moveProducts === undefined ? products : products.map((product) => movedAlong(old, campaign, product));
    faults.push(...leftOutside(campaign, placed, moveProducts !== undefined));
  }
  if (faults.length > 0) return refused(faults);
  await updateCampaign(client, campaign);
  const changes = campaignChanges(old, campaign);
  await writeTrail(client, editor, now, { campaignId: id, action: 'campaign_saved', changes });
  await sendGate(change, old, campaign);
  await moveProducts?.(change, old, campaign);
  return saved(campaign);
}

export const CANCELLED =
  'This campaign was cancelled, and nothing of it changes any more. Clone it to go on.';

async function faultsOf(
  client: Statements,
  draft: CampaignDraft,
  id: string | undefined,
): Promise<Finding[]> {
  const faults = campaignFaults(draft);
  const other = await titleOfSlug(client, draft.slug, id);
  if (other !== undefined) faults.push(slugTaken(draft.slug, other));
  return faults;
}

export const slugTaken = (slug: string, title?: string): Finding => ({
  productId: undefined,
  field: 'slug',
  message:
    title === undefined
      ? `The address "${slug}" is another campaign’s. Choose another.`
      : `The address "${slug}" is that of the campaign "${title}". Choose another.`,
  severity: 'error',
});

function publishedFaults(campaign: Campaign, hasList: boolean): Finding[] {
  const faults: Finding[] = [];
  for (const field of ['startsAt', 'endsAt'] as const) {
    if (campaign[field] !== undefined) continue;
    const message = `The campaign is published: it cannot be without its ${field === 'startsAt' ? 'start' : 'end'}.`;
    faults.push({ productId: undefined, field, message, severity: 'error' });
  }
  return [...faults, ...entryFaults(campaign, hasList)];
}
