// Commands that were decided together and wait for one append.
//
//   settled   decided before the batch's first event: they saw nothing but what the append in flight makes durable
//   staged    decided since: they rest on this batch's own append
//
// A batch empties its lists when it is done with them; dropping them would not do. V8 makes such lists in the old generation
// when earlier ones lived long enough, and there they keep what they hold, dead or not, until the next full collection.

import { eventBytesMax, type Decision, type Event } from '../actors/index.ts';
import type { RuntimeLimits } from './limits.ts';
import type { Entry } from './mailbox.ts';
import type { ShardReply } from './ports.ts';

interface Decided {
  readonly entry: Entry;
  readonly reply: ShardReply;
}

export class Batch {
  readonly events: Event[] = [];
  readonly #settled: Decided[] = [];
  readonly #staged: Decided[] = [];
  #bytes = 0;

  isFull(limits: RuntimeLimits): boolean {
    return (
      this.#staged.length + this.#settled.length >= limits.flushCommandsMax ||
      this.events.length >= limits.flushCommandsMax ||
      this.#bytes >= limits.flushBytesMax - LARGEST_EVENT_BYTES
    );
  }

  /** Nothing to append, and nobody to answer. */
  get isEmpty(): boolean {
    return this.events.length + this.#settled.length + this.#staged.length === 0;
  }

  /** @param entry undefined for a command of the owner's own */
  add({ reply, event }: Decision, entry: Entry | undefined): void {
    if (event !== undefined) {
      this.events.push(event);
      this.#bytes += eventBytesMax(event);
    }
    if (entry !== undefined) (this.events.length === 0 ? this.#settled : this.#staged).push({ entry, reply });
  }

  /** Its events are in their record, and it takes nothing more. */
  close(): void {
    this.events.length = 0;
  }

  answerSettled(): void {
    for (const { entry, reply } of this.#settled.splice(0)) entry.answer(reply);
  }

  answerAll(): void {
    this.answerSettled();
    for (const { entry, reply } of this.#staged) entry.answer(reply);
    this.#staged.length = 0;
  }

  /** All entries, in the order in which they came. */
  get entries(): Entry[] {
    return [...this.#settled, ...this.#staged].map(({ entry }) => entry);
  }
}

/** A product with the longest name and description in the widest characters. */
const LARGEST_EVENT_BYTES = 20 * 1024;
