// The commands of a shard's owner itself: ends holds whose time is up, and retires products whose sale has been over for
// long. They share the batches with the shoppers' commands, and their bounds. Started when the shard opens, stopped with it.

import { holdExpiresAt, type Command, type Event, type Product } from '../actors/index.ts';
import type { Batch } from './batch.ts';
import { DueTimer } from './due-timer.ts';
import type { RuntimeLimits } from './limits.ts';
import type { ShardPorts } from './ports.ts';
import type { ShardState } from './shard-state.ts';

/** Holds that end and products that retire in one batch, so that a wave of them leaves room for shoppers. */
const UPKEEP_PER_BATCH = 500;

export class Upkeep {
  /** There is something to decide. */
  isDue = false;
  readonly #limits: RuntimeLimits;
  readonly #timer: DueTimer;

  /** @param onDue asks for a turn */
  constructor({ clock, timers }: ShardPorts, limits: RuntimeLimits, onDue: () => void) {
    this.#limits = limits;
    this.#timer = new DueTimer(clock, timers, () => {
      this.isDue = true;
      onDue();
    });
  }

  start(state: ShardState): void {
    this.#timer.start(this.#earliest(state), this.#limits.expiryGraceMs);
  }

  stop(): void {
    this.#timer.stop();
  }

  /** @param product as the event left it */
  happened(event: Event, product: Product): void {
    if (event.kind === 'reserved') {
      const endsAt = holdExpiresAt(event.at, event.terms);
      if (endsAt !== null) this.#timer.expect(endsAt);
    } else {
      this.#timer.expect(product.retiresAt(this.#limits.ordersKeptMs));
    }
  }

  /** Decides what is due, as far as the batch has room. */
  decide(state: ShardState, batch: Batch, now: number): void {
    this.isDue = false;
    let room = UPKEEP_PER_BATCH;
    for (const command of this.#due(state, now)) {
      if (room-- === 0 || batch.isFull(this.#limits)) break;
      const decision = state.decide(command, now);
      if (decision.event === undefined) continue;
      state.evolve(decision.event);
      batch.add(decision, undefined);
    }
    this.#timer.restart(this.#earliest(state));
  }

  *#due(state: ShardState, now: number): Generator<Command> {
    const keptMs = this.#limits.ordersKeptMs;
    for (const product of state.products.values()) {
      for (const orderId of product.dueHolds(now, UPKEEP_PER_BATCH)) yield { kind: 'expire', orderId };
      if (product.retiresAt(keptMs) <= now) yield { kind: 'retire', productId: product.id, keptMs };
    }
  }

  #earliest(state: ShardState): number {
    let earliest = Infinity;
    for (const product of state.products.values()) {
      earliest = Math.min(earliest, product.nextExpiry(), product.retiresAt(this.#limits.ordersKeptMs));
    }
    return earliest;
  }
}
