// Removes, now and then, what loads of lists left that died. One a node; its owner stops it before the pool ends.

import type { Timers } from '../../runtime/ports.ts';
import type { CustomerLists } from './customer-lists.ts';
import { LIST_LIMITS } from './list-limits.ts';

export class ListSweeper {
  readonly #lists: Pick<CustomerLists, 'sweep'>;
  readonly #timers: Timers;
  readonly #onTrouble: (error: unknown) => void;
  #cancel = (): void => undefined;
  #running: Promise<void> = Promise.resolve();
  #hasStopped = false;

  constructor(lists: Pick<CustomerLists, 'sweep'>, timers: Timers, onTrouble: (error: unknown) => void) {
    this.#lists = lists;
    this.#timers = timers;
    this.#onTrouble = onTrouble;
  }

  /** The first time a period from now: what this node left when it died is not old enough before that. */
  start(): void {
    this.#cancel = this.#timers.after(LIST_LIMITS.leftOverAfterMs, () => {
      this.#running = this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    await this.#lists.sweep().catch(this.#onTrouble);
    if (!this.#hasStopped) this.start();
  }

  async stop(): Promise<void> {
    this.#hasStopped = true;
    this.#cancel();
    await this.#running;
  }
}
