// Invitations: links that let one customer into one campaign. Anybody may read one; only this server can make one, and it opens
// nothing to anybody but the customer that it names.

import type { Clock } from '../runtime/index.ts';
import { isCustomerId } from './schemas.ts';
import { ClaimsSigner } from './signed-claims.ts';

export interface Invitation {
  readonly campaignId: string;
  readonly customerId: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export const INVITATION_CHARACTERS_MAX = 1_024;

export class Invitations {
  readonly #signer: ClaimsSigner;

  constructor(secret: string, clock: Clock) {
    this.#signer = new ClaimsSigner(secret, 'invitation 1', INVITATION_CHARACTERS_MAX, clock);
  }

  sign({ campaignId, customerId, expiresAt }: Invitation): string {
    return this.#signer.sign({ cmp: campaignId, sub: customerId, exp: Math.floor(expiresAt / 1_000) });
  }

  /** @returns undefined for one that is forged, broken or out of date */
  read(token: string): Invitation | undefined {
    const claims = this.#signer.read(token);
    if (claims === undefined) return undefined;
    const { cmp: campaignId, sub: customerId, exp } = claims;
    if (typeof campaignId !== 'string' || !isCustomerId(customerId)) return undefined;
    return { campaignId, customerId, expiresAt: exp * 1_000 };
  }
}

/** The address to open, at this server. */
export const invitationPath = (slug: string, invitation: string): string =>
  `/c/${slug}?invitation=${invitation}`;
