// What ties a form to the cookie of the browser that its page was made for. Another site can make a browser send a form, but cannot know
// this, and the browser says where the form comes from besides.

import { hash, timingSafeEqual } from 'node:crypto';

/** What forms carry as `csrf`: follows from the secret, and does not lead back to it. @param secret of the cookie */
export const csrfOf = (secret: string): string => hash('sha256', `doorbuster form\0${secret}`, 'base64url');

/** In constant time. */
export function isSecret(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
