// A journal with as many orders as a scenario wants, written as fast as it can be, through the actors' own code: claims,
// products, stock, and then records of purchases of distinct customers. No thread and no HTTP.

import { encodeRecord, type Command, type Event } from '../src/actors/index.ts';
import type { Sequence } from '../src/runtime/index.ts';
import { ShardState } from '../src/runtime/shard-state.ts';
import { SqliteStore, type Append } from '../src/runtime/sqlite/store.ts';
import { systemRandom } from '../src/runtime/system.ts';
import { JOURNAL_BYTES_MAX } from './bench-journal.ts';
import { openSale, reserve } from './sale.ts';

const OWNER_CHARACTERS = 16;
const STOCK = 10_000_000;

export interface JournalFileOptions {
  readonly path: string;
  /** Product number i lives in shard i, whatever its name's hash says: nobody routes here. */
  readonly products: readonly string[];
  readonly ordersPerRecord: number;
}

export class JournalFile {
  readonly #products: readonly string[];
  readonly #ordersPerRecord: number;
  readonly #states: readonly ShardState[];
  readonly #store: SqliteStore;
  #customers = 0;

  constructor({ path, products, ordersPerRecord }: JournalFileOptions) {
    this.#products = products;
    this.#ordersPerRecord = ordersPerRecord;
    this.#states = products.map((_, shard) => new ShardState(shard));
    this.#store = new SqliteStore(path, { shards: products.length, bytesMax: JOURNAL_BYTES_MAX });
    for (const state of this.#states) {
      this.#commit([this.#append(state, [])]);
      this.#commit([this.#append(state, openSale(this.#productOf(state), STOCK))]);
    }
  }

  /** Records of the next purchases, all in one transaction. @returns the journal's newest sequence */
  grow(orders: number): Sequence {
    return this.#commit(this.prepare(orders));
  }

  /** The same in two steps, for a clock in between: `commit` is to follow. */
  prepare(orders: number, ordersPerRecord = this.#ordersPerRecord): Append[] {
    const appends: Append[] = [];
    const firstOfAll = this.newest;
    for (let left = orders, turn = 0; left > 0; turn++) {
      const state = this.#states[turn % this.#states.length]!;
      const count = Math.min(left, ordersPerRecord);
      left -= count;
      const commands = Array.from({ length: count }, () =>
        reserve(this.#productOf(state), this.#customers++),
      );
      appends.push(this.#append(state, commands, firstOfAll + appends.length + 1));
    }
    return appends;
  }

  commit(appends: readonly Append[]): Sequence {
    return this.#commit(appends);
  }

  close(): void {
    this.#store.close();
  }

  get newest(): Sequence {
    return Math.max(...this.#states.map(({ position }) => position.head));
  }

  #productOf({ shard }: ShardState): string {
    return this.#products[shard]!;
  }

  #commit(appends: readonly Append[]): Sequence {
    for (const result of this.#store.commit(appends))
      if (result.kind !== 'appended') throw new Error(`an append to a journal of its own was ${result.kind}`);
    return this.newest;
  }

  /** @param sequence that the record will have; a claim when there are no commands */
  #append(state: ShardState, commands: readonly Command[], sequence = Math.max(0, this.newest) + 1): Append {
    const { position } = state;
    const isClaim = commands.length === 0;
    const place = isClaim
      ? { epoch: position.epoch + 1, owner: systemRandom.characters(OWNER_CHARACTERS), number: 0 }
      : { epoch: position.epoch, owner: position.owner, number: position.number + 1 };
    const at = Math.max(Date.now(), state.at);
    const events: Event[] = [];
    for (const command of commands) {
      const { event } = state.decide(command, at);
      if (event === undefined) throw new Error(`${command.kind} was refused`);
      state.evolve(event);
      events.push(event);
    }
    const header = { shard: state.shard, ...place, previous: position.head, revision: 0, at };
    const append = { shard: state.shard, bytes: encodeRecord(header, events), expected: position.head };
    state.follow(place, sequence);
    return append;
  }
}
