// For people: carries out the Dockerfile's steps in a clean folder, starts what the image starts, asks its health check, and removes
// everything. Ends with 1 when a step fails or the node does not become well.
//
//   npx node test/deploy/run-image.ts

import { randomBytes } from 'node:crypto';
import { waitUntil } from '../harness/wait-until.ts';
import { freePort } from '../servers/free-port.ts';
import { Image } from './image.ts';

const drawn = (): string => randomBytes(24).toString('base64url');

const image = Image.build((step) => console.log(step));
const env = {
  PORT: String(await freePort()),
  HOST: '127.0.0.1',
  ADMIN_TOKEN: drawn(),
  AUTH_SECRET: drawn(),
};
const node = image.run(image.stage.command, { env });
node.stdout!.pipe(process.stdout);
node.stderr!.pipe(process.stderr);
const ended = new Promise<number | null>((resolve) => node.once('exit', resolve));
try {
  await waitUntil('the node is well', async () => {
    if (node.exitCode !== null) return true;
    const check = image.run(image.stage.healthcheck, { env });
    return (await new Promise((resolve) => check.once('exit', resolve))) === 0;
  });
  const wasWell = node.exitCode === null;
  console.log(wasWell ? 'The health check finds the node well.' : 'The node ended.');
  node.kill('SIGTERM');
  process.exitCode = (await ended) === 0 && wasWell ? 0 : 1;
} finally {
  node.kill('SIGKILL');
  await ended;
  image.remove();
}
