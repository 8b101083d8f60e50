// What business users make: a campaign and its products. All of it is for people; what the engine must enforce of it is sent to
// the products' actors, and a sale goes on without the catalogue.

import type { CampaignGate } from './campaign-gate.ts';

/** As it is kept. When a published campaign begins and ends is told by its hours alone. */
export const CAMPAIGN_STATUSES = ['draft', 'published', 'paused', 'cancelled'] as const;
export type CampaignStatus = (typeof CAMPAIGN_STATUSES)[number];

/** As it is shown. */
export type CampaignPhase = 'draft' | 'scheduled' | 'live' | 'paused' | 'ended' | 'cancelled';

/** Who may enter. */
export type Entry =
  | { readonly kind: 'everyone' }
  /** Customers on the campaign's own list. */
  | { readonly kind: 'list' }
  /** Customers whose token has this claim with this value. */
  | { readonly kind: 'claim'; readonly name: string; readonly value: string }
  /** Customers with an invitation that was signed for them. */
  | { readonly kind: 'invitation' };

/** What a person writes of a campaign; a draft may lack its hours. */
export interface CampaignDraft {
  readonly title: string;
  /** Its address, `/c/{slug}`: lower-case letters, digits and dashes. */
  readonly slug: string;
  readonly description: string;
  /** Epoch milliseconds. */
  readonly startsAt: number | undefined;
  readonly endsAt: number | undefined;
  /** IANA name; the hours are written and shown in it. */
  readonly timeZone: string;
  readonly entry: Entry;
  /** Undefined: as it is; of a new campaign, open. */
  readonly gate?: CampaignGate | undefined;
}

export interface Campaign extends CampaignDraft {
  readonly gate: CampaignGate;
  readonly id: string;
  readonly status: CampaignStatus;
  /** Raised by each change; who saves names the one that they saw. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Name of the user. */
  readonly updatedBy: string;
}

/** For lists. */
export interface CampaignSummary extends Campaign {
  readonly phase: CampaignPhase;
  readonly products: number;
  /** Commands that the engine has not confirmed yet. */
  readonly unconfirmed: number;
  readonly refused: number;
}

export function phaseOf(
  { status, startsAt, endsAt }: Pick<Campaign, 'status' | 'startsAt' | 'endsAt'>,
  now: number,
): CampaignPhase {
  if (status === 'draft' || status === 'cancelled') return status;
  if (endsAt !== undefined && now >= endsAt) return 'ended';
  if (status === 'paused') return 'paused';
  return startsAt !== undefined && now >= startsAt ? 'live' : 'scheduled';
}
