// The people who work in the CMS, for whoever has the admin token. Passwords come in and never go out.

import type { Hono } from 'hono';
import type * as z from 'zod';
import { HasherBusy, passwordFault, type User, type Users } from '../persistence/index.ts';
import type { HttpContext } from './context.ts';
import { invalid, Problem } from './problem.ts';
import { parse, readJson } from './request.ts';
import { AddUser, ChangeUser, Email, type User as UserView } from './user-schemas.ts';

/** Behind the admin token: admin-routes.ts checks it for all of /v1/admin. */
export function userRoutes(app: Hono, { cms, limits }: HttpContext): void {
  app.get('/v1/admin/users', async (c) => c.json({ users: (await usersOf(cms).list()).map(viewOf) }));

  app.post('/v1/admin/users', async (c) => {
    const user = await readJson(c, AddUser, limits.adminBytesMax);
    checkPassword(user.password, user.email);
    const added = await unlessBusy(usersOf(cms).add(user));
    if (added.outcome !== 'added')
      throw new Problem(added.outcome === 'too_many' ? 'too_many_users' : 'email_taken');
    c.header('Location', `/v1/admin/users/${encodeURIComponent(added.user.email)}`);
    return c.json(viewOf(added.user), 201);
  });

  app.patch('/v1/admin/users/:email', async (c) => {
    const email = parse(Email, c.req.param('email'), 'email');
    const change = await readJson(c, ChangeUser, limits.adminBytesMax);
    if (change.password !== undefined) checkPassword(change.password, email);
    const changed = await unlessBusy(usersOf(cms).change(email, change));
    if (changed === undefined) throw new Problem('not_found', { detail: `Nobody has the e-mail ${email}.` });
    return c.json(viewOf(changed));
  });
}

function usersOf(cms: HttpContext['cms']): Users {
  if (cms === undefined) throw new Problem('unavailable');
  return cms.users;
}

function checkPassword(password: string, email: string): void {
  const fault = passwordFault(password, email);
  if (fault !== undefined) throw invalid('password', fault);
}

async function unlessBusy<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof HasherBusy ? new Problem('overloaded') : error;
  }
}

const viewOf = ({ createdAt, ...user }: User): z.input<typeof UserView> => ({
  ...user,
  createdAt: new Date(createdAt).toISOString(),
});
