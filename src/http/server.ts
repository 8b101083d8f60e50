// One thread's listener. The kernel spreads connections over the threads that listen on the same port; where the system
// cannot do that, only the first thread listens.

import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { PROBLEMS, problemBody, type ProblemCode } from './problem.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  readonly headerBytesMax: number;
}

export interface Listener {
  readonly port: number;
  /** Takes no new connections; resolves when the open requests are answered. */
  stop(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;
const CONNECTIONS_MAX = 20_000;
/** Event streams never end by themselves. */
const STOP_GRACE_MS = 8_000;

export function listen(app: Hono, options: ListenOptions): Promise<Listener> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: {
      maxHeaderSize: options.headerBytesMax,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
  }) as Server;
  server.maxConnections = CONNECTIONS_MAX;
  server.on('clientError', refuseMalformed);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const { host, port, reusePort } = options;
    server.listen({ host, port, reusePort, backlog: 4_096 }, () => {
      server.off('error', reject);
      resolve({ port: (server.address() as AddressInfo).port, stop: () => stop(server) });
    });
  });
}

export const supportsReusePort = process.platform === 'linux' || process.platform === 'freebsd';

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await closed;
  clearTimeout(timer);
}

/** What is not even HTTP gets an answer that says so. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const isTooLong = error.code === 'HPE_HEADER_OVERFLOW';
  const code: ProblemCode = isTooLong ? 'payload_too_large' : 'invalid_request';
  const detail = isTooLong ? 'The request’s headers are too large.' : `The request is not HTTP: ${error.message}`;
  const body = problemBody(code, { status: isTooLong ? 431 : 400, detail });
  const reason = isTooLong ? '431 Request Header Fields Too Large' : `400 ${PROBLEMS[code].title}`;
  socket.end(
    `HTTP/1.1 ${reason}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
