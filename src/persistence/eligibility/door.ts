// What a node must know of a campaign to tell who may enter and what stands behind it. Plain data: it goes from the node's main
// thread, which reads it from Postgres, to all its worker threads.

import type { CampaignStatus, Entry } from '../catalogue/campaign.ts';
import type { CampaignGate } from '../catalogue/campaign-gate.ts';

/** The keys of the customers on a list, in order, 16 bytes each; one copy for all threads of a node. */
export interface CustomerKeys {
  readonly listId: string;
  readonly customers: number;
  readonly bytes: SharedArrayBuffer;
}

export interface Door {
  readonly campaignId: string;
  readonly slug: string;
  readonly title: string;
  /** Never `draft`: a draft has no door. */
  readonly status: CampaignStatus;
  /** Epoch milliseconds. */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly entry: Entry;
  readonly gate: CampaignGate;
  /** Of a campaign with a list; undefined while there is none, and then nobody enters. */
  readonly keys: CustomerKeys | undefined;
  /** In the campaign's order. A product never changes its campaign. */
  readonly productIds: readonly string[];
  /** Another one as soon as anything that shoppers see of the campaign or its products is another. */
  readonly stamp: string;
}

/** What the main thread tells of the doors, in order: each thread has what all of it adds up to. */
export interface DoorsTold {
  /** Whatever was told before counts no more. */
  readonly isWhole: boolean;
  /** New ones, and those that are another now. */
  readonly doors: readonly Door[];
  /** Ids of campaigns that have no door any more, or of which nobody can say just now who may enter. */
  readonly gone: readonly string[];
  /** False while there may be doors that nobody knows here. */
  readonly isComplete: boolean;
}

/** Where a product stands that a thread does not know. `closed`: in a campaign that has no door, or none any more. */
export type Whereabouts = 'outside' | 'behind_door' | 'closed';
