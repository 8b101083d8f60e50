// "Shard → worker" as it is at this moment: shared memory that the main thread alone writes, and every router reads at
// each command. placement.ts computes what stands here; nothing here decides.

import type { Address } from './ports.ts';

export class PlacementTable {
  /** To hand to other threads. */
  readonly shared: SharedArrayBuffer;
  /** The owner of each shard: one plain read, since it is done for every command. */
  readonly owners: Int32Array;
  /** The revision of the cluster's document that put each shard there; 0 in a node by itself. */
  readonly since: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    const shards = shared.byteLength / Int32Array.BYTES_PER_ELEMENT / 2;
    this.owners = new Int32Array(shared, 0, shards);
    this.since = new Int32Array(shared, shards * Int32Array.BYTES_PER_ELEMENT, shards);
  }

  static of(owners: readonly Address[]): PlacementTable {
    const table = new PlacementTable(new SharedArrayBuffer(owners.length * 2 * Int32Array.BYTES_PER_ELEMENT));
    table.owners.set(owners);
    return table;
  }

  /** Of all shards. */
  set(owners: readonly Address[], since: readonly number[]): void {
    // Whoever sees an owner sees since when, or a later revision, which forbids more.
    for (const [shard, revision] of since.entries()) Atomics.store(this.since, shard, revision);
    for (const [shard, owner] of owners.entries()) Atomics.store(this.owners, shard, owner);
  }

  /** @param changes new owners, by shard */
  change(changes: ReadonlyMap<number, Address>): void {
    for (const [shard, owner] of changes) Atomics.store(this.owners, shard, owner);
  }
}
