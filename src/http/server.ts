// One thread's listener. The kernel spreads connections over the threads that listen on the same port; where the system
// cannot do that, only the first thread listens.

import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ClientAddresses } from './client-address.ts';
import { Cors } from './cors.ts';
import { problemAnswer, problemBody, type ProblemCode } from './problem.ts';
import { isPlainPurchase, servePurchase, type Purchase } from './purchase.ts';
import { BROKEN_TARGET_CHARACTERS_MAX, isBrokenTarget } from './request-target.ts';
import type { CampaignLook } from './shop/index.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  readonly headerBytesMax: number;
  /** Of shops' own front ends. */
  readonly corsOrigins?: readonly string[];
  /** For tests, which do not wait so long. */
  readonly silentMsMax?: number;
}

/** Where plain purchases and looks at campaigns go, past the app. */
export interface Shortcut {
  readonly purchase: Purchase;
  readonly look: CampaignLook;
  readonly addresses: ClientAddresses;
  /** The longest body that is plain. */
  readonly bytesMax: number;
}

export interface Listener {
  readonly port: number;
  /** Takes no new connections; resolves when the open requests are answered. */
  stop(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CONNECTIONS_CHECK_MS = 1_000;
const KEEP_ALIVE_MS = 65_000;
/** Nothing has come or gone for so long: a reader that takes nothing holds its answer, and somebody else's place. */
const SILENT_MS_MAX = 120_000;
const CONNECTIONS_MAX = 20_000;
/** For requests under way. Event streams end by themselves when the node stops. */
const STOP_GRACE_MS = 8_000;
const IDLE_CHECK_MS = 50;
/** For a refused client to read why; then its connection ends, whether it closes its own side or not. */
const REFUSED_GRACE_MS = 1_000;

export function listen(app: Hono, options: ListenOptions, shortcut?: Shortcut): Promise<Listener> {
  const byApp = getRequestListener(app.fetch, { errorHandler: refuseTarget });
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (isBrokenTarget(incoming.url ?? '')) refuseBroken(outgoing);
    else void byApp(incoming, outgoing);
  };
  const cors = new Cors(options.corsOrigins ?? []);
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (cors.answers(incoming, outgoing)) return;
    if (shortcut !== undefined && isPlainPurchase(incoming, shortcut.bytesMax))
      servePurchase(shortcut.purchase, shortcut.addresses, incoming, outgoing);
    else if (!shortcut?.look.serve(incoming, outgoing)) answer(incoming, outgoing);
  };
  const serverOptions = {
    maxHeaderSize: options.headerBytesMax,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // How often Node looks for the two above; by itself every half minute.
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    // A missing Host is answered like a wrong one, below.
    requireHostHeader: false,
  };
  const server = createServer(serverOptions, serve);
  // Expectations that nobody knows may be left unmet; Node would refuse the request without a word.
  server.on('checkExpectation', answer);
  server.timeout = options.silentMsMax ?? SILENT_MS_MAX;
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
  // Those that are busy now fall idle one by one, and Node would keep them for the client's next request.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const timer = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}

function refuseBroken(outgoing: ServerResponse): void {
  const detail = `The request’s address has more than ${BROKEN_TARGET_CHARACTERS_MAX} characters and is not percent-encoded UTF-8 throughout.`;
  const { status, headers, body } = problemAnswer('invalid_request', { detail });
  outgoing.writeHead(status, headers).end(body);
}

/** The request's first line or Host names no address: no route could be looked for. */
function refuseTarget(error: unknown): Response {
  const headers = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' };
  if (!(error instanceof RequestError))
    return new Response(problemBody('outcome_unknown'), { status: 503, headers });
  const detail = `The request’s address or its Host header is wrong: ${error.message}.`;
  return new Response(problemBody('invalid_request', { detail }), { status: 400, headers });
}

/** What is not even HTTP gets an answer that says so. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const { status, code, detail } = malformed(error);
  const body = problemBody(code, { status, detail });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), REFUSED_GRACE_MS);
}

function malformed({ code, message }: NodeJS.ErrnoException): {
  status: number;
  code: ProblemCode;
  detail: string;
} {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, code: 'payload_too_large', detail: 'The request’s headers are too large.' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: 408,
        code: 'invalid_request',
        detail: `The request did not arrive whole within ${REQUEST_TIMEOUT_MS / 1_000} seconds. Send less at once, or over a faster line.`,
      };
    default:
      return { status: 400, code: 'invalid_request', detail: `The request is not HTTP: ${message}.` };
  }
}
