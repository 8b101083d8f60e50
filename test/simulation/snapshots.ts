// Snapshots in memory, with the accidents that a disk and a crash have: a write that dies before it was read back, and one
// that was damaged after it counted.

import { createHash } from 'node:crypto';
import { SnapshotDamaged, type SnapshotName, type Snapshots } from '../../src/runtime/ports.ts';

const PIECE_BYTES = 1_000;

export class SimulatedSnapshots implements Snapshots {
  readonly kept: Map<SnapshotName, Uint8Array>;
  readonly setAsides: { readonly name: SnapshotName; readonly why: string }[] = [];
  /** Called before what was written counts. */
  beforeReadBack: () => Promise<void>;

  /** @param kept shared by nodes that share a store */
  constructor(kept = new Map<SnapshotName, Uint8Array>(), beforeReadBack = () => Promise.resolve()) {
    this.kept = kept;
    this.beforeReadBack = beforeReadBack;
  }

  list(shard: number): Promise<readonly SnapshotName[]> {
    const names = [...this.kept.keys()].filter((name) => name.shard === shard);
    return Promise.resolve(names.sort((one, other) => other.sequence - one.sequence));
  }

  async *read(name: SnapshotName): AsyncIterable<Uint8Array> {
    const bytes = await Promise.resolve(this.kept.get(name));
    if (bytes === undefined) throw new SnapshotDamaged('it is gone');
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.slice(at, at + PIECE_BYTES);
    if (sumOf(bytes) !== name.sum) throw new SnapshotDamaged('its sum is another');
  }

  async write(
    { shard, sequence, epoch }: Pick<SnapshotName, 'shard' | 'sequence' | 'epoch'>,
    pieces: Iterable<Uint8Array>,
  ): Promise<SnapshotName> {
    const bytes = Buffer.concat([...pieces]);
    await this.beforeReadBack();
    const name = { shard, sequence, epoch, sum: sumOf(bytes), bytes: bytes.length };
    this.kept.set(name, bytes);
    return name;
  }

  remove(name: SnapshotName): Promise<void> {
    this.kept.delete(name);
    return Promise.resolve();
  }

  setAside(name: SnapshotName, why: string): Promise<void> {
    this.kept.delete(name);
    this.setAsides.push({ name, why });
    return Promise.resolve();
  }

  /** Flips one bit. */
  damage(name: SnapshotName, at: number): void {
    const bytes = this.kept.get(name)!;
    bytes[at % bytes.length]! ^= 1;
  }
}

const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
