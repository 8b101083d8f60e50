// The commands of a shard's owner itself: ends holds whose time is up. It shares the batches with the shoppers' commands,
// and their bounds. Started when the shard opens, stopped with it.

import { holdExpiresAt, type Reserved } from '../actors/index.ts';
import type { Batch } from './batch.ts';
import { HoldTimer } from './hold-timer.ts';
import type { RuntimeLimits } from './limits.ts';
import type { ShardPorts } from './ports.ts';
import type { ShardState } from './shard-state.ts';

/** Holds that end in one batch, so that a wave of them leaves room for shoppers. */
const EXPIRIES_PER_BATCH = 500;

export class Upkeep {
  /** There is something to decide. */
  isDue = false;
  readonly #limits: RuntimeLimits;
  readonly #holds: HoldTimer;

  /** @param onDue asks for a turn */
  constructor({ clock, timers }: ShardPorts, limits: RuntimeLimits, onDue: () => void) {
    this.#limits = limits;
    this.#holds = new HoldTimer(clock, timers, () => {
      this.isDue = true;
      onDue();
    });
  }

  start(state: ShardState): void {
    this.#holds.start(earliestExpiry(state), this.#limits.expiryGraceMs);
  }

  stop(): void {
    this.#holds.stop();
  }

  reserved({ at, terms }: Reserved): void {
    const endsAt = holdExpiresAt(at, terms);
    if (endsAt !== null) this.#holds.expect(endsAt);
  }

  /** Decides what is due, as far as the batch has room. */
  decide(state: ShardState, batch: Batch, now: number): void {
    this.isDue = false;
    let room = EXPIRIES_PER_BATCH;
    for (const product of state.products.values()) {
      for (const orderId of product.dueHolds(now, room)) {
        if (batch.isFull(this.#limits)) break;
        const decision = state.decide({ kind: 'expire', orderId }, now);
        if (decision.event === undefined) continue;
        state.evolve(decision.event);
        batch.add(decision, undefined);
        room--;
      }
      if (room === 0) break;
    }
    this.#holds.restart(earliestExpiry(state));
  }
}

function earliestExpiry(state: ShardState): number {
  let earliest = Infinity;
  for (const product of state.products.values()) earliest = Math.min(earliest, product.nextExpiry());
  return earliest;
}
