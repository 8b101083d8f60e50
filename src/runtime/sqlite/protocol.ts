// What worker threads and the journal's thread say to each other. One message per tick in either direction.

import type { MessagePort } from 'node:worker_threads';
import type { AppendResult, Sequence } from '../ports.ts';
import type { PackedRecords } from './packed-records.ts';
import type { StoreOptions } from './schema.ts';
import type { Append, JournalExtent } from './store.ts';

export interface AppendRequest extends Append {
  readonly kind: 'append';
  readonly id: number;
}

/** `from` and `to` are included; an answer may hold fewer records, never none where there is one. */
export interface ReadRequest {
  readonly kind: 'read';
  readonly id: number;
  readonly shard: number;
  readonly from: Sequence;
  readonly to: Sequence;
}

export interface HeadRequest {
  readonly kind: 'head';
  readonly id: number;
  readonly shard: number;
}

export type Request = AppendRequest | ReadRequest | HeadRequest;

export type Response =
  | { readonly id: number; readonly result: AppendResult }
  | { readonly id: number; readonly records: PackedRecords }
  /** `isDamage`: trying again cannot help. */
  | { readonly id: number; readonly failure: string; readonly isDamage: boolean };

export interface JournalThreadData extends StoreOptions {
  readonly path: string;
  /** Files beside the journal that must stay where they are, as the data folder's lock. */
  readonly guarded: readonly string[];
  /** The memory of a CommitMeter. */
  readonly committed: SharedArrayBuffer;
}

/** From the main thread. */
export type JournalThreadMessage =
  | { readonly kind: 'connect'; readonly port: MessagePort }
  | { readonly kind: 'floor'; readonly name: string; readonly floor: Sequence }
  | { readonly kind: 'refuse'; readonly reasons: ReadonlyMap<number, string>; readonly above: Sequence }
  | { readonly kind: 'stop' };

/** To the main thread. */
export type JournalThreadReport =
  | { readonly kind: 'ready'; readonly extent: JournalExtent }
  | { readonly kind: 'mismatch'; readonly reason: string }
  | { readonly kind: 'refused' }
  | { readonly kind: 'stopped' };
