// The embedded journal as one thread sees it: the Journal port over a MessagePort to the journal's thread.

import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import {
  JournalDamaged,
  JournalUnavailable,
  type AppendResult,
  type Journal,
  type Sequence,
  type StoredRecord,
} from '../ports.ts';
import { unpackRecords } from './packed-records.ts';
import type { Request, Response } from './protocol.ts';

const UNSAID = { failure: 'the journal did not say', isDamage: false };

export class SqliteJournal implements Journal {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (response: Response) => void>();
  #requests: Request[] = [];
  #transfers: ArrayBuffer[] = [];
  #lastId = 0;
  #tickEnds = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (responses: readonly Response[]) => this.#receive(responses));
  }

  /** Takes what has arrived by now, in the middle of a turn of the loop. */
  poll(): void {
    for (let arrived; (arrived = receiveMessageOnPort(this.#port)) !== undefined;)
      this.#receive(arrived.message as readonly Response[]);
  }

  async head(shard: number): Promise<StoredRecord | undefined> {
    const [head] = await this.#records({ kind: 'head', id: 0, shard });
    return head;
  }

  append(shard: number, bytes: Uint8Array<ArrayBuffer>, expected: Sequence): Promise<AppendResult> {
    this.#transfers.push(bytes.buffer);
    return new Promise((resolve) => {
      this.#send({ kind: 'append', id: 0, shard, bytes, expected }, (response) => {
        resolve('result' in response ? response.result : { kind: 'unknown', cause: UNSAID.failure });
      });
    });
  }

  /** The next piece is asked for before one is handed out: the journal's thread reads while the owner replays. */
  async *replay(shard: number, from: Sequence, to: Sequence): AsyncIterable<readonly StoredRecord[]> {
    if (from > to) return;
    let awaited = this.#records({ kind: 'read', id: 0, shard, from, to });
    for (;;) {
      const records = await awaited;
      const last = records.at(-1);
      if (last === undefined) return;
      if (last.sequence >= to) return yield records;
      awaited = this.#records({ kind: 'read', id: 0, shard, from: last.sequence + 1, to });
      // Whoever stops before the next piece does not hear that it failed.
      awaited.catch(() => undefined);
      yield records;
    }
  }

  #receive(responses: readonly Response[]): void {
    for (const response of responses) {
      const resolve = this.#waiting.get(response.id);
      this.#waiting.delete(response.id);
      resolve?.(response);
    }
  }

  #records(request: Request): Promise<readonly StoredRecord[]> {
    return new Promise((resolve, reject) => {
      this.#send(request, (response) => {
        if ('records' in response) return resolve(unpackRecords(response.records));
        const { failure, isDamage } = 'failure' in response ? response : UNSAID;
        reject(isDamage ? new JournalDamaged(failure) : new JournalUnavailable(failure));
      });
    });
  }

  /** The first request of a tick leaves at once, since shoppers wait for it; what else the tick brings leaves together. */
  #send(request: Request, resolve: (response: Response) => void): void {
    const id = ++this.#lastId;
    this.#waiting.set(id, resolve);
    this.#requests.push({ ...request, id });
    if (this.#tickEnds) return;
    this.#tickEnds = true;
    this.#post();
    setImmediate(() => {
      this.#tickEnds = false;
      if (this.#requests.length > 0) this.#post();
    });
  }

  #post(): void {
    this.#port.postMessage(this.#requests, this.#transfers);
    this.#requests = [];
    this.#transfers = [];
  }
}
