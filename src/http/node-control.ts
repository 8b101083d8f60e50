// What one thread's HTTP asks of the whole node: the other threads are reached through the main thread.

import type { Report } from '../actors/index.ts';
import type { SaleQuestion, SaleWatched } from './sale-watch.ts';
import type {
  Move,
  NodePhase,
  FileRemark,
  ShardPhase,
  ShardStatus,
  UnseenArchive,
} from '../runtime/index.ts';

/** As its owner says. What an owner that says nothing would know is null. */
export interface NodeShard extends Omit<ShardStatus, 'phase' | Figure>, Record<Figure, number | null> {
  readonly node: string;
  readonly worker: number;
  /** `silent`: its thread does not answer. */
  readonly phase: ShardPhase | 'silent';
}

type Figure = 'epoch' | 'sequence' | 'mailboxDepth' | 'aheadMs' | 'products' | 'bytes';

export interface NodeReport extends Report {
  /** Threads that did not answer: their live actors are not looked at. */
  readonly silentWorkers: readonly number[];
  /** Archives that were not at hand: their records were not read. */
  readonly unseen: readonly UnseenArchive[];
}

export type ProfileKind = 'cpu' | 'heap';

export interface ProfileRequest {
  readonly worker: number;
  readonly kind: ProfileKind;
  readonly seconds: number;
}

export type ProfileOutcome =
  /** A .cpuprofile or .heapprofile. */
  | { readonly outcome: 'taken'; readonly json: string }
  | { readonly outcome: 'unknown_worker'; readonly workers: number }
  /** Another one is being taken. */
  | { readonly outcome: 'busy' }
  /** The thread was gone before the profile was there. */
  | { readonly outcome: 'thread_ended' }
  | { readonly outcome: 'too_large' };

/** A file as the operator wrote it; `revision`: of the plan that is to be carried out. */
export interface PlacementRequest {
  readonly file: string;
  readonly revision?: number;
}

interface PlacementRefused {
  readonly outcome: 'refused';
  readonly mistakes: readonly FileRemark[];
  /** Mistakes that were only counted. */
  readonly more: number;
}

export type PlacementPlan =
  | {
      readonly outcome: 'planned';
      readonly revision: number;
      readonly moves: readonly Move[];
      readonly notes: readonly FileRemark[];
    }
  | PlacementRefused;

export type PlacementApplied =
  | { readonly outcome: 'started'; readonly status: PlacementStatus }
  | PlacementRefused
  /** Somebody applied another file since. */
  | { readonly outcome: 'stale'; readonly revision: number }
  | { readonly outcome: 'busy' };

export interface PlacementStatus {
  /** Counts the files that were applied; 0 before the first. */
  readonly revision: number;
  /** Epoch milliseconds. */
  readonly appliedAt: number | null;
  readonly file: string | null;
  readonly running: boolean;
  /** Of the present or last run. */
  readonly moves: number;
  /** Moves that are over, whatever became of them. */
  readonly done: number;
  readonly failures: readonly { readonly shard: number; readonly why: string }[];
  /** The longest of the run, from the moment at which the giver was told to stop until the taker decided. */
  readonly longestPauseMs: number;
}

export interface NodeControl {
  readonly phase: NodePhase;
  /** Epoch milliseconds up to which Postgres has everything. */
  readonly projectedUpTo: number;
  shards(): Promise<readonly NodeShard[]>;
  /** Prometheus text of all threads together. */
  metrics(): Promise<string>;
  audit(): Promise<NodeReport>;
  /** For the live board. @throws when the node does not say in time */
  sale(question: SaleQuestion): Promise<SaleWatched>;
  /** Lasts as long as the request asks for. */
  profile(request: ProfileRequest): Promise<ProfileOutcome>;
  placement(): Promise<PlacementStatus>;
  planPlacement(request: PlacementRequest): Promise<PlacementPlan>;
  applyPlacement(request: Required<PlacementRequest>): Promise<PlacementApplied>;
}
