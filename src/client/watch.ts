// Keeps products current. All of them share one event stream, because a browser opens only six connections to a host.
// It is read from a fetch rather than an EventSource, which can send neither a token nor an invitation. When the stream
// keeps failing the products are polled, and the stream is tried again beside that. A page that is not looked at lets
// its stream go after a while, and opens it again when it is looked at.

import type { Answer } from './answer.ts';
import { isNotFound } from './answer.ts';
import type { Caller, Opened } from './caller.ts';
import { EventText } from './event-text.ts';
import { isProduct, type Product } from './product.ts';
import type { Ports } from './ports.ts';

/** As many as one stream of the shop may carry. */
export const PRODUCTS_PER_WATCH_MAX = 50;
const FAILURES_BEFORE_POLLING = 3;
const POLL_EVERY_MS = 4_000;
const REOPEN_FIRST_MS = 2_000;
const REOPEN_LONGEST_MS = 30_000;
/** Three heartbeats of the shop: a line that is out says nothing at all. */
const SILENCE_MS_MAX = 45_000;
const HIDDEN_GRACE_MS = 10_000;

export type Health = 'live' | 'polling' | 'offline';

export interface WatchHandlers {
  /** A newer picture of a product; an older one is never told. */
  readonly onProduct: (product: Product) => void;
  /** Told when it changes. `polling`: pictures may be some seconds old. `offline`: the shop cannot be reached. */
  readonly onHealth?: (health: Health) => void;
  /** The product is not there for this shopper any more, or never was. It is no longer watched. */
  readonly onGone?: (productId: string) => void;
}

export class Watch {
  readonly #caller: Caller;
  readonly #ports: Ports;
  readonly #handlers: WatchHandlers;
  readonly #productIds: Set<string>;
  readonly #newest = new Map<string, number>();
  #health: Health | undefined;
  #failures = 0;
  #isStopped = false;
  #isPaused = false;
  #isPolling = false;
  #stream: AbortController | undefined;
  #retryMs = REOPEN_FIRST_MS;
  #cancelReopen = (): void => undefined;
  #cancelPoll = (): void => undefined;
  #cancelPause = (): void => undefined;
  readonly #leavePage: () => void;

  constructor(caller: Caller, ports: Ports, productIds: readonly string[], handlers: WatchHandlers) {
    this.#caller = caller;
    this.#ports = ports;
    this.#handlers = handlers;
    this.#productIds = new Set(productIds);
    if (this.#productIds.size === 0 || this.#productIds.size > PRODUCTS_PER_WATCH_MAX)
      throw new RangeError(
        `watch() takes 1 to ${PRODUCTS_PER_WATCH_MAX} products, not ${this.#productIds.size}`,
      );
    this.#leavePage = ports.page.onVisibility(() => this.#visibilityChanged());
    if (ports.page.isHidden()) this.#visibilityChanged();
    void this.#open();
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#isStopped = true;
    this.#leavePage();
    this.#cancelPause();
    this.#rest();
  }

  get #isIdle(): boolean {
    return this.#isStopped || this.#isPaused || this.#productIds.size === 0;
  }

