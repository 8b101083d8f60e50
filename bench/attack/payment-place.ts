// Who takes the money during an attack: the sandbox, whose webhooks go to the node by way of a recorder, so that attackers have real ones
// to send again. Whoever starts it stops it.

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sandbox, WEBHOOK_PATH } from '../../src/payments/index.ts';
import {
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
} from '../../src/runtime/system.ts';

export interface RecordedWebhook {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const SIGNED = ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'content-type'];
const LATER_MS = 2_000;
/** The newest ones. */
const RECORDED_MAX = 2_000;

export class PaymentPlace {
  /** Webhooks that the node has taken. */
  readonly recorded: RecordedWebhook[] = [];
  readonly webhookSecret: string;
  readonly #secret: string;
  readonly #folder: string;
  readonly #sandbox: Sandbox;
  readonly #recorder: Server;
  #node = '';

  private constructor(folder: string, sandbox: Sandbox, secret: string, webhookSecret: string) {
    this.#folder = folder;
    this.#sandbox = sandbox;
    this.#secret = secret;
    this.webhookSecret = webhookSecret;
    this.#recorder = createServer((incoming, outgoing) => {
      this.#record(incoming)
        .then((status) => outgoing.writeHead(status).end())
        .catch(() => outgoing.writeHead(503).end());
    });
  }

  static async start(): Promise<PaymentPlace> {
    const folder = mkdtempSync(join(tmpdir(), 'doorbuster-attack-payments-'));
    const secret = randomBytes(24).toString('base64url');
    const options = { path: join(folder, 'sandbox.sqlite'), host: '127.0.0.1', port: 0, secret };
    const sandbox = await Sandbox.open({
      ...options,
      webhooks: undefined,
      laterMs: LATER_MS,
      clock,
      timers,
      random,
    });
    const place = new PaymentPlace(folder, sandbox, secret, `whsec_${randomBytes(32).toString('base64')}`);
    await new Promise<void>((resolve) => place.#recorder.listen(0, '127.0.0.1', resolve));
    return place;
  }

  /** What a node has to know of it. */
  get settings(): Record<string, string> {
    return {
      PAYMENT_URL: this.#sandbox.url,
      PAYMENT_SECRET: this.#secret,
      PAYMENT_WEBHOOK_SECRET: this.webhookSecret,
    };
  }

  /** Webhooks go to this node from now on. */
  aim(node: string): void {
    this.#node = node;
    const { port } = this.#recorder.address() as AddressInfo;
    this.#sandbox.aim({ url: `http://127.0.0.1:${port}${WEBHOOK_PATH}`, secret: this.webhookSecret });
  }

  async stop(): Promise<void> {
    await this.#sandbox.stop();
    await new Promise<void>((resolve) => {
      this.#recorder.close(() => resolve());
      this.#recorder.closeAllConnections();
    });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #record(incoming: IncomingMessage): Promise<number> {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces).toString();
    const headers = Object.fromEntries(SIGNED.map((name) => [name, String(incoming.headers[name] ?? '')]));
    const { status } = await fetch(this.#node + WEBHOOK_PATH, { method: 'POST', headers, body });
    if (status < 300 && this.recorded.length < RECORDED_MAX) this.recorded.push({ body, headers });
    return status;
  }
}
