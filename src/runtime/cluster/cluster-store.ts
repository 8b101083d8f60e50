// Where a cluster keeps its document and its members' leases. A port: jetstream/cluster-bucket.ts in earnest.

import * as z from 'zod';
import { ExpectedError } from '../expected-error.ts';
import type { ClusterDocument } from './cluster-document.ts';

/** A member's sign of life; one of each node. */
export interface Beat {
  readonly node: string;
  readonly life: string;
  /** Rises with each beat of a process. */
  readonly number: number;
  /** The member's clock less the store's, as it last measured it, in milliseconds; null before the first time. */
  readonly clockOffsetMs: number | null;
}

const BeatShape = z.strictObject({
  node: z.string().min(1).max(64),
  life: z.string().min(1).max(64),
  number: z.int().min(0),
  clockOffsetMs: z.number().nullable(),
});

/** @returns undefined when it is none of this node: somebody wrote something else */
export function parseBeat(node: string, text: string): Beat | undefined {
  try {
    const { success, data } = BeatShape.safeParse(JSON.parse(text));
    return success && data.node === node ? data : undefined;
  } catch {
    return undefined;
  }
}

export interface StoredBeat extends Beat {
  /** Rises with every change in the store. */
  readonly version: number;
  /** Epoch milliseconds by the store's clock. */
  readonly storedAt: number;
}

/** It cannot be reached just now, or did not answer: what was to be changed is changed or not. */
export class ClusterUnavailable extends ExpectedError {
  override readonly name = 'ClusterUnavailable';
}

export interface ClusterWatcher {
  onDocument(document: ClusterDocument): void;
  onBeat(beat: StoredBeat): void;
  onBeatGone(node: string): void;
}

export interface ClusterStore {
  /**
   * Tells what is there now, then every change in the order in which they happened; after an interruption it begins anew.
   * Resolves when all that is there has been told.
   */
  watch(watcher: ClusterWatcher): Promise<void>;
  /**
   * Changes the document. @param change of the newest one; undefined when nothing needs to be changed; asked again when
   *   somebody else was first, and when nobody can say what became of the last try
   * @returns the newest one
   * @throws ClusterUnavailable
   */
  change(
    change: (document: ClusterDocument | undefined) => ClusterDocument | undefined,
  ): Promise<ClusterDocument>;
  /**
   * @param after the version of this life's last beat, 0 for its first
   * @returns its version; undefined when the node's beat is of another life, or was ended
   * @throws ClusterUnavailable
   */
  beat(beat: Beat, after: number): Promise<number | undefined>;
  /** Ends a life if this is still its last beat: no later one of it is taken. @returns whether it was @throws ClusterUnavailable */
  endBeat(node: string, version: number): Promise<boolean>;
}
