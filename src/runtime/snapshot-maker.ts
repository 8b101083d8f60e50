// Makes snapshots beside the owners, who do nothing for it: it follows the journal from a shard's last snapshot and
// writes the next one when the records behind it have grown long. One shard at a time; what fails is tried again later,
// and never touches a sale. Driven by its thread, one step after another.

import { restore, follow } from './snapshot-restore.ts';
import {
  type Clock,
  type Journal,
  type Sequence,
  type SnapshotName,
  type Snapshots,
  type Timers,
} from './ports.ts';
import type { ShardState } from './shard-state.ts';

export interface RecordSize {
  readonly sequence: Sequence;
  readonly shard: number;
  readonly bytes: number;
}

/** The journal as whoever reads beside its owners sees it. */
export interface JournalFollower extends Pick<Journal, 'replay'> {
  /** Records behind `after` in journal order, a bounded number of them; or what shards have grown by, told once. */
  sizes(after: Sequence): readonly RecordSize[];
  /** Whether the shard's snapshots are made here; absent: those of all are. */
  isOwn?(shard: number): boolean;
}

export interface SnapshotPolicy {
  /** A tail is long from here on … */
  readonly tailBytesMin: number;
  /** … and from this share of the last snapshot on, so that the work stays in proportion to the sale's own. */
  readonly tailShareMin: number;
  /** At an orderly stop a shorter tail is worth it. */
  readonly stopTailBytesMin: number;
  /** At an orderly stop nothing larger is begun. */
  readonly stopBytesMax: number;
  /** The state that was followed last is kept for the next time, up to this size of its snapshot. */
  readonly keptBytesMax: number;
  /** After a failure the shard rests. */
  readonly retryMs: number;
  /** In a rush it rests, for so long at most: a start must not have much more to read than that. */
  readonly yieldMsMax: number;
}

export const SNAPSHOT_POLICY: SnapshotPolicy = {
  tailBytesMin: 4 * 1024 * 1024,
  tailShareMin: 0.5,
  stopTailBytesMin: 256 * 1024,
  stopBytesMax: 8 * 1024 * 1024,
  keptBytesMax: 64 * 1024 * 1024,
  retryMs: 60_000,
  yieldMsMax: 30_000,
};

/** Of each shard: the newest may turn out to be damaged. */
const SNAPSHOTS_KEPT = 2;

interface Tail {
  /** Of its last snapshot; 0 without one. */
  readonly from: Sequence;
  readonly snapshotBytes: number;
  /** Newest record seen. */
  to: Sequence;
  bytes: number;
  /** Monotonic milliseconds. */
  restsUntil: number;
}

export interface SnapshotMakerPorts {
  readonly journal: JournalFollower;
  readonly snapshots: Snapshots;
  readonly timers: Pick<Timers, 'giveWay'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Whether shoppers need the processor at this moment. */
  readonly isRush?: () => boolean;
}

export interface SnapshotMakerListener {
  made(name: SnapshotName): void;
  failed(shard: number, error: unknown): void;
}

export class SnapshotMaker {
  readonly #ports: SnapshotMakerPorts;
  readonly #policy: SnapshotPolicy;
  readonly #listener: SnapshotMakerListener;
  readonly #tails = new Map<number, Tail>();
  #seen: Sequence = 0;
  /** Left by a look that failed. */
  #uncounted: readonly RecordSize[] = [];
  #kept: ShardState | undefined;
  /** When there was last nothing left to make; monotonic milliseconds. */
  #doneAt = -Infinity;

  constructor(ports: SnapshotMakerPorts, policy: SnapshotPolicy, listener: SnapshotMakerListener) {
    this.#ports = ports;
    this.#policy = policy;
    this.#listener = listener;
  }

