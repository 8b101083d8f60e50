// The files of deploy/, which the servers of the tests are started with: none of them is written anew for a test.

import { fileURLToPath } from 'node:url';

/** @param name from deploy/, such as `nats/server.conf` */
export const shippedFile = (name: string): string =>
  fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url));
