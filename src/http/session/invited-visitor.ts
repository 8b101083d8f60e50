// Links with an invitation, /c/{slug}?invitation=…: opened by the customer whom it names, it becomes part of their session and leaves
// the address, so that it is not passed on with it. To everybody else such an address is the one without the invitation.

import type { Context } from 'hono';
import type { Door } from '../../persistence/index.ts';
import type { Visitor } from '../auth.ts';
import type { HttpContext } from '../context.ts';
import { writeSession } from './write-session.ts';

type Ports = Pick<HttpContext, 'auth' | 'clock'>;

/** The visitor of the request, with the invitation of its address. @throws Problem unauthenticated, forbidden */
export async function invitedVisitor(c: Context, { auth }: Ports): Promise<Visitor> {
  const visitor = await auth.visitor(c);
  const brought = c.req.query('invitation');
  if (visitor === undefined || brought === undefined) return visitor;
  return auth.invited(visitor, brought);
}

/**
 * @param door one that opens for `invitedVisitor`
 * @returns the way to the address without the invitation, when the session took it in; undefined: there is none, or not for this one
 */
export async function acceptInvitation(
  c: Context,
  ports: Ports,
  door: Pick<Door, 'campaignId' | 'slug'>,
): Promise<Response | undefined> {
  const { auth } = ports;
  const brought = c.req.query('invitation');
  if (brought === undefined) return undefined;
  const session = (await auth.visitor(c))?.session;
  const invitation = auth.invitations.read(brought);
  if (session === undefined || invitation === undefined) return undefined;
  if (invitation.customerId !== session.customerId || invitation.campaignId !== door.campaignId)
    return undefined;
  writeSession(c, ports, auth.sessions.invited(session, invitation));
  c.header('Cache-Control', 'no-store');
  return c.redirect(`/c/${door.slug}`, 303);
}
