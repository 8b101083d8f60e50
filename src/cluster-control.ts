// What admins ask of a cluster, answered by whichever node they ask: where the shards are, where they belong, and what an
// operators' file would change. Everybody is asked for what only they know; who says nothing in time is listed as silent.

import type { Stock } from './actors/index.ts';
import type {
  NodeShard,
  PlacementApplied,
  PlacementPlan,
  PlacementRequest,
  PlacementStatus,
  SaleQuestion,
  SaleTold,
} from './http/index.ts';
import {
  applyFile,
  factsOf,
  NOBODY,
  planOf,
  presentOf,
  systemClock,
  Target,
  type ClusterDocument,
  type Member,
  type Membership,
  type NodeCalls,
} from './runtime/index.ts';
import { listShards, productsByShard, type ToldByNode } from './shard-list.ts';
import { wantedBy, type WantedPlacement } from './wanted-placement.ts';
import type { WorkerPool } from './worker-pool.ts';
import type { LiveShard } from './worker.ts';

export interface ClusterControlOptions {
  readonly membership: Membership;
  readonly calls: NodeCalls;
  readonly workers: WorkerPool;
  /** Of this node. */
  readonly figures: () => Promise<MemberFigures>;
}

/** What a node tells the others of itself. */
export interface MemberFigures extends ToldByNode {
  readonly longestPauseMs: number;
  readonly failures: PlacementStatus['failures'];
  /** Shards that are on their way there. */
  readonly underWay: number;
}

/** As a Map does not travel. */
export type ToldLive = Omit<LiveShard, 'stock'> & { readonly stock: readonly (readonly [string, Stock])[] };
export type ToldProducts = readonly (readonly [number, readonly string[]])[];

/** For others to say how they are. */
const FIGURES_MS_MAX = 2_500;
const PRODUCTS_MS_MAX = 5_000;
/** A board is told once a second. */
const SALE_MS_MAX = 800;
/** The document, which the file is part of, is one message. */
const FILE_BYTES_MAX = 256 * 1024;

export class ClusterControl {
  readonly #options: ClusterControlOptions;
  readonly #target = new Target();
  /** Shards that were not where they belong when that began to be wanted. */
  #moves = { revision: -1, count: 0 };

  constructor(options: ClusterControlOptions) {
    this.#options = options;
  }

  /** Of every document, in order. */
  saw(document: ClusterDocument): void {
    const { revision } = document.wanted;
    if (revision !== this.#moves.revision) this.#moves = { revision, count: this.#misplaced(document) };
  }

  async shards(): Promise<NodeShard[]> {
    return listShards(this.#options.membership.document.homes, await this.#figures());
  }

  async status(): Promise<PlacementStatus> {
    const { document } = this.#options.membership;
    const left = this.#misplaced(document);
    const told = [...(await this.#figures()).values()];
    const moves = Math.max(this.#moves.count, left);
    return {
      ...document.wanted,
      running: left > 0 || told.some(({ underWay }) => underWay > 0),
      moves,
      done: moves - left,
      failures: told.flatMap(({ failures }) => failures),
      longestPauseMs: Math.max(0, ...told.map(({ longestPauseMs }) => longestPauseMs)),
    };
  }

  async plan(file: string): Promise<PlacementPlan> {
    const { document } = this.#options.membership;
    const wanted = this.#wantedBy(file, document);
    if (wanted.outcome === 'refused') return wanted;
    const moves = planOf(presentOf(document), wanted.placement, await this.#products());
    return { outcome: 'planned', revision: document.wanted.revision, moves, notes: wanted.notes };
  }

  async apply({ file, revision }: Required<PlacementRequest>): Promise<PlacementApplied> {
    let refused: PlacementApplied | undefined;
    // Asked again when somebody else was first, or when a try that nobody answered may have been made.
    await this.#options.membership.change((document) => {
      const wanted = this.#wantedBy(file, document);
      const { wanted: present } = document;
      const isDone = present.file === file && present.revision === revision + 1;
      refused = wanted.outcome === 'refused' ? wanted : undefined;
      if (refused === undefined && !isDone && present.revision !== revision)
        refused = { outcome: 'stale', revision: present.revision };
      return refused === undefined && !isDone ? applyFile(document, file, systemClock.now()) : undefined;
    });
    return refused ?? { outcome: 'started', status: await this.status() };
  }

  /** Stock of the shards of other nodes, as far as these tell. */
  async othersLive(): Promise<LiveShard[]> {
    const nothing = async (): Promise<ToldLive[]> => [];
    const told = await this.#askAll('live', PRODUCTS_MS_MAX, nothing, () => []);
    return [...told.values()].flat().map(({ stock, ...shard }) => ({ ...shard, stock: new Map(stock) }));
  }

  /** What gateways of the other nodes counted; nodes that say nothing in time are named. */
  async othersSale(question: SaleQuestion): Promise<{ told: SaleTold[]; silent: string[] }> {
    const silent: string[] = [];
    const own = async (): Promise<SaleTold | undefined> => undefined;
    const missing = ({ node }: Member): undefined => void silent.push(node);
    const told = await this.#askAll<SaleTold | undefined>('sale', SALE_MS_MAX, own, missing, question);
    return { told: [...told.values()].filter((answer) => answer !== undefined), silent };
  }

  /** Shards that are elsewhere than they belong, and that somebody may have. */
  #misplaced(document: ClusterDocument): number {
    const target = this.#target.of(document);
    return document.homes.filter((home, shard) => target[shard] !== NOBODY && target[shard] !== home).length;
  }

  #figures(): Promise<Map<number, MemberFigures>> {
    return this.#askAll('figures', FIGURES_MS_MAX, this.#options.figures, ({ node }) => ({
      node,
      shards: [],
      silent: undefined,
      failures: [],
      longestPauseMs: 0,
      underWay: 0,
    }));
  }

  /** Of whoever tells. */
  async #products(): Promise<Map<number, readonly string[]>> {
    const own = async (): Promise<ToldProducts> => [
      ...productsByShard((await this.#options.workers.live()).shards),
    ];
    const told = await this.#askAll('products', PRODUCTS_MS_MAX, own, () => []);
    return new Map([...told.values()].flat());
  }

  /** @param silent stands for a member that says nothing in time @returns by number */
  async #askAll<T>(
    name: string,
    withinMs: number,
    own: () => Promise<T>,
    silent: (member: Member) => T,
    value: unknown = null,
  ): Promise<Map<number, T>> {
    const { membership, calls } = this.#options;
    const told = membership.document.members.map(async (member): Promise<[number, T]> => {
      const { number } = member;
      if (number === membership.number) return [number, await own()];
      const answer = calls.ask<T>(number, name, value, { withinMs });
      return [number, await answer.catch(() => silent(member))];
    });
    return new Map(await Promise.all(told));
  }

  #wantedBy(file: string, document: ClusterDocument): WantedPlacement {
    const bytes = Buffer.byteLength(file);
    if (bytes <= FILE_BYTES_MAX) return wantedBy(file, factsOf(document));
    const message = `the file has ${bytes} bytes; ${FILE_BYTES_MAX} are the most in a cluster`;
    return { outcome: 'refused', mistakes: [{ line: 1, message }], more: 0 };
  }
}
