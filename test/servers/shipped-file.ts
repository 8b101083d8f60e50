// The files of deploy/, which the servers of the tests are started with: none of them is written anew for a test.

import { chmodSync, copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const EVERYBODY_READS = 0o644;

/** @param name from deploy/, such as `nats/server.conf` */
export const shippedFile = (name: string): string =>
  fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url));

/** The same bytes in a folder of the test: a server that runs as another user may not look into this checkout. */
export function readableShippedFile(name: string, folder: string): string {
  const copy = join(folder, basename(name));
  copyFileSync(shippedFile(name), copy);
  chmodSync(copy, EVERYBODY_READS);
  return copy;
}