  #visibilityChanged(): void {
    this.#cancelPause();
    if (this.#ports.page.isHidden()) {
      this.#cancelPause = this.#ports.after(HIDDEN_GRACE_MS, () => {
        this.#isPaused = true;
        this.#rest();
      });
    } else if (this.#isPaused) {
      this.#isPaused = false;
      this.#failures = 0;
      void this.#open();
    }
  }

  #rest(): void {
    this.#cancelReopen();
    this.#cancelPoll();
    this.#isPolling = false;
    this.#stream?.abort();
    this.#stream = undefined;
  }

  async #open(): Promise<void> {
    if (this.#isIdle) return;
    const stream = new AbortController();
    this.#stream = stream;
    const query = new URLSearchParams([...this.#productIds].map((id) => ['product', id]));
    const opened = await this.#caller.open(`/v1/events?${query.toString()}`, stream.signal);
    const isOver = (): boolean => this.#stream !== stream;
    if (isOver()) return void (opened.kind === 'open' && stream.abort());
    if (opened.kind === 'open') await this.#readAll(opened.response, stream, isOver);
    if (isOver()) return;
    this.#stream = undefined;
    stream.abort();
    if (isNotFoundStream(opened)) await this.#dropGone();
    this.#failed(opened.kind === 'refused' ? opened.retryAfterMs : 0);
  }

  /** Until the stream ends, breaks, or falls silent. */
  async #readAll(response: Response, stream: AbortController, isOver: () => boolean): Promise<void> {
    const text = new EventText();
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let cancelSilence = (): void => undefined;
    const heard = (): void => {
      cancelSilence();
      cancelSilence = this.#ports.after(SILENCE_MS_MAX, () => stream.abort());
    };
    try {
      for (heard(); ; heard()) {
        const { done, value } = await reader.read();
        if (done || isOver()) return;
        this.#recovered();
        for (const { name, data } of text.read(value)) if (name === 'product') this.#tell(JSON.parse(data));
        this.#retryMs = text.retryMs ?? this.#retryMs;
      }
    } catch {
      // Broken or silent: it is opened again.
    } finally {
      cancelSilence();
      reader.cancel().catch(() => undefined);
    }
  }

  #recovered(): void {
    this.#failures = 0;
    this.#isPolling = false;
    this.#cancelPoll();
    this.#tellHealth('live');
  }

  // All streams of a node that stops end at once: they must not all come back at once.
  #failed(retryAfterMs: number): void {
    if (this.#isIdle) return;
    const backoffMs = Math.min(REOPEN_LONGEST_MS, this.#retryMs * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    const delayMs = Math.max(retryAfterMs, backoffMs) * (0.5 + this.#ports.random());
    this.#cancelReopen = this.#ports.after(delayMs, () => void this.#open());
    if (this.#failures >= FAILURES_BEFORE_POLLING && !this.#isPolling) {
      this.#isPolling = true;
      void this.#poll();
    }
  }

  async #poll(): Promise<void> {
    let isAnswered = true;
    for (const id of this.#productIds) {
      const answer = await this.#ask(id);
      if (!this.#isPolling) return;
      isAnswered = answer.kind === 'answer' || answer.kind === 'refused';
      if (isAnswered) continue;
      // The others would fare no better, and each could take as long. This one comes last the next time.
      this.#productIds.delete(id);
      this.#productIds.add(id);
      break;
    }
    this.#tellHealth(isAnswered ? 'polling' : 'offline');
    const delayMs = POLL_EVERY_MS * (1 + this.#ports.random() / 2);
    if (!this.#isIdle) this.#cancelPoll = this.#ports.after(delayMs, () => void this.#poll());
  }

  /** One of the products is gone: which one, the shop says for each alone. */
  async #dropGone(): Promise<void> {
    for (const id of this.#productIds) {
      if (this.#isIdle) return;
      if ((await this.#ask(id)).kind === 'lost') return;
    }
  }

  async #ask(id: string): Promise<Answer<Product>> {
    const answer = await this.#caller.call('GET', `/v1/products/${encodeURIComponent(id)}`, isProduct);
    if (this.#isStopped || this.#isPaused) return answer;
    if (answer.kind === 'answer') this.#tell(answer.body);
    if (isNotFound(answer)) {
      this.#productIds.delete(id);
      this.#handlers.onGone?.(id);
    }
    return answer;
  }

  #tell(product: unknown): void {
    if (!isProduct(product) || !this.#productIds.has(product.id)) return;
    const asOf = Date.parse(product.asOf);
    if (asOf < (this.#newest.get(product.id) ?? 0)) return;
    this.#newest.set(product.id, asOf);
    this.#handlers.onProduct(product);
  }

  #tellHealth(health: Health): void {
    if (this.#health === health) return;
    this.#health = health;
    this.#handlers.onHealth?.(health);
  }
}

const isNotFoundStream = (opened: Opened): boolean => opened.kind === 'refused' && opened.status === 404;
