// Puts a session into the browser of a request.

import type { Context } from 'hono';
import type { HttpContext } from '../context.ts';
import { writeCookie } from './session-cookie.ts';
import type { Session } from './session.ts';

/** @throws SessionTooLarge */
export function writeSession(
  c: Context,
  { auth, clock, demo }: Pick<HttpContext, 'auth' | 'clock' | 'demo'>,
  session: Session,
): void {
  const seconds = (session.expiresAt - clock.now()) / 1_000;
  writeCookie(c, 'session', auth.sessions.sign(session), { demo, seconds });
}
