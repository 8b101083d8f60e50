// Who may see and do what in the CMS.

import type { Context } from 'hono';
import type { UserRole } from '../../persistence/index.ts';
import { CmsProblem } from './cms-problem.ts';
import { includes } from './cms-session.ts';

export { includes, mayEdit, mayPublish, type CmsSession } from './cms-session.ts';

const NEEDED_TEXTS: Readonly<Record<UserRole, string>> = {
  viewer: 'viewer',
  editor: 'editor or publisher',
  publisher: 'publisher',
};

/** @throws CmsProblem that says which role is needed */
export function requireRole(c: Context, needed: UserRole): void {
  const { role } = c.get('cms').user;
  if (includes(role, needed)) return;
  throw new CmsProblem(
    403,
    'Your role does not allow this',
    `This needs the role ${NEEDED_TEXTS[needed]}; yours is ${role}. Whoever runs this shop’s nodes can change it: doorbuster user role. Nothing was changed.`,
  );
}
