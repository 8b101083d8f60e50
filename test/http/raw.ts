// Requests byte by byte, each on a connection of its own: what no client library would send.

import { request, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';

/** Whoever listens there. */
export interface Address {
  readonly url: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Without Content-Length. */
  readonly chunked?: boolean;
}

/** Well-formed HTTP with any bytes as its body. */
export function send(
  engine: Address,
  { method, path, headers = {}, body, chunked }: RawRequest,
): Promise<RawAnswer> {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const framing =
    bytes === undefined
      ? {}
      : chunked
        ? { 'Transfer-Encoding': 'chunked' }
        : { 'Content-Length': `${bytes.length}` };
  return new Promise((resolve, reject) => {
    const sent = request(engine.url + path, { method, headers: { ...headers, ...framing }, agent: false });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        resolve({ status: response.statusCode!, headers: response.headers, text });
      });
    });
    sent.end(bytes);
  });
}

/**
 * Anything at all on a socket; resolves when the server has ended the connection.
 * @param thenClose our side ends after these bytes, as when a client gives up
 */
export function sendBytes(engine: Address, bytes: string | Buffer, thenClose = false): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(engine);
    const pieces: Buffer[] = [];
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.on('error', reject);
    socket.on('close', () => resolve(parseAnswer(Buffer.concat(pieces).toString())));
    if (thenClose) socket.end(bytes);
    else socket.write(bytes);
  });
}

export function openSocket(engine: Address, options: { allowHalfOpen?: boolean } = {}): Socket {
  const { hostname, port } = new URL(engine.url);
  return connect({ ...options, host: hostname, port: Number(port) });
}

function parseAnswer(answer: string): RawAnswer {
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':')[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status: Number(first.split(' ')[1] ?? 0), headers, text: rest.join('\r\n\r\n') };
}
