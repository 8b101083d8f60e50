// Live products for everybody who watches on this thread: one question to the actor four times a second for each
// watched product, however many watch, and one shared buffer for all of them.

import type { ProductReading } from '../actors/index.ts';
import type { Router, Timers } from '../runtime/index.ts';
import type { Doors } from './doors.ts';
import type { TicketHours } from './gate/tickets/index.ts';
import { productView } from './product-view.ts';

/** What an event is about: what can be bought, and on which terms; or no more than how many are left. */
export type News = 'state' | 'count';

export type Listener = (event: Uint8Array, news: News) => void;

interface Watched {
  readonly listeners: Set<Listener>;
  /** The latest event, for those who come later. */
  event: Uint8Array | undefined;
  /** What the latest event said, without its time: its state, and its stock. */
  said: string;
  saidStock: string;
}

const PERIOD_MS = 250;
const encoder = new TextEncoder();

export class ProductHub {
  readonly #router: Router;
  readonly #timers: Timers;
  readonly #doors: Pick<Doors, 'isCancelled'>;
  readonly #tickets: TicketHours;
  readonly #watched = new Map<string, Watched>();

  constructor(router: Router, timers: Timers, doors: Pick<Doors, 'isCancelled'>, tickets: TicketHours) {
    this.#router = router;
    this.#timers = timers;
    this.#doors = doors;
    this.#tickets = tickets;
  }

  /** @returns how to stop watching */
  watch(productId: string, listener: Listener): () => void {
    let watched = this.#watched.get(productId);
    if (watched === undefined) {
      watched = { listeners: new Set(), event: undefined, said: '', saidStock: '' };
      this.#watched.set(productId, watched);
      this.#ask(productId, watched);
    }
    watched.listeners.add(listener);
    if (watched.event !== undefined) listener(watched.event, 'state');
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size === 0) this.#watched.delete(productId);
    };
  }

  #ask(productId: string, watched: Watched): void {
    if (this.#watched.get(productId) !== watched) return;
    this.#router.submit({ kind: 'showProduct', productId }, (reply) => {
      if (reply.outcome === 'product') this.#tell(watched, reply.product);
      this.#timers.after(PERIOD_MS, () => this.#ask(productId, watched));
    });
  }

  #tell(watched: Watched, reading: ProductReading): void {
    const isCancelled = this.#doors.isCancelled(reading.productId);
    const said = `${reading.revision} ${isCancelled ? 'cancelled' : reading.state}`;
    const { available, loaded, withdrawn } = reading.stock;
    const saidStock = `${available} ${loaded - withdrawn}`;
    const news = said === watched.said ? 'count' : 'state';
    if (news === 'count' && saidStock === watched.saidStock) return;
    watched.said = said;
    watched.saidStock = saidStock;
    watched.event = encoder.encode(
      `event: product\ndata: ${JSON.stringify(productView(reading, isCancelled, this.#tickets))}\n\n`,
    );
    for (const listener of watched.listeners) listener(watched.event, news);
  }
}
