// Who may change a campaign and its products: drafts are the editors' work; what shoppers can already see and buy is the
// publishers'. Nothing of a cancelled campaign changes.

import type { Campaign, UserRole } from '../../persistence/index.ts';
import { includes } from './cms-session.ts';

export const roleToChange = ({ status }: Pick<Campaign, 'status'>): UserRole =>
  status === 'draft' ? 'editor' : 'publisher';

export const mayChange = (role: UserRole, campaign: Pick<Campaign, 'status'>): boolean =>
  campaign.status !== 'cancelled' && includes(role, roleToChange(campaign));
