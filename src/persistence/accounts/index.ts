// People who work in the CMS, and their sessions.

export { DEVICE_MS_MAX, Devices } from './devices.ts';
export { passwordFault, PASSWORD_MAX, PASSWORD_MIN } from './password.ts';
export { HasherBusy, HASHES_WAITING_MAX, PasswordHasher } from './password-hasher.ts';
export { SESSION_IDLE_MS_MAX, SESSION_MS_MAX, Sessions, SESSIONS_PER_USER_MAX } from './sessions.ts';
export { EMAIL_CHARACTERS_MAX, SignIn, type SignedIn, type SignInTry } from './sign-in.ts';
export { LOCKED_MS, TRIES_PER_ADDRESS_MAX, TRIES_PER_EMAIL_MAX } from './sign-in-tries.ts';
export { USER_ROLES, type User, type UserRole } from './user.ts';
export {
  USERS_MAX,
  Users,
  type AccountPorts,
  type NewUser,
  type UserAdded,
  type UserChange,
} from './users.ts';
