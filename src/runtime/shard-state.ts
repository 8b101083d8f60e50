// The memory of a shard: its products, rebuilt from its records alone. Verifies the chain of records on the way, and
// stops loudly at a gap, a foreign record or an epoch that does not rise.

import {
  decide,
  decodeForReplay,
  decodeRecord,
  encodeSnapshot,
  evolve,
  evolveRun,
  invariant,
  tagOf,
  productTagOf,
  type Command,
  type Decision,
  type Event,
  type Key,
  type Product,
  type ReservedRun,
  type Snapshot,
} from '../actors/index.ts';
import type { Sequence, StoredRecord } from './ports.ts';

/** What the next record of the shard must carry. */
export interface Position {
  epoch: number;
  owner: Key;
  number: number;
  head: Sequence;
}

export class ShardState {
  readonly shard: number;
  readonly products = new Map<string, Product>();
  readonly position: Position = { epoch: 0, owner: '', number: 0, head: 0 };
  /** Journal time: the latest at which anything was decided (epoch milliseconds). */
  at = 0;
  /** Of the records that were taken over or appended: how much the next one would read without another snapshot. */
  bytes = 0;
  /** Products by the tag that opens their order ids; two of one shard may, rarely, share a tag. */
  readonly #byTag = new Map<number, Product[]>();

  constructor(shard: number) {
    this.shard = shard;
  }

  /** @param snapshot of this shard */
  static of(snapshot: Snapshot): ShardState {
    const state = new ShardState(snapshot.shard);
    for (const product of snapshot.products) state.#adopt(product);
    state.at = snapshot.at;
    state.follow(snapshot, snapshot.head);
    return state;
  }

  /** Sections of bytes; the state must not change until the last one is taken. */
  snapshot(): Generator<Uint8Array> {
    const { shard, position, at } = this;
    return encodeSnapshot({ shard, ...position, at }, [...this.products.values()]);
  }

  /** Whether the state is as of this very record. */
  isAt({ sequence, bytes }: StoredRecord): boolean {
    const { epoch, owner, number } = decodeRecord(bytes);
    const { position } = this;
    return (
      sequence === position.head &&
      epoch === position.epoch &&
      owner === position.owner &&
      number === position.number
    );
  }

  decide(command: Command, now: number): Decision {
    return decide(this.#productOf(command), command, now);
  }

  evolve(event: Event): Product {
    const known = this.products.get(event.productId);
    const product = evolve(known, event);
    if (known === undefined) this.#adopt(product);
    this.at = event.at;
    return product;
  }

  /** Takes over a stored record. @throws InvariantViolation when it does not follow the one before */
  replay(stored: StoredRecord): void {
    const record = decodeForReplay(stored.bytes);
    const { position } = this;
    const where = `record ${stored.sequence} of shard ${this.shard}`;
    invariant(
      position.head > 0 || record.previous === 0,
      `${where} follows ${record.previous}, but nothing before it is in the journal, and no whole snapshot stands for it. If ` +
        'it was archived (npx doorbuster archive list), stop the node and put it back (npx doorbuster archive restore)',
    );
    invariant(record.shard === this.shard, `${where} belongs to shard ${record.shard}`);
    invariant(
      record.previous === position.head,
      `${where} follows ${record.previous}, but ${position.head} is before it`,
    );
    if (record.number === 0) {
      invariant(
        record.epoch > position.epoch,
        `${where} claims epoch ${record.epoch} after ${position.epoch}`,
      );
      invariant(record.steps.length === 0, `${where} is a claim with events`);
    } else {
      const isOwners = record.epoch === position.epoch && record.owner === position.owner;
      invariant(isOwners, `${where} was not written by the owner of epoch ${position.epoch}`);
      invariant(
        record.number === position.number + 1,
        `${where} is number ${record.number} after ${position.number}`,
      );
    }
    for (const step of record.steps) {
      if (step.kind === 'reservedRun') this.#replayRun(step, where);
      else {
        invariant(step.at >= this.at, `${where} runs back in time`);
        this.evolve(step);
      }
    }
    this.follow(record, stored.sequence, stored.bytes.length);
  }

  #replayRun(run: ReservedRun, where: string): void {
    for (const at of run.ats) {
      invariant(at >= this.at, `${where} runs back in time`);
      this.at = at;
    }
    evolveRun(this.products.get(run.productId), run);
  }

  /** The record is durable at `sequence`: the next one follows it. @param bytes of the record */
  follow({ epoch, owner, number }: Omit<Position, 'head'>, sequence: Sequence, bytes = 0): void {
    this.bytes += bytes;
    Object.assign(this.position, { epoch, owner, number, head: sequence });
  }

  #productOf(command: Command): Product | undefined {
    if ('productId' in command) return this.products.get(command.productId);
    const candidates = this.#byTag.get(tagOf(command.orderId));
    if (candidates === undefined || candidates.length === 1) return candidates?.[0];
    return candidates.find(({ orders }) => orders.ids.find(command.orderId) >= 0) ?? lastRetired(candidates);
  }

  #adopt(product: Product): void {
    this.products.set(product.id, product);
    const tag = productTagOf(product.id);
    const sharing = this.#byTag.get(tag);
    if (sharing === undefined) this.#byTag.set(tag, [product]);
    else sharing.push(product);
  }
}

/** An order that none of them has may be of one that is retired. Rows that have come to the last of these have come to all. */
function lastRetired(products: readonly Product[]): Product | undefined {
  const retired = products.filter(({ retiredAt }) => retiredAt !== null);
  return retired.sort((one, other) => other.retiredAt! - one.retiredAt!)[0];
}