  /** Makes the one snapshot that is most due. @returns whether there was one to make, well or not */
  async step(): Promise<boolean> {
    if (this.#isYielding()) return false;
    await this.#look();
    const hasMade = await this.#makeLongest((tail) => tail.bytes >= this.#dueAt(tail));
    if (!hasMade) this.#doneAt = this.#ports.clock.monotonic();
    return hasMade;
  }

  /** As `step`, for a stop: also shorter tails, and nothing that takes long. */
  async stepBeforeStop(): Promise<boolean> {
    await this.#look();
    const { stopTailBytesMin, stopBytesMax } = this.#policy;
    return this.#makeLongest(
      ({ bytes, snapshotBytes }) => bytes >= stopTailBytesMin && bytes + snapshotBytes <= stopBytesMax,
    );
  }

  #isYielding(): boolean {
    const isRush = this.#ports.isRush?.() ?? false;
    return isRush && this.#ports.clock.monotonic() - this.#doneAt < this.#policy.yieldMsMax;
  }

  #dueAt({ snapshotBytes }: Tail): number {
    return Math.max(this.#policy.tailBytesMin, this.#policy.tailShareMin * snapshotBytes);
  }

  /** Counts what came since the last look. */
  async #look(): Promise<void> {
    const { journal, timers } = this.#ports;
    for (const shard of this.#tails.keys()) if (!this.#isOwn(shard)) this.#tails.delete(shard);
    for (;;) {
      if (this.#uncounted.length === 0) this.#uncounted = journal.sizes(this.#seen);
      if (this.#uncounted.length === 0) return;
      for (const { shard } of this.#uncounted) if (!this.#tails.has(shard)) await this.#firstLook(shard);
      for (const { sequence, shard, bytes } of this.#uncounted) {
        const tail = this.#tails.get(shard)!;
        if (sequence > tail.from) tail.bytes += bytes;
        tail.to = sequence;
        this.#seen = sequence;
      }
      this.#uncounted = [];
      await timers.giveWay();
    }
  }

  #isOwn(shard: number): boolean {
    return this.#ports.journal.isOwn?.(shard) ?? true;
  }

  async #firstLook(shard: number): Promise<void> {
    const [newest] = await this.#ports.snapshots.list(shard);
    const tail: Tail = {
      from: newest?.sequence ?? 0,
      snapshotBytes: newest?.bytes ?? 0,
      to: 0,
      bytes: 0,
      restsUntil: 0,
    };
    this.#tails.set(shard, tail);
  }

  async #makeLongest(isDue: (tail: Tail) => boolean): Promise<boolean> {
    const now = this.#ports.clock.monotonic();
    let longest: [shard: number, tail: Tail] | undefined;
    for (const [shard, tail] of this.#tails) {
      if (tail.restsUntil > now || !this.#isOwn(shard) || !isDue(tail)) continue;
      if (longest === undefined || tail.bytes > longest[1].bytes) longest = [shard, tail];
    }
    if (longest === undefined) return false;
    const [shard, tail] = longest;
    try {
      const name = await this.#make(shard, tail.to);
      this.#tails.set(shard, { ...tail, from: tail.to, snapshotBytes: name.bytes, bytes: 0, restsUntil: 0 });
      this.#listener.made(name);
    } catch (error) {
      this.#kept = undefined;
      tail.restsUntil = now + this.#policy.retryMs;
      this.#listener.failed(shard, error);
    }
    return true;
  }

  async #make(shard: number, upTo: Sequence): Promise<SnapshotName> {
    const { snapshots } = this.#ports;
    const state = await this.#stateOf(shard, upTo);
    const { head: sequence, epoch } = state.position;
    const name = await snapshots.write({ shard, sequence, epoch }, state.snapshot());
    this.#kept = name.bytes <= this.#policy.keptBytesMax ? state : undefined;
    for (const old of (await snapshots.list(shard)).slice(SNAPSHOTS_KEPT)) await snapshots.remove(old);
    return name;
  }

  async #stateOf(shard: number, upTo: Sequence): Promise<ShardState> {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept?.shard !== shard) return restore(shard, upTo, this.#ports);
    await follow(kept, upTo, this.#ports);
    return kept;
  }
}
