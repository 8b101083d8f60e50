// Carries an operators' placement file out on a running node, shard by shard, and remembers it for the next start.
//
//   plan   file ──▶ mistakes, or the moves from where the shards are now                        changes nothing
//   apply  file, revision of the plan ──▶ document saved ──▶ one handover after the other ──▶ done
//
// A plan belongs to a revision of the document: when somebody else applied a file since, it is refused.

import type { Logger } from 'pino';
import type { Handover } from './handover.ts';
import type { PlacementApplied, PlacementPlan, PlacementRequest, PlacementStatus } from './http/index.ts';
import type { PlacementStore } from './placement-store.ts';
import { wantedBy } from './wanted-placement.ts';
import {
  planOf,
  systemClock,
  type ClusterFacts,
  type Move,
  type Placement,
  type PlacementTable,
} from './runtime/index.ts';

export interface ReshardingOptions {
  readonly node: string;
  readonly workers: number;
  readonly store: PlacementStore;
  readonly table: PlacementTable;
  readonly handover: Pick<Handover, 'move'>;
  /** Product ids by shard, as far as their threads tell. */
  readonly products: () => Promise<ReadonlyMap<number, readonly string[]>>;
  readonly logger: Logger;
}

const FAILURES_KEPT = 100;

export class Resharding {
  readonly #options: ReshardingOptions;
  readonly #facts: ClusterFacts;
  #run: Omit<PlacementStatus, 'revision' | 'appliedAt' | 'file'> = {
    running: false,
    moves: 0,
    done: 0,
    failures: [],
    longestPauseMs: 0,
  };
  #isStopping = false;

  constructor(options: ReshardingOptions) {
    this.#options = options;
    this.#facts = factsOf(options.node, options.workers, options.table.owners.length);
  }

  status(): PlacementStatus {
    return { ...this.#options.store.document, ...this.#run };
  }

  async plan(file: string): Promise<PlacementPlan> {
    const wanted = wantedBy(file, this.#facts);
    if (wanted.outcome === 'refused') return wanted;
    const { revision } = this.#options.store.document;
    const moves = planOf(this.#present(), wanted.placement, await this.#options.products());
    return { outcome: 'planned', revision, moves, notes: wanted.notes };
  }

  /** Answers when it has begun; `status` tells the rest. */
  apply({ file, revision }: Required<PlacementRequest>): PlacementApplied {
    const { store, logger } = this.#options;
    const wanted = wantedBy(file, this.#facts);
    if (wanted.outcome === 'refused') return wanted;
    if (this.#run.running) return { outcome: 'busy' };
    if (revision !== store.document.revision) return { outcome: 'stale', revision: store.document.revision };
    const moves = planOf(this.#present(), wanted.placement);
    store.save({ revision: revision + 1, appliedAt: systemClock.now(), file });
    logger.info({ revision: revision + 1, moves: moves.length }, 'a placement file is carried out');
    this.#run = { running: true, moves: moves.length, done: 0, failures: [], longestPauseMs: 0 };
    void this.#carryOut(moves);
    return { outcome: 'started', status: this.status() };
  }

  /** The move that is under way is the last one. */
  stop(): void {
    this.#isStopping = true;
  }

  async #carryOut(moves: readonly Move[]): Promise<void> {
    for (const { shard, to } of moves) {
      if (this.#isStopping || to === undefined) break;
      const moved = await this.#options.handover.move(shard, to.worker);
      const { done, failures, longestPauseMs } = this.#run;
      if (moved.outcome === 'moved' || moved.outcome === 'unchanged') {
        const pauseMs = moved.outcome === 'moved' ? moved.pauseMs : 0;
        const longest = Math.max(longestPauseMs, Math.round(pauseMs * 10) / 10);
        this.#run = { ...this.#run, done: done + 1, longestPauseMs: longest };
      } else {
        this.#options.logger.warn(
          { shard, worker: to.worker, why: moved.why },
          'a shard was not handed over',
        );
        const told = [...failures, { shard, why: moved.why }].slice(0, FAILURES_KEPT);
        this.#run = { ...this.#run, done: done + 1, failures: told };
      }
    }
    this.#run = { ...this.#run, running: false };
  }

  #present(): Placement {
    const { node, table } = this.#options;
    return Array.from(table.owners, (worker) => ({ node, worker }));
  }
}

export interface PlacementAtStart {
  /** Shard → worker; undefined when no file was applied, or when it does not fit the node any more. */
  readonly owners: readonly number[] | undefined;
  /** Why it does not. */
  readonly misfit?: string;
}

/** Where the shards belong by the file that was last applied. */
export function placementAtStart(
  store: PlacementStore,
  { node, workers, shards }: { readonly node: string; readonly workers: number; readonly shards: number },
): PlacementAtStart {
  const { file } = store.document;
  if (file === null) return { owners: undefined };
  const wanted = wantedBy(file, factsOf(node, workers, shards));
  if (wanted.outcome === 'refused') {
    const [first] = wanted.mistakes;
    return { owners: undefined, misfit: `line ${first?.line}: ${first?.message}` };
  }
  return { owners: wanted.placement.map((home) => home?.worker ?? 0) };
}

const factsOf = (node: string, workers: number, shards: number): ClusterFacts => ({
  shards,
  nodes: new Map([[node, workers]]),
});
