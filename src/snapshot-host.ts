// Starts and ends the thread that makes snapshots. Nobody waits for it, and its death is told and survived: the next start
// reads more of the journal.

import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { threadFile, type ShardStatus } from './runtime/index.ts';
import type { SnapshotThreadData, SnapshotThreadMessage } from './snapshot-thread.ts';

/** A snapshot that takes longer at a stop is given up. */
const STOP_WAIT_MS_MAX = 5_000;

export class SnapshotHost {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;

  constructor(data: SnapshotThreadData, logger: Logger) {
    this.#worker = new Worker(threadFile('./snapshot-thread', import.meta.url), {
      workerData: data,
      name: 'snapshots',
    });
    this.#worker.on('error', (error) =>
      logger.error({ err: error }, 'the snapshots’ thread died: none are made until the next start'),
    );
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
  }

  /** Where no file can be followed, about once a second. @param shards all that this node has */
  report(shards: readonly ShardStatus[]): void {
    const open = shards.filter(({ phase }) => phase === 'open');
    this.#post(open.map(({ shard, epoch, sequence: head, bytes }) => ({ shard, epoch, head, bytes })));
  }

  async stop(): Promise<void> {
    this.#post('stop');
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, STOP_WAIT_MS_MAX);
    await Promise.race([this.#ended, late]);
    clearTimeout(timer);
    await this.#worker.terminate();
  }

  #post(message: SnapshotThreadMessage): void {
    this.#worker.postMessage(message);
  }
}
