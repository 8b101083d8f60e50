// The session of a shopper's browser: all of it stands in a signed cookie, so that every node can read it and none has to keep it.
// What that costs: a session ends in the browser that signs out, at its hour, or when SESSION_SECRET becomes another, and not before.

import type { Clock, Random } from '../../runtime/index.ts';
import type { Invitation } from '../invitations.ts';
import { isCustomerId } from '../schemas.ts';
import { ClaimsSigner } from '../signed-claims.ts';

export interface Session {
  /** Random: a new one at each sign-in, so that nobody can know it before. Forms carry what follows from it. */
  readonly id: string;
  readonly customerId: string;
  /** For the page; the customer's id where the shop told none. */
  readonly name: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Of this customer; each counts until its own hour. */
  readonly invitations: readonly CampaignInvitation[];
  /** Ids of the campaigns whose invitations count when the session is read. */
  readonly invitedTo: readonly string[];
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export type CampaignInvitation = Pick<Invitation, 'campaignId' | 'expiresAt'>;

export const SESSION_MS_MAX = 12 * 60 * 60 * 1_000;
/** With its name and attributes a cookie may have 4,096 in every browser. */
export const SESSION_CHARACTERS_MAX = 3_800;
export const SESSION_CLAIMS_BYTES_MAX = 1_024;
export const SESSION_INVITATIONS_MAX = 20;
const NAME_CHARACTERS_MAX = 64;
const ID_CHARACTERS = 16;
const NO_INVITATIONS: readonly CampaignInvitation[] = [];
const NOWHERE: readonly string[] = [];

/** The shop says more of a shopper than a cookie has room for. */
export class SessionTooLarge extends Error {
  override readonly name = 'SessionTooLarge';
}

export interface SignedInShopper {
  readonly customerId: string;
  readonly name: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

export class Sessions {
  readonly #signer: ClaimsSigner;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lifeMs: number;

  constructor(secret: string, clock: Clock, random: Random, lifeMs: number = SESSION_MS_MAX) {
    this.#signer = new ClaimsSigner(secret, 'session 1', SESSION_CHARACTERS_MAX, clock);
    this.#clock = clock;
    this.#random = random;
    this.#lifeMs = Math.min(lifeMs, SESSION_MS_MAX);
  }

  /** Always a new one. */
  begin({ customerId, name, claims }: SignedInShopper): Session {
    return {
      id: Buffer.from(this.#random.characters(ID_CHARACTERS), 'latin1').toString('base64url'),
      customerId,
      name: (name ?? customerId).slice(0, NAME_CHARACTERS_MAX).toWellFormed(),
      claims,
      invitations: [],
      invitedTo: [],
      expiresAt: this.#clock.now() + this.#lifeMs,
    };
  }

  /** The same session, with an invitation more; the oldest ones make room. */
  invited(session: Session, { campaignId, expiresAt }: CampaignInvitation): Session {
    const others = session.invitations.filter((invitation) => invitation.campaignId !== campaignId);
    const invitations = [...others, { campaignId, expiresAt }].slice(-SESSION_INVITATIONS_MAX);
    return { ...session, invitations, invitedTo: invitations.map((invitation) => invitation.campaignId) };
  }

  /** @throws SessionTooLarge */
  sign({ id, customerId, name, claims, invitations, expiresAt }: Session): string {
    const bytes = Buffer.byteLength(JSON.stringify(claims));
    if (bytes > SESSION_CLAIMS_BYTES_MAX)
      throw new SessionTooLarge(
        `the token’s claims have ${bytes} bytes, and a session holds ${SESSION_CLAIMS_BYTES_MAX} at most: hand over only claims that campaigns ask for`,
      );
    const exp = Math.floor(expiresAt / 1_000);
    const inv = invitations.map((invitation) => [
      invitation.campaignId,
      Math.floor(invitation.expiresAt / 1_000),
    ]);
    const token = this.#signer.sign({ sid: id, sub: customerId, name, claims, inv, exp });
    if (token.length > SESSION_CHARACTERS_MAX)
      throw new SessionTooLarge(
        `the session would have ${token.length} characters, and a cookie holds ${SESSION_CHARACTERS_MAX} at most: hand over fewer claims`,
      );
    return token;
  }

  /** @returns undefined for one that is forged, broken or out of date */
  read(token: string): Session | undefined {
    const signed = this.#signer.read(token);
    if (signed === undefined) return undefined;
    const { sid: id, sub: customerId, name, claims, inv, exp } = signed;
    if (typeof id !== 'string' || !isCustomerId(customerId) || typeof name !== 'string') return undefined;
    if (typeof claims !== 'object' || claims === null || !Array.isArray(inv)) return undefined;
    const invitations = this.#thatCount(inv);
    return {
      id,
      customerId,
      name,
      claims: claims as Session['claims'],
      invitations,
      invitedTo: invitations.length === 0 ? NOWHERE : invitations.map(({ campaignId }) => campaignId),
      expiresAt: exp * 1_000,
    };
  }

  /** @param inv pairs of a campaign and its epoch seconds, as this class signed them */
  #thatCount(inv: readonly unknown[]): readonly CampaignInvitation[] {
    if (inv.length === 0) return NO_INVITATIONS;
    return (inv as [campaignId: string, seconds: number][])
      .map(([campaignId, seconds]) => ({ campaignId, expiresAt: seconds * 1_000 }))
      .filter(({ expiresAt }) => expiresAt > this.#clock.now());
  }
}
