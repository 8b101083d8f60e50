// Who is signed in to the CMS, and what they may do. A role includes all that the ones before it may.

import { USER_ROLES, type UserRole } from '../../persistence/index.ts';

export interface CmsSession {
  readonly user: {
    readonly id: string;
    readonly name: string;
    readonly email: string;
    readonly role: UserRole;
  };
  /** Stands in the hidden field `csrf` of every form. */
  readonly csrf: string;
  /** Payments that wait for a person; undefined while nobody can say. */
  readonly reviewsWaiting?: number | undefined;
}

/** Campaigns and products, while they are drafts. */
export const mayEdit = (role: UserRole): boolean => includes(role, 'editor');
/** What shoppers see and buy: publishing, pausing, cancelling, stock. */
export const mayPublish = (role: UserRole): boolean => includes(role, 'publisher');

export const includes = (role: UserRole, needed: UserRole): boolean =>
  USER_ROLES.indexOf(role) >= USER_ROLES.indexOf(needed);

declare module 'hono' {
  interface ContextVariableMap {
    /** Set by signed-in.ts on everything behind the sign-in. */
    readonly cms: CmsSession;
    /** Set there, too: looks the account up again after something that took long. Throws CmsProblem when it may less than before. */
    readonly lookAgain: () => Promise<void>;
  }
}
