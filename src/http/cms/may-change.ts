// Who may change a campaign and its products: drafts are the editors' work; what shoppers can already see and buy is the
// publishers'. Nothing of a cancelled campaign changes.

import type { Context } from 'hono';
import type { Campaign, UserRole } from '../../persistence/index.ts';
import { includes } from './cms-session.ts';
import { requireRole } from './signed-in.ts';

const neededFor = ({ status }: Pick<Campaign, 'status'>): UserRole =>
  status === 'draft' ? 'editor' : 'publisher';

/** Whether buttons for it are shown. */
export const mayChange = (role: UserRole, campaign: Pick<Campaign, 'status'>): boolean =>
  campaign.status !== 'cancelled' && includes(role, neededFor(campaign));

/** @throws CmsProblem that says which role is needed */
export const requireChange = (c: Context, campaign: Pick<Campaign, 'status'>): void =>
  requireRole(c, neededFor(campaign));
