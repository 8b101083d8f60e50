// One secret makes many: what is signed for one purpose is worth nothing for another, nor as a token of the shop.

import { hkdfSync } from 'node:crypto';

const BYTES = 32;

/** @param purpose with a version: what is signed in another form needs another one */
export function derivedSecret(secret: string, purpose: string): string {
  return Buffer.from(hkdfSync('sha256', secret, '', `doorbuster ${purpose}`, BYTES)).toString('base64url');
}
