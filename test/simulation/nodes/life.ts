// The time of one process, or of one of its threads: it ends with its death, and stands still while it is frozen. Its clock is
// its machine's, which outlives it.

import type { Clock, Timers } from '../../../src/runtime/ports.ts';
import type { World } from '../world.ts';

/** Of a machine. */
export interface MachineClock {
  /** How far its hour is from the right one; may be set at any time. */
  offsetMs: number;
  /** How fast it runs; 1 is right. */
  readonly rate: number;
}

export class Life implements Clock, Timers {
  readonly #world: World;
  readonly #machine: MachineClock;
  readonly #parent: Life | undefined;
  #isDead = false;
  #frozenUntil = -Infinity;

  /** @param parent the process, when this is a thread */
  constructor(world: World, machine: MachineClock, parent?: Life) {
    this.#world = world;
    this.#machine = machine;
    this.#parent = parent;
  }

  now(): number {
    return Math.floor(this.#world.monotonic() + this.#machine.offsetMs);
  }

  monotonic(): number {
    return this.#world.monotonic() * this.#machine.rate;
  }

  get isDead(): boolean {
    return this.#isDead || (this.#parent?.isDead ?? false);
  }

  die(): void {
    this.#isDead = true;
  }

  freeze(durationMs: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#world.monotonic() + durationMs);
  }

  thaw(): void {
    this.#frozenUntil = -Infinity;
  }

  get isFrozen(): boolean {
    return this.#thawsAt > this.#world.monotonic();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#world.at(delayMs / this.#machine.rate, () => this.reach(callback));
  }

  soon(callback: () => void): void {
    this.#world.at(0.05, () => this.reach(callback));
  }

  giveWay(): Promise<void> {
    return new Promise((resolve) => this.soon(resolve));
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** Something from outside, or a timer, reaches it: at once, when it thaws, or never. */
  reach(callback: () => void): void {
    if (this.isDead) return;
    const frozenMs = this.#thawsAt - this.#world.monotonic();
    if (frozenMs > 0) this.#world.at(frozenMs, () => this.reach(callback));
    else callback();
  }

  get #thawsAt(): number {
    return Math.max(this.#frozenUntil, this.#parent === undefined ? -Infinity : this.#parent.#thawsAt);
  }
}
