// Signing in and out, for browsers: /sign-in leads to wherever shoppers sign in, and what comes back from there becomes a session.

import { Hono, type Context } from 'hono';
import { callerOf } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import { nextPage, SHOP_PAGES } from '../next-page.ts';
import { pageHeaders } from '../page-headers.ts';
import { demoSignInPage, sampleCustomers, signInNoticePage } from '../pages/index.ts';
import { Problem, PROBLEMS } from '../problem.ts';
import { isCustomerId } from '../schemas.ts';
import { PROVIDER_PATH, SESSION_PATH, SIGN_IN_PATH, signInAddress, SIGN_OUT_PATH } from './addresses.ts';
import { csrfOf, isSame, readFields } from './csrf.ts';
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
  const { demo } = context;
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
    const session = context.auth.sessionOf(callerOf(c));
    if (signInUrl === undefined && provider === undefined && demo)
      return c.html(showDemo(c, context, { next, signedInAs: session?.name }));
    if (session !== undefined) return c.redirect(next, 303);
    if (provider !== undefined) return c.redirect(`${PROVIDER_PATH}?next=${encodeURIComponent(next)}`, 303);
    if (signInUrl === undefined)
      throw new SignInProblem(
        404,
        'Come through the shop’s door',
        'This shop signs its customers in at its own site and leads them here from there. Open the sale from the shop’s site.',
        { again: false },
      );
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
    if (!demo)
      throw new SignInProblem(
        400,
        'Nobody was signed in',
        'The form has no `token`: the shop’s page sends it.',
      );
    const entry = entryOf(c, demo);
    if (
      entry === undefined ||
      !context.auth.isOwnPage(callerOf(c)) ||
      !isSame(field('csrf'), csrfOf({ id: entry }))
    )
      throw new SignInProblem(
        403,
        'This form is of another page',
        'Nobody was signed in. Load the sign-in page again, allow cookies for this address, and send it from there.',
      );
    const sample = sampleCustomers.find(({ customerId }) => customerId === field('sample'));
    const customerId = sample?.customerId ?? field('customer').trim();
    if (!isCustomerId(customerId)) {
      const error = 'Type a name of 1 to 128 characters.';
      return c.html(showDemo(c, context, { next, signedInAs: undefined, error }), 400);
    }
    removeCookie(c, 'entry', demo);
    const known = sample ?? sampleCustomers.find((each) => each.customerId === customerId);
    return signedIn(c, context, { customerId, name: known?.name, claims: known?.claims ?? {} }, next);
  });

  routes.post(SIGN_OUT_PATH, async (c) => {
    const field = await readFields(c, SIGN_IN_FORM_BYTES_MAX);
    const session = context.auth.sessionOf(callerOf(c));
    if (session !== undefined && !isSame(field('csrf'), csrfOf(session)))
      throw new SignInProblem(
        403,
        'This form is not of your session',
        'You are still signed in. Load the page again and sign out from there.',
        { again: false },
      );
    removeCookie(c, 'session', demo);
    return c.redirect(nextOf(field('next')), 303);
  });

  providerRoutes(routes, context);
  app.route('/', routes);
}

const nextOf = (wanted: string | undefined): string => nextPage(wanted, SHOP_PAGES);

/** Whatever session the browser came with, this is another one. */
function signedIn(c: Context, context: HttpContext, shopper: SignedInShopper, next: string): Response {
  writeSession(c, context, context.auth.sessions.begin(shopper));
  return c.redirect(next, 303);
}

function entryOf(c: Context, demo: boolean): string | undefined {
  const entry = readCookie(callerOf(c), 'entry', demo);
  return entry !== undefined && ENTRY.test(entry) ? entry : undefined;
}

function showDemo(
  c: Context,
  { assets, random, demo }: HttpContext,
  view: { next: string; signedInAs: string | undefined; error?: string },
): string | Promise<string> {
  let entry = entryOf(c, demo);
  if (entry === undefined) {
    entry = Buffer.from(random.characters(ENTRY_CHARACTERS), 'latin1').toString('base64url');
    writeCookie(c, 'entry', entry, { demo, seconds: ENTRY_SECONDS });
  }
  return demoSignInPage(assets, { error: undefined, ...view, csrf: csrfOf({ id: entry }) });
}

function answerError(
  c: Context,
  { assets }: HttpContext,
  error: unknown,
  onError: (error: unknown) => void,
): Response | Promise<Response> {
  pageHeaders(c.header.bind(c));
  const { status, title, message, again } = problemOf(error, onError);
  const next = nextOf(c.req.query('next'));
  const link = again
    ? { address: signInAddress(next), label: 'Sign in again' }
    : { address: '/', label: 'To the shop' };
  return c.html(signInNoticePage(assets, { title, text: message, link }), status);
}

function problemOf(error: unknown, onError: (error: unknown) => void): SignInProblem {
  if (error instanceof SignInProblem) return error;
  if (error instanceof SessionTooLarge)
    return new SignInProblem(
      400,
      'Nobody was signed in',
      `This is a mistake of the shop’s: ${error.message}.`,
    );
  if (error instanceof Problem) {
    const { status, title, detail } = PROBLEMS[error.code];
    const told = error.extra?.['detail'];
    return new SignInProblem(status, title, typeof told === 'string' ? told : detail);
  }
  onError(error);
  return new SignInProblem(
    503,
    'This did not work just now',
    'Nobody was signed in. Try again in a few seconds.',
  );
}
