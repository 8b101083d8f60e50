// People who work in the CMS, and their sessions.

export { USER_ROLES, type User, type UserRole } from './user.ts';
