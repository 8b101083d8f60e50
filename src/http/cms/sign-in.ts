// Signing in and out. The session is always a new one: what cookie the browser came with does not matter, but that session ends.

import type { Context, Hono } from 'hono';
import { LOCKED_MS, type SignedIn } from '../../persistence/index.ts';
import type { HttpContext } from '../context.ts';
import { signInPage } from '../pages/cms/index.ts';
import { CmsProblem } from './cms-problem.ts';
import { readFormOf } from './form.ts';
import { tooBusy } from './gate.ts';
import { CMS_PAGES, nextPage } from '../next-page.ts';
import { csrfOf } from '../form-secret.ts';
import { isSecure, readCookie, removeCookie, writeCookie } from './session-cookie.ts';

const SIGN_IN_BYTES_MAX = 8 * 1024;
const ENTRY_BYTES = 16;
const ENTRY = /^[A-Za-z0-9_-]{22}$/;

export function signInRoutes(
  cms: Hono,
  { assets, clock, random, demo, addresses, cms: own }: HttpContext,
): void {
  const { sessions, signIn } = own!;

  const entryOf = (c: Context): string | undefined => {
    const entry = readCookie(c, 'entry', demo);
    return entry !== undefined && ENTRY.test(entry) ? entry : undefined;
  };

  const show = (
    c: Context,
    { email = '', next = c.req.query('next'), error }: { email?: string; next?: string; error?: string },
  ): string | Promise<string> => {
    let entry = entryOf(c);
    if (entry === undefined) {
      entry = Buffer.from(random.characters(ENTRY_BYTES), 'latin1').toString('base64url');
      writeCookie(c, 'entry', entry, demo);
    }
    const signedOut = c.req.query('signed-out') !== undefined && error === undefined;
    const view = { email, next: nextPage(next, CMS_PAGES), csrf: csrfOf(entry), error, signedOut, demo };
    return signInPage(assets, view);
  };

  cms.get('/cms/sign-in', async (c) => {
    const token = readCookie(c, 'session', demo);
    const user = token === undefined ? undefined : await sessions.find(token);
    if (user !== undefined) return c.redirect(nextPage(c.req.query('next'), CMS_PAGES), 303);
    return c.html(show(c, {}));
  });

  cms.post('/cms/sign-in', async (c) => {
    const entry = entryOf(c);
    if (entry === undefined) throw noCookie(isSecure(c, demo));
    const form = await readFormOf(c, csrfOf(entry), SIGN_IN_BYTES_MAX);
    const [email, password, next] = [form.fields('email'), form.fields('password'), form.fields('next')];
    if (email.trim() === '' || password === '')
      return c.html(show(c, { email, next, error: 'Type your e-mail and your password.' }), 400);
    const tried = await signIn.attempt({
      email,
      password,
      address: addresses.ofContext(c),
      device: readCookie(c, 'device', demo),
    });
    if (tried.outcome === 'busy') throw tooBusy();
    if (tried.outcome !== 'signed_in') {
      const { status, error, retryAfterSeconds } = refusalOf(tried, clock.now());
      if (retryAfterSeconds !== undefined) c.header('Retry-After', String(retryAfterSeconds));
      return c.html(show(c, { email, next, error }), status);
    }
    const before = readCookie(c, 'session', demo);
    if (before !== undefined) await sessions.end(before);
    writeCookie(c, 'session', tried.token, demo);
    writeCookie(c, 'device', tried.device, demo);
    removeCookie(c, 'entry', demo);
    return c.redirect(nextPage(next, CMS_PAGES), 303);
  });

  cms.post('/cms/sign-out', async (c) => {
    const token = readCookie(c, 'session', demo);
    if (token !== undefined && (await sessions.find(token)) !== undefined) {
      await readFormOf(c, csrfOf(token), SIGN_IN_BYTES_MAX);
      await sessions.end(token);
    }
    removeCookie(c, 'session', demo);
    return c.redirect('/cms/sign-in?signed-out', 303);
  });
}

function refusalOf(
  tried: Exclude<SignedIn, { outcome: 'signed_in' | 'busy' }>,
  now: number,
): { status: 401 | 403 | 429; error: string; retryAfterSeconds?: number } {
  switch (tried.outcome) {
    case 'wrong':
      return {
        status: 401,
        error:
          `E-mail or password is wrong. ${tried.triesLeft === 1 ? 'One try is' : `${tried.triesLeft} tries are`} left, ` +
          `then this e-mail is locked for ${LOCKED_MS / 60_000} minutes.`,
      };
    case 'disabled':
      return {
        status: 403,
        error:
          'This account is disabled. Whoever runs this shop’s nodes can enable it: doorbuster user enable.',
      };
    case 'locked': {
      const minutes = Math.max(1, Math.ceil((tried.endsAt - now) / 60_000));
      return {
        status: 429,
        error: `Too many failed tries. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}; until then the right password is refused, too.`,
        retryAfterSeconds: Math.max(1, Math.ceil((tried.endsAt - now) / 1_000)),
      };
    }
  }
}

const noCookie = (isSecureOnly: boolean): CmsProblem =>
  new CmsProblem(
    400,
    'Your browser sent no cookie back',
    `Nobody was signed in. Allow cookies for this address, load the sign-in page again and repeat it.${
      isSecureOnly
        ? ' Outside demo mode the address must begin with https://, except on the node’s own machine.'
        : ''
    }`,
  );
