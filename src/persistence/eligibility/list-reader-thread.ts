// The thread that reads one file of customers: lines, hashes, order. It has the file alone, no secrets and no connection, and
// yields to all others. list-reader.ts starts it, feeds it and ends it.

import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { BadLine, BadLines } from './customer-list.ts';
import { CustomerLines } from './customer-lines.ts';
import { KeySort, type SortedKeys } from './key-sort.ts';
import { LIST_LIMITS } from './list-limits.ts';

export type ReaderWish =
  | { readonly kind: 'piece'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' }
  /** One part of the keys. */
  | { readonly kind: 'part'; readonly number: number };

export type ReaderWord =
  | { readonly kind: 'taken' }
  /** No more pieces are wanted. */
  | { readonly kind: 'too_many' }
  | {
      readonly kind: 'read';
      /** Each once. */
      readonly customers: number;
      readonly repeated: number;
      readonly badLines: BadLines;
    }
  /** Undefined behind the last one. */
  | { readonly kind: 'part'; readonly keys: Uint8Array<ArrayBuffer> | undefined };

// On Linux this is the priority of the calling thread alone; elsewhere it would be the whole process's.
const NICE = 15;
if (process.platform === 'linux') setPriority(0, NICE);

const { badLinesToldMax, customersMax, keysPerPart } = LIST_LIMITS;
const told: BadLine[] = [];
let badLines = 0;
const sort = new KeySort();
let sorted: SortedKeys | undefined;
const lines = new CustomerLines({
  onCustomer: (key) => {
    // One more tells that there were too many.
    if (sort.count <= customersMax) sort.add(key);
  },
  onBad: (bad) => {
    if (badLines++ < badLinesToldMax) told.push(bad);
  },
});

const say = (word: ReaderWord, moved: ArrayBuffer[] = []): void => parentPort!.postMessage(word, moved);

parentPort!.on('message', (wish: ReaderWish) => {
  switch (wish.kind) {
    case 'piece':
      lines.take(wish.bytes);
      return say({ kind: sort.count > customersMax ? 'too_many' : 'taken' });
    case 'end': {
      lines.end();
      const { count } = sort;
      if (count > customersMax) return say({ kind: 'too_many' });
      sorted = sort.sorted();
      const customers = sorted.count;
      return say({
        kind: 'read',
        customers,
        repeated: count - customers,
        badLines: { count: badLines, told },
      });
    }
    case 'part': {
      const keys = sorted!.bytes(wish.number * keysPerPart, keysPerPart);
      if (keys.byteLength === 0) return say({ kind: 'part', keys: undefined });
      return say({ kind: 'part', keys }, [keys.buffer]);
    }
  }
});
