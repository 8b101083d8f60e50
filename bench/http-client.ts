// A small HTTP client for load: kept-alive connections, bounded, no more per request than it must do.

import { Agent, request } from 'node:http';

export interface LoadAnswer {
  readonly status: number;
  readonly body: string;
  readonly replayed: boolean;
  readonly retryAfterSeconds: number;
  /** From the moment at which the request had a connection. */
  readonly latencyMs: number;
}

export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly key?: string;
  readonly body?: unknown;
  /** Hang up as soon as the request is sent: the answer is lost on purpose. */
  readonly hangUp?: boolean;
}

const ANSWER_MS_MAX = 30_000;

export class HttpClient {
  readonly #agent: Agent;
  readonly #urls: readonly URL[];
  #turn = 0;

  /** @param urls of the nodes, which take turns */
  constructor(urls: readonly string[], connections: number) {
    this.#urls = urls.map((url) => new URL(url));
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: Math.ceil(connections / urls.length),
      scheduling: 'fifo',
    });
  }

  /** @returns undefined when no answer came */
  send({ method, path, token, key, body, hangUp = false }: LoadRequest): Promise<LoadAnswer | undefined> {
    const { hostname, port } = this.#urls[this.#turn++ % this.#urls.length]!;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers: Record<string, string> = {};
    if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
    if (key !== undefined) headers['Idempotency-Key'] = key;
    if (payload !== undefined) headers['Content-Length'] = String(Buffer.byteLength(payload));
    return new Promise((resolve) => {
      let since = performance.now();
      const sent = request({ hostname, port, method, path, headers, agent: this.#agent }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', () => resolve(undefined));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(pieces).toString(),
            replayed: response.headers['idempotency-replayed'] === 'true',
            retryAfterSeconds: Number(response.headers['retry-after'] ?? 0),
            latencyMs: performance.now() - since,
          }),
        );
      });
      sent.setTimeout(ANSWER_MS_MAX, () => sent.destroy());
      sent.on('socket', () => (since = performance.now()));
      sent.on('error', () => resolve(undefined));
      sent.on('close', () => resolve(undefined));
      sent.end(payload, () => hangUp && sent.destroy());
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
