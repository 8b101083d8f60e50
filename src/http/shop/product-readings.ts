// How products stand, for pages: at most four questions a second to each actor from this thread, however many look. A page never waits
// long for one: what was known last is as true as any page, which is old when it arrives.

import { LRUCache } from 'lru-cache';
import type { ProductReading } from '../../actors/index.ts';
import type { Clock, Router, Timers } from '../../runtime/index.ts';
import type { Doors } from '../doors.ts';
import type { TicketHours } from '../gate/tickets/index.ts';
import type { ProductView } from '../pages/index.ts';
import { productView } from '../product-view.ts';

export const READING_LIMITS = {
  /** No product is asked about more often. */
  periodMs: 250,
  /** A crowd is shown a reading that is no older, while the next one is on its way. */
  shownMsMax: 500,
  /** How long a page waits for an actor. */
  waitMsMax: 1_000,
  productsMax: 4_000,
} as const;

interface Kept {
  /** The same object for as long as it says the same; undefined: nothing is known. */
  view: ProductView | undefined;
  said: string;
  /** Monotonic milliseconds. */
  askedAt: number;
  asking: Promise<void> | undefined;
}

export interface ProductReadingsPorts {
  readonly router: Pick<Router, 'submit'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly doors: Pick<Doors, 'isCancelled'>;
  readonly tickets: TicketHours;
}

export class ProductReadings {
  readonly #ports: ProductReadingsPorts;
  readonly #kept = new LRUCache<string, Kept>({ max: READING_LIMITS.productsMax });

  constructor(ports: ProductReadingsPorts) {
    this.#ports = ports;
  }

  /** Asks for those that are due. @returns what to wait for, if anything */
  refresh(productIds: readonly string[]): Promise<unknown> | undefined {
    const now = this.#ports.clock.monotonic();
    const waits: Promise<void>[] = [];
    for (const productId of productIds) {
      const kept = this.#keep(productId);
      if (kept.asking === undefined && now - kept.askedAt >= READING_LIMITS.periodMs) {
        kept.askedAt = now;
        // It may be answered before this line is done.
        kept.asking = this.#ask(productId, kept).finally(() => (kept.asking = undefined));
      }
      if (kept.asking !== undefined) waits.push(kept.asking);
    }
    return waits.length === 0 ? undefined : Promise.all(waits);
  }

  /** What was read last; undefined: the actor does not know it, or has not answered yet. */
  of(productId: string): ProductView | undefined {
    return this.#kept.get(productId)?.view;
  }

  #keep(productId: string): Kept {
    let kept = this.#kept.get(productId);
    if (kept === undefined) {
      kept = { view: undefined, said: '', askedAt: Number.NEGATIVE_INFINITY, asking: undefined };
      this.#kept.set(productId, kept);
    }
    return kept;
  }

  #ask(productId: string, kept: Kept): Promise<void> {
    const { router, timers, doors, tickets } = this.#ports;
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        resolve();
      };
      const cancel = timers.after(READING_LIMITS.waitMsMax, end);
      router.submit({ kind: 'showProduct', productId }, (reply) => {
        if (reply.outcome === 'product') take(kept, reply.product, doors.isCancelled(productId), tickets);
        else if (reply.outcome === 'refused' && reply.refusal === 'not_found') kept.view = undefined;
        end();
      });
    });
  }
}

function take(kept: Kept, reading: ProductReading, isCancelled: boolean, tickets: TicketHours): void {
  const said = `${reading.revision} ${reading.state} ${isCancelled} ${JSON.stringify(reading.stock)}`;
  if (said === kept.said && kept.view !== undefined) return;
  kept.said = said;
  kept.view = productView(reading, isCancelled, tickets);
}
