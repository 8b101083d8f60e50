// The journal's owner on whatever thread it lives: takes requests from ports, and commits what all shards sent in one tick
// as one transaction. While the disk works, the next group gathers in the ports. Ended by `close`.

import type { MessagePort } from 'node:worker_threads';
import { JournalDamaged, type Sequence, type StoredRecord } from '../ports.ts';
import type { CommitMeter } from '../commit-meter.ts';
import type { FileGuard } from './file-guard.ts';
import { packRecords } from './packed-records.ts';
import type { AppendRequest, Request, Response } from './protocol.ts';
import type { SqliteStore } from './store.ts';

/** One transaction stays small enough for the next group to see the disk soon. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;

interface Waiting {
  readonly port: MessagePort;
  readonly append: AppendRequest;
}

export class GroupCommit {
  readonly #store: SqliteStore;
  readonly #guard: FileGuard;
  readonly #committed: CommitMeter;
  #waiting: Waiting[] = [];
  #isScheduled = false;
  /** Saved with the next commit: a feed's floor may be old after a crash, since its records are only given out again. */
  readonly #floors = new Map<string, Sequence>();

  constructor(store: SqliteStore, guard: FileGuard, committed: CommitMeter) {
    this.#store = store;
    this.#guard = guard;
    this.#committed = committed;
  }

  connect(port: MessagePort): void {
    port.on('message', (requests: readonly Request[]) => this.#take(port, requests));
  }

  saveFloor(name: string, floor: Sequence): void {
    this.#floors.set(name, floor);
  }

  /** What was taken is committed; what comes later is `unknown`. The guard ends first: closing the store deletes a file. */
  close(): void {
    do this.#commit();
    while (this.#waiting.length > 0);
    this.#guard.end();
    this.#store.close();
  }

  #take(port: MessagePort, requests: readonly Request[]): void {
    const answers: Response[] = [];
    for (const request of requests) {
      if (request.kind === 'append') this.#waiting.push({ port, append: request });
      else answers.push(this.#read(request));
    }
    if (answers.length > 0) port.postMessage(answers, buffersOf(answers));
    this.#schedule();
  }

  #read(request: Exclude<Request, AppendRequest>): Response {
    const { id, shard } = request;
    try {
      const records =
        request.kind === 'read' ? this.#store.read(shard, request.from, request.to) : this.#headOf(shard);
      return { id, records: packRecords(shard, records) };
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return { id, failure, isDamage: error instanceof JournalDamaged };
    }
  }

  #headOf(shard: number): StoredRecord[] {
    const head = this.#store.head(shard);
    return head === undefined ? [] : [head];
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#commit();
      this.#schedule();
    });
  }

  #commit(): void {
    this.#guard.check();
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && bytes < GROUP_BYTES_MAX)
      bytes += this.#waiting[count++]!.append.bytes.length;
    const group = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    const results = this.#store.commit(
      group.map(({ append }) => append),
      this.#floors,
    );
    this.#floors.clear();
    const answers = new Map<MessagePort, Response[]>();
    group.forEach(({ port, append: { id } }, at) => {
      const ofPort = answers.get(port) ?? [];
      ofPort.push({ id, result: results[at]! });
      answers.set(port, ofPort);
    });
    for (const [port, responses] of answers) port.postMessage(responses);
    this.#committed.add(bytes);
  }
}

const buffersOf = (answers: readonly Response[]): ArrayBuffer[] =>
  answers.flatMap((answer) => ('records' in answer ? [answer.records.bytes.buffer] : []));
