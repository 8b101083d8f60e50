// Signing in and out, for browsers: /sign-in leads to wherever shoppers sign in, and what comes back from there becomes a session.

import { Hono, type Context } from 'hono';
import { callerOf } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import { csrfOf, isSecret } from '../form-secret.ts';
import { nextPage, SHOP_PAGES } from '../next-page.ts';
import { pageHeaders } from '../page-headers.ts';
import { demoSignInPage, localeOf, sampleCustomers, signInNoticePage, type Texts } from '../pages/index.ts';
import { Problem, PROBLEMS } from '../problem.ts';
import { isCustomerId } from '../schemas.ts';
import { PROVIDER_PATH, SESSION_PATH, SIGN_IN_PATH, signInAddress, SIGN_OUT_PATH } from './addresses.ts';
import { readFields } from './csrf.ts';
import { handOver } from './hand-over.ts';
import { providerRoutes } from './provider-routes.ts';
import { readCookie, removeCookie, writeCookie } from './session-cookie.ts';
import { SessionTooLarge, type SignedInShopper } from './session.ts';
import { SignInProblem } from './sign-in-problem.ts';
import { writeSession } from './write-session.ts';

export const SIGN_IN_FORM_BYTES_MAX = 16 * 1024;
const ENTRY_CHARACTERS = 16;
const ENTRY = /^[A-Za-z0-9_-]{22}$/;
const ENTRY_SECONDS = 60 * 60;

/** @param onError hears of bugs */
export function sessionRoutes(app: Hono, context: HttpContext, onError: (error: unknown) => void): void {
  const { auth, demo } = context;
  const routes = new Hono();

  for (const path of [SIGN_IN_PATH, SESSION_PATH, `${SESSION_PATH}/*`])
    routes.use(path, async (c, next) => {
      pageHeaders(c.header.bind(c));
      await next();
    });
  routes.onError((error, c) => answerError(c, context, error, onError));

  routes.get(SIGN_IN_PATH, (c) => {
    const { signInUrl, provider } = context.signIn;
    const next = nextOf(c.req.query('next'));
    const session = auth.sessionOf(callerOf(c));
    if (signInUrl === undefined && provider === undefined && demo)
      return c.html(showDemo(c, context, { next, signedInAs: session?.name }));
    if (session !== undefined) return c.redirect(next, 303);
    // A form led here, and pages let forms lead nowhere else: from here on a link does.
    if (c.req.query('signed-out') !== undefined) throw new SignInProblem('signed_out');
    if (provider !== undefined) return c.redirect(`${PROVIDER_PATH}?next=${encodeURIComponent(next)}`, 303);
    if (signInUrl === undefined) throw new SignInProblem('no_way_in');
    const address = new URL(signInUrl);
    address.searchParams.set('next', next);
    return c.redirect(address.href, 303);
  });

  routes.post(SESSION_PATH, async (c) => {
    const field = await readFields(c, SIGN_IN_FORM_BYTES_MAX);
    const next = nextOf(field('next'));
    if (field('token') !== '') {
      const shopper = await handOver(c, context, field('token'));
      return signedIn(c, context, shopper, next);
    }
    if (!demo) throw new SignInProblem('not_handed_over', 'the form has no `token`.');
    const entry = entryOf(c, auth);
    if (entry === undefined || !auth.isOwnPage(callerOf(c)) || !isSecret(field('csrf'), csrfOf(entry)))
      throw new SignInProblem('foreign_form');
    const sample = sampleCustomers.find(({ customerId }) => customerId === field('sample'));
    const customerId = sample?.customerId ?? field('customer').trim();
    if (!isCustomerId(customerId)) {
      return c.html(showDemo(c, context, { next, signedInAs: undefined, hasBadName: true }), 400);
    }
    removeCookie(c, 'entry', auth.isSecure(callerOf(c)));
    const known = sample ?? sampleCustomers.find((each) => each.customerId === customerId);
    return signedIn(c, context, { customerId, name: known?.name, claims: known?.claims ?? {} }, next);
  });

  routes.post(SIGN_OUT_PATH, async (c) => {
    const field = await readFields(c, SIGN_IN_FORM_BYTES_MAX);
    const caller = callerOf(c);
    const session = auth.sessionOf(caller);
    if (session !== undefined && !isSecret(field('csrf'), csrfOf(session.id)))
      throw new SignInProblem('foreign_sign_out');
    // The form of another site comes without the cookie that its answer would remove.
    if (session !== undefined || auth.isOwnPage(caller)) removeCookie(c, 'session', auth.isSecure(caller));
    return c.redirect(nextOf(field('next')), 303);
  });

  providerRoutes(routes, context);
  app.route('/', routes);
}

const textsOf = (c: Context): Texts => localeOf(c.req.header('accept-language')).texts;

const nextOf = (wanted: string | undefined): string => nextPage(wanted, SHOP_PAGES);

/** Whatever session the browser came with, this is another one. */
function signedIn(c: Context, context: HttpContext, shopper: SignedInShopper, next: string): Response {
  writeSession(c, context, context.auth.sessions.begin(shopper));
  return c.redirect(next, 303);
}

function entryOf(c: Context, auth: HttpContext['auth']): string | undefined {
  const caller = callerOf(c);
  const entry = readCookie(caller, 'entry', auth.isSecure(caller));
  return entry !== undefined && ENTRY.test(entry) ? entry : undefined;
}

function showDemo(
  c: Context,
  { assets, auth, random }: HttpContext,
  view: { next: string; signedInAs: string | undefined; hasBadName?: boolean },
): string | Promise<string> {
  let entry = entryOf(c, auth);
  if (entry === undefined) {
    entry = Buffer.from(random.characters(ENTRY_CHARACTERS), 'latin1').toString('base64url');
    writeCookie(c, 'entry', entry, { secure: auth.isSecure(callerOf(c)), seconds: ENTRY_SECONDS });
  }
  return demoSignInPage(assets, { hasBadName: false, ...view, csrf: csrfOf(entry) }, textsOf(c));
}

function answerError(
  c: Context,
  { assets }: HttpContext,
  error: unknown,
  onError: (error: unknown) => void,
): Response | Promise<Response> {
  pageHeaders(c.header.bind(c));
  const { trouble, message: detail, canBeginAgain, status } = problemOf(error, onError);
  const again = canBeginAgain ? signInAddress(nextOf(c.req.query('next'))) : undefined;
  return c.html(signInNoticePage(assets, { trouble, detail, again }, textsOf(c)), status);
}

function problemOf(error: unknown, onError: (error: unknown) => void): SignInProblem {
  if (error instanceof SignInProblem) return error;
  if (error instanceof SessionTooLarge) return new SignInProblem('not_handed_over', `${error.message}.`);
  if (error instanceof Problem) {
    const { status, detail } = PROBLEMS[error.code];
    const told = error.extra?.['detail'];
    return new SignInProblem('refused', typeof told === 'string' ? told : detail, status);
  }
  onError(error);
  return new SignInProblem('failed');
}
