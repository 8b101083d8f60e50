// What a node's owners say of their shards, for whoever makes snapshots beside them where no file can be followed: once in a
// while all shards that the node has at that moment, each with its newest record and how much was journaled of it. A shard
// that is reported no more belongs to another node, and so do its snapshots.

import type { Clock, Journal, Sequence } from './ports.ts';
import { rushOf } from './rush.ts';
import type { JournalFollower, RecordSize } from './snapshot-maker.ts';

export interface ShardReport {
  readonly shard: number;
  /** Under another one the owner has opened the shard anew. */
  readonly epoch: number;
  /** Newest record. */
  readonly head: Sequence;
  /** Of the records behind the snapshot that the owner opened the shard with. */
  readonly bytes: number;
}

export class ReportedShards {
  #reports = new Map<number, ShardReport>();
  /** By shard: what nobody has asked for yet. */
  readonly #grown = new Map<number, number>();
  readonly #total = { bytes: 0 };
  readonly #busySince: () => boolean;
  #isRush = false;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#busySince = rushOf(this.#total, clock);
  }

  /** @param reports of all shards that the node has now */
  report(reports: readonly ShardReport[]): void {
    for (const { shard, epoch, bytes } of reports) {
      const before = this.#reports.get(shard);
      // Opened anew, it counts its tail anew: a snapshot may come earlier than it had to.
      const grown = before?.epoch === epoch ? Math.max(0, bytes - before.bytes) : bytes;
      if (grown > 0) this.#grown.set(shard, (this.#grown.get(shard) ?? 0) + grown);
      this.#total.bytes += grown;
    }
    this.#reports = new Map(reports.map((report) => [report.shard, report]));
    this.#isRush = this.#busySince();
  }

  /** As of the last report. */
  readonly isRush = (): boolean => this.#isRush;

  /** @param journal whose records they are */
  follow(journal: Pick<Journal, 'replay'>): JournalFollower {
    return {
      sizes: () => this.#taken(),
      isOwn: (shard) => this.#reports.has(shard),
      replay: (shard, from, to) => journal.replay(shard, from, to),
    };
  }

  /** What each shard has grown by, told once. */
  #taken(): RecordSize[] {
    const sizes = [...this.#grown].flatMap(([shard, bytes]) => {
      const report = this.#reports.get(shard);
      return report === undefined ? [] : [{ sequence: report.head, shard, bytes }];
    });
    this.#grown.clear();
    return sizes;
  }
}
