// One shard whose purchases are decided beforehand and appended one record at a time, as its owner would: each append names the
// record before it, so one is under way at a time.

import { encodeRecord, type Event } from '../src/actors/index.ts';
import type { Journal } from '../src/runtime/index.ts';
import { ShardState } from '../src/runtime/shard-state.ts';
import { systemRandom } from '../src/runtime/system.ts';
import { openSale, reserve } from './sale.ts';

const OWNER_CHARACTERS = 16;
const STOCK = 10_000_000;

export class AppendLane {
  readonly #journal: Journal;
  readonly #state: ShardState;
  readonly #productId: string;
  /** Decided and not appended, oldest first. */
  #ready: Event[] = [];
  #customers = 0;

  private constructor(journal: Journal, shard: number) {
    this.#journal = journal;
    this.#state = new ShardState(shard);
    this.#productId = `product-${shard}`;
  }

  /** Claims the shard of an empty journal, and opens a sale in it. */
  static async open(journal: Journal, shard: number): Promise<AppendLane> {
    const lane = new AppendLane(journal, shard);
    await lane.#append([], { epoch: 1, owner: systemRandom.characters(OWNER_CHARACTERS), number: 0 });
    const sale = openSale(lane.#productId, STOCK).map((command) => lane.#decide(command));
    await lane.#append(sale);
    return lane;
  }

  /** So many purchases are decided, for appends to come. */
  prepare(orders: number): void {
    while (this.#ready.length < orders)
      this.#ready.push(this.#decide(reserve(this.#productId, this.#customers++)));
  }

  /** @param orders no more than were prepared @returns milliseconds from the bytes to the answer */
  append(orders: number): Promise<number> {
    return this.#append(this.#ready.splice(0, orders));
  }

  #decide(command: Parameters<ShardState['decide']>[0]): Event {
    const { event } = this.#state.decide(command, Math.max(Date.now(), this.#state.at));
    if (event === undefined) throw new Error(`${command.kind} was refused`);
    this.#state.evolve(event);
    return event;
  }

  async #append(
    events: readonly Event[],
    place: Omit<ShardState['position'], 'head'> = {
      ...this.#state.position,
      number: this.#state.position.number + 1,
    },
  ): Promise<number> {
    const { shard, position } = this.#state;
    const { epoch, owner, number } = place;
    const at = Math.max(Date.now(), this.#state.at);
    const header = { shard, epoch, owner, number, previous: position.head, revision: 0, at };
    const bytes = encodeRecord(header, events);
    const startedAt = performance.now();
    const result = await this.#journal.append(shard, bytes, position.head);
    const ms = performance.now() - startedAt;
    if (result.kind !== 'appended') throw new Error(`an append to a journal of its own was ${result.kind}`);
    this.#state.follow({ epoch, owner, number }, result.sequence);
    return ms;
  }
}
