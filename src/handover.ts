// Moves a shard from one living worker thread to another while it sells.
//
//   taker reads the shard ─▶ table names the taker ─▶ giver decides what it has, answers, stops ─▶ taker claims, opens
//                            commands wait in the taker's mailbox from here on ────────────────▶ and are decided
//
// Safety does not rest on any of these steps: a giver that goes on is fenced by the taker's claim. A seal is never undone;
// what fails before the table is changed leaves everything as it was. One shard at a time.

import { systemClock, type PlacementTable } from './runtime/index.ts';
import type { WorkerThread } from './worker-thread.ts';

export type MoveOutcome =
  /** `pauseMs`: from the moment at which the giver was told to stop until the taker decided. */
  | { readonly outcome: 'moved'; readonly from: number; readonly pauseMs: number }
  /** It lives there already. */
  | { readonly outcome: 'unchanged' }
  /** Nothing changed. */
  | { readonly outcome: 'abandoned'; readonly why: string }
  /** The shard is the taker's, who could not open it; what is wrong stands in the list of shards. */
  | { readonly outcome: 'failed'; readonly why: string };

/** For the taker to read the shard. */
const PREPARE_MS_MAX = 60_000;
/** For the giver to finish what it has. One that takes longer is fenced, and its commands go to the taker. */
const RELEASE_MS_MAX = 2_000;

export class Handover {
  readonly #table: PlacementTable;
  readonly #threadOf: (worker: number) => WorkerThread | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(table: PlacementTable, threadOf: (worker: number) => WorkerThread | undefined) {
    this.#table = table;
    this.#threadOf = threadOf;
  }

  /** Behind those that were asked for before. */
  move(shard: number, to: number): Promise<MoveOutcome> {
    const moved = this.#last.then(() => this.#move(shard, to));
    this.#last = moved;
    return moved;
  }

  async #move(shard: number, to: number): Promise<MoveOutcome> {
    const { owners } = this.#table;
    const from = owners[shard]!;
    if (from === to) return { outcome: 'unchanged' };
    const taker = this.#threadOf(to);
    if (taker === undefined) return { outcome: 'abandoned', why: `worker ${to} is being replaced` };
    const prepared = await asked(taker.link.ask('prepare', shard, { withinMs: PREPARE_MS_MAX }));
    // Meanwhile the giver may have died: then the shard is its heirs'.
    if (prepared !== undefined || owners[shard] !== from) {
      await asked(taker.link.ask('abandon', shard, { withinMs: RELEASE_MS_MAX }));
      return { outcome: 'abandoned', why: prepared ?? `worker ${from} died` };
    }
    const since = systemClock.monotonic();
    this.#table.change(new Map([[shard, to]]));
    await asked(this.#threadOf(from)?.link.ask('release', shard, { withinMs: RELEASE_MS_MAX }));
    const opened = await asked(taker.link.ask('open'));
    if (opened !== undefined) return { outcome: 'failed', why: opened };
    return { outcome: 'moved', from, pauseMs: systemClock.monotonic() - since };
  }
}

/** @returns what is wrong, if anything is */
async function asked(answer: Promise<unknown> | undefined): Promise<string | undefined> {
  try {
    await answer;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
