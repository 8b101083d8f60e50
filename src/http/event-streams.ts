// The open event streams of one thread: products as they change, for everybody who watches. A stream ends with its reader,
// when its reader may no longer see a product, or when the node stops. A slow reader gets fewer events, and always the newest of each product.

import type { Context } from 'hono';
import type { HttpContext } from './context.ts';
import { Problem } from './problem.ts';

/** Whether the reader may see it, now. */
type IsOpen = (productId: string) => boolean | Promise<boolean>;

const HEARTBEAT_MS = 15_000;
/** Events that wait for a slow reader; behind them only the newest of each product is kept. */
const STREAM_EVENTS_BUFFERED_MAX = 16;
const STOP_CHECK_MS = 250;

const heartbeat = new TextEncoder().encode(': still here\n\n');
const opening = new TextEncoder().encode('retry: 2000\n\n');

export class EventStreams {
  readonly #context: HttpContext;
  /** How each stream ends, and whether it may go on. */
  readonly #ends = new Map<() => void, () => Promise<boolean>>();
  #stopCheck: NodeJS.Timeout | undefined;

  constructor(context: HttpContext) {
    this.#context = context;
  }

  /** @param isOpen asked again and again for each product; an answer that fails is none @throws Problem overloaded */
  open(c: Context, productIds: readonly string[], isOpen: IsOpen = () => true): Response {
    const { counters, limits } = this.#context;
    const headers = {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    };
    // Nobody would read the body of an answer to HEAD, nor ever end it.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    if (counters.streams >= limits.streamsMax) throw new Problem('overloaded');
    return c.body(this.#body(productIds, isOpen), 200, headers);
  }

  /** Who may see what has changed. */
  lookAgain(): void {
    for (const [end, mayGoOn] of this.#ends) void mayGoOn().then((may) => may || end());
  }

  #body(productIds: readonly string[], isOpen: IsOpen): ReadableStream<Uint8Array> {
    const { hub, counters } = this.#context;
    /** The newest event of each product that the reader has no room for yet. */
    const waiting = new Map<string, Uint8Array>();
    let stop = (): void => undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const hasRoom = (): boolean => (controller.desiredSize ?? 0) > 0;
          controller.enqueue(opening);
          const beat = setInterval(() => hasRoom() && controller.enqueue(heartbeat), HEARTBEAT_MS);
          const unwatch = productIds.map((productId) =>
            hub.watch(productId, (event) => {
              if (hasRoom()) controller.enqueue(event);
              else waiting.set(productId, event);
            }),
          );
          const end = (): void => {
            stop();
            controller.close();
          };
          stop = () => {
            stop = () => undefined;
            clearInterval(beat);
            for (const leave of unwatch) leave();
            this.#leave(end);
            counters.streams--;
          };
          counters.streams++;
          this.#enter(end, () => areOpen(productIds, isOpen));
        },
        pull: (controller) => {
          for (const [productId, event] of waiting) {
            if ((controller.desiredSize ?? 0) <= 0) return;
            waiting.delete(productId);
            controller.enqueue(event);
          }
        },
        cancel: () => stop(),
      },
      { highWaterMark: STREAM_EVENTS_BUFFERED_MAX },
    );
  }

  #enter(end: () => void, mayGoOn: () => Promise<boolean>): void {
    this.#ends.set(end, mayGoOn);
    this.#stopCheck ??= setInterval(() => {
      if (this.#context.node.phase === 'stopping') for (const endStream of this.#ends.keys()) endStream();
    }, STOP_CHECK_MS);
  }

  #leave(end: () => void): void {
    this.#ends.delete(end);
    if (this.#ends.size > 0) return;
    clearInterval(this.#stopCheck);
    this.#stopCheck = undefined;
  }
}

async function areOpen(productIds: readonly string[], isOpen: IsOpen): Promise<boolean> {
  for (const productId of productIds) {
    try {
      if (!(await isOpen(productId))) return false;
    } catch {
      // Nobody can say just now: what was known last counts.
    }
  }
  return true;
}
