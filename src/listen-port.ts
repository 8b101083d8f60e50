// The port that a node listens on: free, and its own alone, before anything else is started.

import { createServer } from 'node:net';
import { StartError } from './start-error.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** With `reusePort` two processes would silently share a port, so it is tried once without. */
export function assertPortFree({ port, host }: Address): Promise<void> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const isBusy = error.code === 'EADDRINUSE';
      const why = isBusy ? 'is in use by another program' : `cannot be used: ${error.message}`;
      reject(
        new StartError(`Port ${port} of ${host} ${why}. Choose another with PORT; PORT=0 takes a free one.`),
      );
    });
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve()));
  });
}

/**
 * Two nodes that start at the same moment both find the port free, and would then share it. A name in the kernel, gone
 * with its process, goes to one of them alone.
 */
export function holdPort({ port, host }: Address): Promise<() => void> {
  if (port === 0 || process.platform !== 'linux') return Promise.resolve(() => undefined);
  const holder = createServer();
  return new Promise((resolve, reject) => {
    holder.once('error', () => {
      const what = `Port ${port} of ${host} is being taken by another node that starts.`;
      reject(new StartError(`${what} Choose another with PORT; PORT=0 takes a free one.`));
    });
    holder.listen(`\0doorbuster ${host} ${port}`, () => resolve(() => void holder.close()));
  });
}

/** How a client on this machine names the host. */
export function hostOfUrl(host: string): string {
  if (['0.0.0.0', '::', '127.0.0.1', '::1'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
