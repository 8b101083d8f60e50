// What attackers and shoppers send over HTTP: any headers, from any address that a trusted proxy would tell of, over bounded
// connections that are kept alive. An answer that never came is an answer, too.

import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly token?: string | undefined;
  readonly key?: string | undefined;
  readonly ticket?: string | undefined;
  /** The address that the proxy in front says it comes from: X-Forwarded-For. */
  readonly from?: string | undefined;
  /** An object is sent as JSON; text and bytes as they are. */
  readonly body?: object | string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** At which node, counted round and round; the first by default. */
  readonly node?: number;
}

export interface AttackAnswer {
  /** 0: none came. */
  readonly status: number;
  /** Of its problem; `closed` when none came; the status where it names none; undefined when it is no refusal. */
  readonly code: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** From the moment at which the call had a connection. */
  readonly ms: number;
}

const ANSWER_MS_MAX = 60_000;
const CODE = /"code":"([a-z_]{1,40})"/;

export class AttackClient {
  readonly #agent: Agent;
  readonly #urls: readonly URL[];

  constructor(urls: readonly string[], connections: number) {
    this.#urls = urls.map((url) => new URL(url));
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  }

  send(call: Call): Promise<AttackAnswer> {
    const { hostname, port } = this.#urls[(call.node ?? 0) % this.#urls.length]!;
    const payload =
      call.body === undefined || typeof call.body === 'string' ? call.body : JSON.stringify(call.body);
    const headers = headersOf(call, payload);
    const { method, path } = call;
    return new Promise((resolve) => {
      let since = performance.now();
      const none = (): void =>
        resolve({ status: 0, code: 'closed', headers: {}, text: '', ms: performance.now() - since });
      const sent = request({ hostname, port, method, path, headers, agent: this.#agent }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', none);
        response.on('end', () => {
          const text = Buffer.concat(pieces).toString();
          const status = response.statusCode ?? 0;
          const ms = performance.now() - since;
          resolve({ status, code: codeOf(status, text), headers: response.headers, text, ms });
        });
      });
      sent.setTimeout(ANSWER_MS_MAX, () => sent.destroy());
      sent.on('socket', () => (since = performance.now()));
      sent.on('error', none);
      sent.on('close', none);
      sent.end(payload);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** @throws SyntaxError when the answer is not JSON */
export const bodyOf = ({ text }: AttackAnswer): Record<string, unknown> =>
  JSON.parse(text) as Record<string, unknown>;

function headersOf(call: Call, payload: string | undefined): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  if (call.token !== undefined) headers['Authorization'] = `Bearer ${call.token}`;
  if (call.key !== undefined) headers['Idempotency-Key'] = call.key;
  if (call.ticket !== undefined) headers['Doorbuster-Ticket'] = call.ticket;
  if (call.from !== undefined) headers['X-Forwarded-For'] = call.from;
  if (payload !== undefined) {
    headers['Content-Type'] = 'application/json';
    headers['Content-Length'] = Buffer.byteLength(payload);
  }
  return { ...headers, ...call.headers };
}

function codeOf(status: number, text: string): string | undefined {
  if (status < 400) return undefined;
  return CODE.exec(text)?.[1] ?? `status ${status}`;
}
