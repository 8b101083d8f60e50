// Invitations to one campaign for many customers. Signing many takes a while, so it is done in slices: this thread also sells.

import type { Campaign } from '../persistence/index.ts';
import type { HttpContext } from './context.ts';
import { invitationPath } from './invitations.ts';

export interface MadeInvitations {
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly invitations: readonly {
    readonly customerId: string;
    readonly invitation: string;
    readonly path: string;
  }[];
}

/** @param expiresAt undefined: the end of the campaign @returns what is wrong with the wish */
export async function makeInvitations(
  { auth, timers, clock }: Pick<HttpContext, 'auth' | 'timers' | 'clock'>,
  { id: campaignId, slug, endsAt }: Campaign,
  customerIds: readonly string[],
  expiresAt: number | undefined,
): Promise<MadeInvitations | { readonly fault: string }> {
  const until = expiresAt ?? endsAt;
  if (until === undefined) return { fault: 'must be given: the campaign has no end yet' };
  if (until <= clock.now()) return { fault: 'must lie ahead; by itself it is the end of the campaign' };
  const invitations: { customerId: string; invitation: string; path: string }[] = [];
  for (const customerId of new Set(customerIds)) {
    const invitation = auth.invitations.sign({ campaignId, customerId, expiresAt: until });
    invitations.push({ customerId, invitation, path: invitationPath(slug, invitation) });
    // oxlint-disable-next-line no-await-in-loop -- in slices
    await timers.giveWay();
  }
  return { expiresAt: until, invitations };
}
