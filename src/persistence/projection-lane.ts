// The records of some shards on their way to Postgres, one task at a time, so that the order within a shard holds.
//
//   add ──▶ │ r9 r8 r7 │ ──▶ task { r4 r5 r6 } ──▶ settled, or deferred
//             waiting         ▲            │
//                             └── failed ──┘   the same records again, after a while, for ever
//
// A task that is refused is tried record by record, so that the one that cannot be taken is known; the pump sets its shard
// aside, and the other shards of the lane go on.
//
// While a task runs the next records gather, so tasks grow by themselves when the lane is behind. The pump bounds what is
// in a lane, and ends it.

import type { FeedRecord, Sequence } from '../runtime/ports.ts';
import { Backoff } from './backoff.ts';
import type { ProjectionOutcome } from './projection-thread.ts';

export interface LanePorts {
  /** Runs one task; never rejects. */
  run(records: readonly FeedRecord[]): Promise<ProjectionOutcome>;
  /** The task is done: the records are in Postgres, but for those that it deferred. */
  settled(records: readonly FeedRecord[], outcome: ProjectionOutcome & { kind: 'projected' }): void;
  /** It is tried again. */
  failed(cause: string): void;
  /** This record cannot be taken, now or ever. */
  refused(record: FeedRecord, cause: string): void;
  isSetAside(record: FeedRecord): boolean;
  /** Waits; ends early when the pump stops. */
  pause(delayMs: number): Promise<void>;
}

export interface LaneLimits {
  readonly recordsPerTaskMax: number;
  readonly bytesPerTaskMax: number;
  readonly retryFirstMs: number;
  readonly retryMostMs: number;
}

export class ProjectionLane {
  readonly #ports: LanePorts;
  readonly #limits: LaneLimits;
  readonly #backoff: Backoff;
  #waiting: FeedRecord[] = [];
  #work: Promise<void> | undefined;
  #isStopping = false;

  constructor(ports: LanePorts, limits: LaneLimits) {
    this.#ports = ports;
    this.#limits = limits;
    this.#backoff = new Backoff(limits.retryFirstMs, limits.retryMostMs);
  }

  add(record: FeedRecord): void {
    this.#waiting.push(record);
    this.#work ??= this.#workOff();
  }

  /** The records of this shard, from this one on, that no task has yet. */
  forget(shard: number, from: Sequence): void {
    this.#waiting = this.#waiting.filter((record) => record.shard !== shard || record.sequence < from);
  }

  /** Finishes the task that runs and begins no other. What waits stays where it is: the pump gives it back. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#work;
  }

  async #workOff(): Promise<void> {
    // In the next turn, so that one task takes the whole of a pull.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#isStopping) await this.#workOffTask(this.#take());
    this.#work = undefined;
  }

  async #workOffTask(records: readonly FeedRecord[]): Promise<void> {
    for (;;) {
      const outcome = await this.#ports.run(records);
      if (outcome.kind === 'projected') {
        this.#backoff.reset();
        this.#ports.settled(records, outcome);
        return;
      }
      if (outcome.kind === 'refused') {
        this.#backoff.reset();
        const [record] = records;
        if (records.length === 1) this.#ports.refused(record!, outcome.cause);
        else await this.#workOffSingly(records);
        return;
      }
      this.#ports.failed(outcome.cause);
      if (this.#isStopping) return;
      await this.#ports.pause(this.#backoff.nextMs());
      if (this.#isStopping) return;
    }
  }

  async #workOffSingly(records: readonly FeedRecord[]): Promise<void> {
    for (const record of records.toSorted((one, other) => one.sequence - other.sequence)) {
      if (this.#isStopping) return;
      if (!this.#ports.isSetAside(record)) await this.#workOffTask([record]);
    }
  }

  /** At least one record, and as many more as one task may have. */
  #take(): FeedRecord[] {
    const { recordsPerTaskMax, bytesPerTaskMax } = this.#limits;
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && count < recordsPerTaskMax) {
      bytes += this.#waiting[count]!.bytes.length;
      if (count > 0 && bytes > bytesPerTaskMax) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
