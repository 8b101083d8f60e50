// Starts the journal's thread, connects others to it, and ends it last: everything that is answered has to be durable.

import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { CommitMeter } from '../commit-meter.ts';
import type { Sequence } from '../ports.ts';
import { threadFile } from '../thread-file.ts';
import type { JournalThreadData, JournalThreadMessage, JournalThreadReport } from './protocol.ts';
import { JournalMismatch } from './journal-mismatch.ts';
import type { StoreOptions } from './schema.ts';
import type { JournalExtent } from './store.ts';

export class SqliteJournalHost {
  readonly committed: CommitMeter;
  /** Resolves when the thread ended without being asked to: the process must end, too. */
  readonly died: Promise<Error>;
  readonly #worker: Worker;
  #extent!: JournalExtent;
  #stopping = false;

  private constructor(worker: Worker, committed: CommitMeter) {
    this.#worker = worker;
    this.committed = committed;
    this.died = new Promise((resolve) => {
      worker.once('error', (error) => resolve(error instanceof Error ? error : new Error(String(error))));
      worker.once('exit', (code) => {
        if (!this.#stopping) resolve(new Error(`the journal's thread ended with code ${code}`));
      });
    });
  }

  /**
   * @param guarded files whose deletion must end the node, beside the journal's own
   * @throws JournalMismatch when the file cannot be this journal
   */
  static async start(
    path: string,
    options: StoreOptions,
    guarded: readonly string[] = [],
  ): Promise<SqliteJournalHost> {
    const committed = new CommitMeter();
    const workerData: JournalThreadData = { path, guarded, ...options, committed: committed.shared };
    const worker = new Worker(threadFile('./journal-thread', import.meta.url), {
      workerData,
      name: 'journal',
    });
    const host = new SqliteJournalHost(worker, committed);
    const report = await Promise.race([host.#next(), host.died]);
    if (report instanceof Error) throw report;
    if (report.kind === 'mismatch') {
      await host.#end();
      throw new JournalMismatch(report.reason);
    }
    if (report.kind === 'ready') host.#extent = report.extent;
    return host;
  }

  /** The journal as it was found. */
  get extent(): JournalExtent {
    return this.#extent;
  }

  /**
   * From now on nobody reads these shards or appends to them. Before anybody claims one: a claim would hide the loss.
   * @param above no new record gets this sequence or a lower one
   */
  async refuse(reasons: ReadonlyMap<number, string>, above: Sequence): Promise<void> {
    const refused = this.#next();
    this.#post({ kind: 'refuse', reasons, above });
    await Promise.race([refused, this.died]);
  }

  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#post({ kind: 'connect', port: port2 }, [port2]);
    return port1;
  }

  saveFloor(name: string, floor: Sequence): void {
    this.#post({ kind: 'floor', name, floor });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const stopped = this.#next();
    this.#post({ kind: 'stop' });
    await Promise.race([stopped, this.died]);
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#stopping = true;
    await this.#worker.terminate();
  }

  #post(message: JournalThreadMessage, transfer: MessagePort[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #next(): Promise<JournalThreadReport> {
    return new Promise((resolve) => this.#worker.once('message', resolve));
  }
}
