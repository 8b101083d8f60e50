// The shapes of calls about the people who work in the CMS.

import * as z from 'zod';
import { EMAIL_CHARACTERS_MAX, PASSWORD_MAX, USER_ROLES, USERS_MAX } from '../persistence/index.ts';
import { isPlainText } from '../actors/index.ts';

const NAME_CHARACTERS_MAX = 100;

export const Email = z
  .string()
  .trim()
  .max(EMAIL_CHARACTERS_MAX)
  .regex(/^[^\s@]{1,64}@[^\s@]+\.[^\s@]+$/, 'must be an e-mail address, as ada@example.com')
  .refine((email) => isPlainText(email), 'must be well-formed text without control characters')
  .meta({ id: 'Email', description: 'In any case; kept in lower case.', example: 'ada@example.com' });

const Name = z
  .string()
  .trim()
  .min(1)
  .max(NAME_CHARACTERS_MAX)
  .refine((name) => isPlainText(name), 'must be well-formed text without control characters')
  .meta({ description: 'As colleagues see it.', example: 'Ada Lovelace' });

const Role = z.enum(USER_ROLES).meta({
  id: 'UserRole',
  description:
    'viewer looks; editor also writes campaigns and products; publisher also publishes, pauses, cancels and changes stock.',
});

const Password = z
  .string()
  .max(PASSWORD_MAX)
  .meta({ description: 'At least 12 characters. It is kept as an argon2id hash and never told.' });

export const AddUser = z
  .strictObject({ email: Email, name: Name, role: Role, password: Password })
  .meta({ id: 'AddUser' });

export const ChangeUser = z
  .strictObject({
    name: Name.optional(),
    role: Role.optional(),
    disabled: z.boolean().optional(),
    password: Password.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'names nothing to change')
  .meta({ id: 'ChangeUser', description: 'What is left out stays as it is.' });

export const User = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    role: Role,
    disabled: z.boolean(),
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'User' });

export const UserList = z.object({ users: z.array(User).max(USERS_MAX) }).meta({ id: 'UserList' });
