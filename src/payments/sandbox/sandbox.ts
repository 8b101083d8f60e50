// The sandbox: a payment provider that takes no money, over HTTP, for the demo, for tests, and for whoever tries how a shop bears with a
// provider that misbehaves. It keeps its word as a real one must: at most one payment for each order, durable before it is told.

import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import type { Clock, Random, Timers } from '../../runtime/index.ts';
import { behaviourOf, cardOf, REVIEW_FINGERPRINT } from './behaviour.ts';
import { AmountChanged, SandboxStore } from './sandbox-store.ts';
import { WebhookSender, type WebhookTarget } from './webhook-sender.ts';

const BODY_BYTES_MAX = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 2_000;

export interface SandboxOptions {
  /** Of its SQLite file. */
  readonly path: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Bearer token of whoever may ask. */
  readonly secret: string;
  /** Undefined: they wait until `aim`. */
  readonly webhooks: WebhookTarget | undefined;
  /** How long "after a while" is. */
  readonly laterMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

const Capture = z.strictObject({
  amount: z.strictObject({ amount: z.int().min(0), currency: z.string().regex(/^[A-Z]{3}$/) }),
  method: z.string().min(1).max(32),
  token: z.string().min(1).max(512),
});
const Fingerprint = z.strictObject({ method: z.string().min(1).max(32), token: z.string().min(1).max(512) });

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** There is none, and nobody is left to read one. */
type NoAnswer = 'silence' | 'broken';

export class Sandbox {
  readonly #options: SandboxOptions;
  readonly #store: SandboxStore;
  readonly #sender: WebhookSender;
  readonly #server: Server;
  readonly #secretDigest: Buffer;

  private constructor(options: SandboxOptions) {
    const { path, clock, random, timers, laterMs, secret, webhooks } = options;
    this.#options = options;
    this.#store = new SandboxStore(path, clock, random, laterMs);
    this.#sender = new WebhookSender(this.#store, timers, webhooks);
    this.#secretDigest = digest(`Bearer ${secret}`);
    this.#server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS }, (incoming, outgoing) => {
      void this.#serve(incoming, outgoing);
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  static async open(options: SandboxOptions): Promise<Sandbox> {
    const sandbox = new Sandbox(options);
    const { host, port } = options;
    await new Promise<void>((resolve, reject) => {
      sandbox.#server.once('error', reject).listen({ host, port }, resolve);
    });
    void sandbox.#sender.kick();
    return sandbox;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://${this.#options.host}:${port}`;
  }

  /** Webhooks go there from now on, also those that waited. */
  aim(target: WebhookTarget): void {
    this.#sender.aim(target);
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await Promise.all([closed, this.#sender.stop()]);
    this.#store.close();
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    let answer: Answer | NoAnswer;
    try {
      answer = await this.#answer(incoming);
    } catch (error) {
      answer = refusalOf(error);
    }
    if (answer === 'silence') return;
    if (answer === 'broken') return void incoming.socket.destroy();
    outgoing
      .writeHead(answer.status, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(answer.body));
  }

  async #answer(incoming: IncomingMessage): Promise<Answer | NoAnswer> {
    if (!timingSafeEqual(digest(incoming.headers.authorization ?? ''), this.#secretDigest))
      return { status: 401, body: { error: 'Send Authorization: Bearer and the secret of this sandbox.' } };
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://sandbox');
    const [, root, orderId, deed] = pathname.split('/');
    const call = `${incoming.method} ${root}${deed === undefined ? '' : `/${deed}`}`;
    if (call === 'POST fingerprint') return this.#fingerprint(await bodyOf(incoming, Fingerprint));
    if (root !== 'payments') return NOT_FOUND;
    if (orderId === undefined) return this.#list(Number(searchParams.get('after') ?? 0));
    if (!/^[0-9a-z]{1,64}$/.test(orderId)) return NOT_FOUND;
    switch (call) {
      case 'GET payments': {
        const payment = this.#store.find(orderId);
        return payment === undefined ? NOT_FOUND : { status: 200, body: payment };
      }
      case 'POST payments/capture':
        return this.#capture(orderId, await bodyOf(incoming, Capture));
      case 'POST payments/void':
        return this.#changed(() => this.#store.void(orderId));
      case 'POST payments/refund':
        return this.#changed(() => this.#store.refund(orderId));
      default:
        return NOT_FOUND;
    }
  }

  async #capture(orderId: string, body: z.output<typeof Capture>): Promise<Answer | NoAnswer> {
    const behaviour = behaviourOf(body.token);
    const { timers, laterMs } = this.#options;
    if (behaviour === 'unavailable') return { status: 503, body: { error: 'unavailable, as asked' } };
    if (behaviour === 'timeout-nothing') return 'silence';
    if (behaviour === 'slow') await new Promise<void>((resolve) => void timers.after(laterMs, resolve));
    const payment = this.#store.capture({ orderId, ...body });
    const told = this.#sender.kick();
    if (behaviour === 'webhook-first') await told;
    if (behaviour === 'timeout-captured') return 'silence';
    if (behaviour === 'lost' || behaviour === 'webhook-never') return 'broken';
    return { status: 200, body: payment };
  }

  #changed(change: () => object | undefined): Answer {
    const payment = change();
    void this.#sender.kick();
    return payment === undefined ? NOT_FOUND : { status: 200, body: payment };
  }

  #fingerprint({ token }: z.output<typeof Fingerprint>): Answer {
    const card = cardOf(token);
    const fingerprint =
      behaviourOf(token) === 'review'
        ? REVIEW_FINGERPRINT
        : card === undefined
          ? null
          : digest(card).toString('base64url').slice(0, 22);
    return { status: 200, body: { fingerprint } };
  }

  #list(after: number): Answer {
    if (!Number.isSafeInteger(after) || after < 0)
      return { status: 400, body: { error: 'after must be `next` of the page before' } };
    const { payments, next } = this.#store.list(after);
    return { status: 200, body: { payments, next: next === undefined ? null : String(next) } };
  }
}

const NOT_FOUND: Answer = { status: 404, body: { error: 'There is nothing here.' } };

class BadBody extends Error {
  override readonly name = 'BadBody';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

async function bodyOf<S extends z.ZodType>(incoming: IncomingMessage, schema: S): Promise<z.output<S>> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    bytes += piece.byteLength;
    if (bytes > BODY_BYTES_MAX) throw new BadBody(413, `The body may have ${BODY_BYTES_MAX} bytes at most.`);
    pieces.push(piece);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    throw new BadBody(400, 'The body is not JSON.');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BadBody(
    400,
    parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  );
}

function refusalOf(error: unknown): Answer {
  if (error instanceof BadBody) return { status: error.status, body: { error: error.message } };
  if (error instanceof AmountChanged)
    return { status: 409, body: { error: 'This order has a payment already, and over another amount.' } };
  return { status: 500, body: { error: error instanceof Error ? error.message : String(error) } };
}
