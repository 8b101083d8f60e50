// Puts a session into the browser of a request.

import type { Context } from 'hono';
import { callerOf } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import { writeCookie } from './session-cookie.ts';
import type { Session } from './session.ts';

/** @throws SessionTooLarge */
export function writeSession(
  c: Context,
  { auth, clock }: Pick<HttpContext, 'auth' | 'clock'>,
  session: Session,
): void {
  const seconds = (session.expiresAt - clock.now()) / 1_000;
  const secure = auth.isSecure(callerOf(c));
  writeCookie(c, 'session', auth.sessions.sign(session), { secure, seconds });
}
