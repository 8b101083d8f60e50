// Debian's Chromium, which shows pages to the tests.

import { existsSync } from 'node:fs';
import { installPackage } from './package.ts';

export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Installed when it is missing and that is possible. */
export function assertChromium(): void {
  if (existsSync(CHROMIUM)) return;
  if (process.env['CHROMIUM'] !== undefined)
    throw new Error(`CHROMIUM names ${CHROMIUM}, which is not there.`);
  installPackage('chromium', 'The tests of pages need Chromium.');
}
