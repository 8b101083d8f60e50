// Who may see and do what in the CMS. Everything behind the sign-in has `c.get('cms')`; the account is looked up for each request, so
// that another role, a changed password or the end of a session holds from the next one on.

import type { Context, Hono } from 'hono';
import type { UserRole } from '../../persistence/index.ts';
import type { HttpContext } from '../context.ts';
import { CmsProblem } from './cms-problem.ts';
import { includes } from './cms-session.ts';
import { changesNothing } from '../caller.ts';
import { csrfOf } from '../form-secret.ts';
import { readCookie, removeCookie } from './session-cookie.ts';

export { includes, mayEdit, mayPublish, type CmsSession } from './cms-session.ts';

/** Routes that are added later are behind it. */
export function signedIn(cms: Hono, { demo, cms: own, risk }: HttpContext): void {
  cms.use('/cms/*', async (c, next) => {
    const token = readCookie(c, 'session', demo);
    const user = token === undefined ? undefined : await own!.sessions.find(token);
    if (user === undefined) {
      if (token !== undefined) removeCookie(c, 'session', demo);
      return toSignIn(c);
    }
    const { id, name, email, role } = user;
    const csrf = csrfOf(token!);
    // Beside the place that leads to them, on whatever page this becomes.
    const reviewsWaiting = await risk?.decisions.countOpen().catch(() => undefined);
    c.set('cms', { user: { id, name, email, role }, csrf, reviewsWaiting });
    c.set('lookAgain', async () => {
      const now = await own!.sessions.find(token!);
      if (now === undefined || now.id !== id) throw signedOut();
      const user = { id, name: now.name, email: now.email, role: now.role };
      c.set('cms', { user, csrf, reviewsWaiting });
      // What was asked of the role before stands, if it has not become less.
      requireRole(c, role);
    });
    await next();
    if (!changesNothing(c.req.method) && c.res.status < 400 && !c.get('csrfChecked'))
      throw new Error(`${c.req.path} took a form past readForm`);
  });
}

function toSignIn(c: Context): Response {
  if (changesNothing(c.req.method)) {
    const { pathname, search } = new URL(c.req.url);
    const next = pathname + search;
    return c.redirect(
      next === '/cms' ? '/cms/sign-in' : `/cms/sign-in?next=${encodeURIComponent(next)}`,
      303,
    );
  }
  throw signedOut();
}

const signedOut = (): CmsProblem =>
  new CmsProblem(
    401,
    'You are signed out',
    'Nothing was changed. Your browser’s Back button shows what you typed: keep a copy of it, sign in, and send it from a page that was loaded after that.',
  );

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
