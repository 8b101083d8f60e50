// The live boards that are watched on this thread: one question to the node each second for each of them, however many watch it, and
// one shared event for all of them. A board that nobody watches is forgotten; what was before it is remembered by the node.
//
// A watcher begins with `whole`, the last ten minutes; from then on an event has the newest seconds. Who missed events begins again.

import type { Campaign, Catalogue, CatalogueProduct } from '../../persistence/index.ts';
import type { Clock, Random, Timers } from '../../runtime/index.ts';
import type { NodeControl } from '../node-control.ts';
import { Problem } from '../problem.ts';
import { emptySeries, mergeSeries, type SaleSeries } from '../sale-series.ts';
import { BOARD_PRODUCTS_MAX, type SaleWatched } from '../sale-watch.ts';
import { boardFigures, boardPlot, type BoardFigures, type BoardPlot } from './board-figures.ts';

/** Of one thread. */
export const BOARDS_MAX = 50;
const PERIOD_MS = 1_000;
/** Up to so much earlier or later, so that boards do not all ask at once. */
const JITTER_MS = 100;
/** The campaign may be changed while it is watched. */
const READ_AGAIN_MS = 10_000;
const PLOT_SECONDS = 600;
/** An event brings these again, since figures of another node may come late. */
const TOLD_AGAIN_SECONDS = 4;

export interface BoardPorts {
  readonly catalogue: Pick<Catalogue, 'campaign'>;
  readonly node: Pick<NodeControl, 'sale'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly timers: Timers;
  readonly random: Random;
}

/** @param whole whether it stands by itself */
export type BoardListener = (event: Uint8Array, whole: boolean) => void;

export interface BoardView {
  readonly campaign: Campaign;
  readonly figures: BoardFigures;
  readonly plot: BoardPlot;
}

interface Board {
  readonly listeners: Set<BoardListener>;
  read: { campaign: Campaign; products: readonly CatalogueProduct[]; at: number } | undefined;
  series: SaleSeries;
  whole: Uint8Array | undefined;
}

const encoder = new TextEncoder();

export class BoardHub {
  readonly #ports: BoardPorts;
  readonly #boards = new Map<string, Board>();

  constructor(ports: BoardPorts) {
    this.#ports = ports;
  }

  /** For a page: asked now. @param productId what is plotted; without it all products @returns undefined: no such campaign */
  async look(campaignId: string, productId: string | undefined): Promise<BoardView | undefined> {
    const board = newBoard();
    const view = await this.#read(board, campaignId, productId);
    return view && { campaign: board.read!.campaign, ...view };
  }

  /** @returns how to stop watching, and the last ten minutes as one event, as soon as there is one @throws Problem overloaded */
  watch(
    campaignId: string,
    productId: string | undefined,
    listener: BoardListener,
  ): { leave: () => void; whole: () => Uint8Array | undefined } {
    const key = `${campaignId}\n${productId ?? ''}`;
    let board = this.#boards.get(key);
    if (board === undefined) {
      if (this.#boards.size >= BOARDS_MAX)
        throw new Problem('overloaded', { detail: `This thread shows ${BOARDS_MAX} boards already.` });
      board = newBoard();
      this.#boards.set(key, board);
      void this.#run(key, board, campaignId, productId);
    }
    const watched = board;
    watched.listeners.add(listener);
    if (watched.whole !== undefined) listener(watched.whole, true);
    return {
      leave: () => {
        watched.listeners.delete(listener);
        if (watched.listeners.size === 0 && this.#boards.get(key) === watched) this.#boards.delete(key);
      },
      whole: () => watched.whole,
    };
  }

  async #run(key: string, board: Board, campaignId: string, productId: string | undefined): Promise<void> {
    if (this.#boards.get(key) !== board) return;
    try {
      const isFirst = board.whole === undefined;
      const view = await this.#read(board, campaignId, productId);
      if (view !== undefined) {
        const { figures, plot } = view;
        board.whole = eventOf(figures, plot);
        const event = isFirst ? board.whole : eventOf(figures, newest(plot));
        for (const listener of board.listeners) listener(event, isFirst);
      }
    } catch {
      // The node is too busy to say, or Postgres is away: whoever watches sees how old the figures are.
    }
    const { timers, random } = this.#ports;
    const jitterMs = (random.characters(1).charCodeAt(0) / 128 - 1) * JITTER_MS;
    timers.after(PERIOD_MS + jitterMs, () => {
      void this.#run(key, board, campaignId, productId);
    });
  }

  async #read(
    board: Board,
    campaignId: string,
    productId: string | undefined,
  ): Promise<{ figures: BoardFigures; plot: BoardPlot } | undefined> {
    const { clock, catalogue, node } = this.#ports;
    const now = clock.now();
    if (board.read === undefined || now - board.read.at >= READ_AGAIN_MS) {
      const found = await catalogue.campaign(campaignId);
      if (found === undefined) return undefined;
      board.read = { ...found, at: now };
    }
    const { campaign, products } = board.read;
    const productIds = products.slice(0, BOARD_PRODUCTS_MAX).map(({ id }) => id);
    const plottedIds = productId === undefined ? productIds : productIds.filter((id) => id === productId);
    const from = board.series.from + board.series.seconds;
    const watched: SaleWatched = await node.sale({ productIds, plottedIds, from });
    const series = (board.series = joined(board.series, watched.series));
    const figures = boardFigures({ campaign, products, watched, series, now });
    return { figures, plot: boardPlot(series) };
  }
}

const newBoard = (): Board => ({
  listeners: new Set(),
  read: undefined,
  series: emptySeries(0, 0),
  whole: undefined,
});

/** The newer ones stand for the seconds that both have. */
function joined(before: SaleSeries, newer: SaleSeries): SaleSeries {
  const end = Math.max(newer.from + newer.seconds, before.from + before.seconds);
  const from = Math.max(end - PLOT_SECONDS, before.seconds === 0 ? newer.from : before.from);
  const kept = Math.max(0, Math.min(newer.from, before.from + before.seconds) - before.from);
  return mergeSeries([first(before, kept), newer], from, end - from);
}

function first(series: SaleSeries, seconds: number): SaleSeries {
  return mergeSeries([series], series.from, Math.min(series.seconds, seconds));
}

function newest(plot: BoardPlot): BoardPlot {
  const last = <T>(list: readonly T[]): readonly T[] => list.slice(-TOLD_AGAIN_SECONDS);
  return {
    from: plot.from + Math.max(0, plot.orders.length - TOLD_AGAIN_SECONDS),
    orders: last(plot.orders),
    reasons: plot.reasons.map(last),
    available: last(plot.available),
    held: last(plot.held),
    sold: last(plot.sold),
  };
}

const eventOf = (figures: BoardFigures, plot: BoardPlot): Uint8Array =>
  encoder.encode(`event: board\ndata: ${JSON.stringify({ ...figures, plot })}\n\n`);
