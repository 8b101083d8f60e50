// Sends the webhooks that the sandbox owes, signed as Standard Webhooks has it, until somebody takes them. Whoever started it ends it.

import { Webhook } from 'standardwebhooks';
import type { Timers } from '../../runtime/index.ts';
import type { OwedWebhook, SandboxStore } from './sandbox-store.ts';

const ANSWER_MS_MAX = 10_000;
/** Whatever the clock does. */
const LOOK_MS_MAX = 1_000;

export interface WebhookTarget {
  readonly url: string;
  /** `whsec_…` */
  readonly secret: string;
}

export class WebhookSender {
  readonly #store: SandboxStore;
  readonly #timers: Pick<Timers, 'after'>;
  #target: WebhookTarget | undefined;
  #sending: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(store: SandboxStore, timers: Pick<Timers, 'after'>, target: WebhookTarget | undefined) {
    this.#store = store;
    this.#timers = timers;
    this.#target = target;
  }

  /** From now on they go there. */
  aim(target: WebhookTarget): void {
    this.#target = target;
    void this.kick();
  }

  /** Something may be due. Resolves when what was due was tried once. */
  kick(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#cancel?.();
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#sending;
  }

  async #send(): Promise<void> {
    const untilDecided = this.#store.decideDue();
    const { webhooks } = this.#store.owed();
    const target = this.#target;
    if (target !== undefined && webhooks.length > 0)
      await Promise.all(webhooks.map((webhook) => this.#deliver(webhook, target)));
    if (this.#isStopped) return;
    const nextMs = target === undefined ? undefined : this.#store.owed().nextMs;
    const waitMs = Math.min(LOOK_MS_MAX, untilDecided ?? LOOK_MS_MAX, nextMs ?? LOOK_MS_MAX);
    this.#cancel = this.#timers.after(waitMs, () => void this.kick());
  }

  async #deliver(webhook: OwedWebhook, { url, secret }: WebhookTarget): Promise<void> {
    const { id, body, number } = webhook;
    const now = new Date();
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': new Webhook(secret).sign(id, now, body),
        },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      await response.body?.cancel();
      if (this.#isStopped) return;
      if (response.ok) this.#store.delivered(number);
      else this.#store.notTaken(webhook);
    } catch {
      if (!this.#isStopped) this.#store.notTaken(webhook);
    }
  }
}
