// A small HTTP client for load: kept-alive connections, bounded, no more per request than it must do. With several
// addresses, each request says whose turn it is.

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
  /** At which address, counted round and round; the first by default. */
  readonly turn?: number;
}

export const TRIES_MAX = 200;
const REPEAT_MS = 50;
const ANSWER_MS_MAX = 30_000;
/** Somebody else can be asked. */
const ANSWER_MS_MAX_OF_SEVERAL = 10_000;

export class HttpClient {
  readonly #agent: Agent;
  readonly #urls: readonly URL[];
  readonly #answerMsMax: number;
  #answeredAt = performance.now();

  constructor(urls: readonly string[], connections: number) {
    this.#urls = urls.map((url) => new URL(url));
    this.#answerMsMax = urls.length === 1 ? ANSWER_MS_MAX : ANSWER_MS_MAX_OF_SEVERAL;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: Math.ceil(connections / urls.length),
      scheduling: 'fifo',
    });
  }

  /** When somebody last got an answer that says something: a 503 does not. */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  /** Until an answer says something, each time at the next address. @returns undefined when none did in so many tries */
  async insist(request: LoadRequest): Promise<LoadAnswer | undefined> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const answer = await this.send({ ...request, turn: (request.turn ?? 0) + tries });
      if (answer !== undefined && answer.status !== 503) return answer;
      await pauseAfter(tries);
    }
    return undefined;
  }

  /** @returns undefined when no answer came */
  async send(request: LoadRequest): Promise<LoadAnswer | undefined> {
    const answer = await this.#send(request);
    if (answer !== undefined && answer.status !== 503) this.#answeredAt = performance.now();
    return answer;
  }

  #send({
    method,
    path,
    token,
    key,
    body,
    hangUp = false,
    turn = 0,
  }: LoadRequest): Promise<LoadAnswer | undefined> {
    const { hostname, port } = this.#urls[turn % this.#urls.length]!;
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
      sent.setTimeout(this.#answerMsMax, () => sent.destroy());
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

/** Longer after each try. */
export const pauseAfter = (tries: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, REPEAT_MS * (1 + tries)));
