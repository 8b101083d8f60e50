// One node's way to the journal, and to the snapshots beside it.

import {
  JournalUnavailable,
  type AppendResult,
  type Journal,
  type StoredRecord,
} from '../../../src/runtime/ports.ts';
import type { Life } from './life.ts';
import type { Network, SharedLog } from './servers.ts';

const READ_MS_MAX = 1_000;
const APPEND_MS_MAX = 1_500;
const PIECE_RECORDS = 20;

export class JournalLink implements Journal {
  readonly #log: SharedLog;
  readonly #network: Network;
  readonly #machine: string;
  readonly #life: Life;

  constructor(log: SharedLog, network: Network, machine: string, life: Life) {
    this.#log = log;
    this.#network = network;
    this.#machine = machine;
    this.#life = life;
  }

  head(shard: number): Promise<StoredRecord | undefined> {
    return this.#read(() => this.#log.of(shard).at(-1));
  }

  append(shard: number, bytes: Uint8Array<ArrayBuffer>, expected: number): Promise<AppendResult> {
    return new Promise((resolve) => {
      const giveUp = this.#life.after(APPEND_MS_MAX, () => resolve({ kind: 'unknown', cause: 'no answer' }));
      const append = (): AppendResult => this.#log.append(shard, bytes, expected);
      this.#network.request(this.#machine, 'journal', append, (result) =>
        this.#life.reach(() => {
          giveUp();
          resolve(result);
        }),
      );
    });
  }

  async *replay(shard: number, from: number, to: number): AsyncIterable<readonly StoredRecord[]> {
    const wanted = this.#log.of(shard).filter(({ sequence }) => sequence >= from && sequence <= to);
    for (let at = 0; at < wanted.length; at += PIECE_RECORDS)
      yield await this.#read(() => wanted.slice(at, at + PIECE_RECORDS));
  }

  #read<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = this.#life.after(READ_MS_MAX, () => reject(new JournalUnavailable('no answer')));
      this.#network.request(this.#machine, 'journal', run, (value) =>
        this.#life.reach(() => {
          giveUp();
          resolve(value);
        }),
      );
    });
  }
}
