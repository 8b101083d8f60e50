// "Shard → worker" as it is at this moment: shared memory that the main thread alone writes, and every router reads at
// each command. placement.ts computes what stands here; nothing here decides.

import type { Address } from './ports.ts';

export class PlacementTable {
  /** To hand to other threads. */
  readonly shared: SharedArrayBuffer;
  /** The owner of each shard: one plain read, since it is done for every command. */
  readonly owners: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.owners = new Int32Array(shared);
  }

  static of(owners: readonly Address[]): PlacementTable {
    const table = new PlacementTable(new SharedArrayBuffer(owners.length * Int32Array.BYTES_PER_ELEMENT));
    table.owners.set(owners);
    return table;
  }

  /** @param owners of all shards */
  set(owners: readonly Address[]): void {
    for (const [shard, owner] of owners.entries()) Atomics.store(this.owners, shard, owner);
  }

  /** @param changes new owners, by shard */
  change(changes: ReadonlyMap<number, Address>): void {
    for (const [shard, owner] of changes) Atomics.store(this.owners, shard, owner);
  }
}
