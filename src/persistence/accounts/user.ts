// A person who works in the CMS.

/** From the least: each may do all that the ones before it may. */
export const USER_ROLES = ['viewer', 'editor', 'publisher'] as const;
export type UserRole = (typeof USER_ROLES)[number];

export interface User {
  readonly id: string;
  /** In lower case. */
  readonly email: string;
  readonly name: string;
  readonly role: UserRole;
  readonly disabled: boolean;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export const isUserRole = (text: string): text is UserRole =>
  (USER_ROLES as readonly string[]).includes(text);
