// What the live board of a campaign says, from what the engine counted: pure. The page that the server makes and the events that
// keep it current say the same, so all that is worked out is worked out here.

import type { ProductReading } from '../../actors/index.ts';
import {
  phaseOf,
  type Campaign,
  type CampaignPhase,
  type CatalogueProduct,
} from '../../persistence/index.ts';
import type { SaleCounts, SaleSeries } from '../sale-series.ts';
import { BOARD_PRODUCTS_MAX, type SaleWatched } from '../sale-watch.ts';
import type { RefusalCounted } from '../traffic.ts';
import { shownMoney } from './money-text.ts';

/** Why somebody was refused, for business users; in the order of the plot's layers, from below. */
export const REASONS = [
  { key: 'gone', text: 'Sold out', codes: ['sold_out', 'insufficient_stock'] },
  { key: 'limit', text: 'Limit reached', codes: ['limit_reached'] },
  { key: 'gate', text: 'At the gate', codes: ['ticket_required', 'ticket_invalid', 'too_many_holds'] },
  { key: 'closed', text: 'Not on sale', codes: ['sale_not_started', 'sale_ended', 'sale_paused'] },
  { key: 'busy', text: 'Too busy', codes: ['overloaded', 'outcome_unknown'] },
  { key: 'other', text: 'Other', codes: ['not_eligible', 'idempotency_key_reused'] },
] as const satisfies readonly { key: string; text: string; codes: readonly RefusalCounted[] }[];

export interface BoardRow {
  /** Loaded, and not withdrawn. */
  readonly offered: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  /** Within a second, of the last few seconds. */
  readonly orders: number;
  readonly refusals: number;
  /** By `REASONS`. */
  readonly reasons: readonly number[];
  /** Units sold at the price of now, in words; in each currency. */
  readonly revenue: string;
}

/** As the engine has it, and `all_held` when the last units may still come back and none is sold. */
export type BoardState = ProductReading['state'] | 'all_held';

export interface BoardProduct extends BoardRow {
  readonly id: string;
  readonly name: string;
  /** Undefined: the engine knows nothing of it, or does not say. */
  readonly state: BoardState | undefined;
}

/** One minute of the last ten. */
export interface BoardMinute {
  /** Epoch milliseconds of its beginning. */
  readonly at: number;
  readonly orders: number;
  readonly units: number;
  readonly reasons: readonly number[];
  /** At its end; null when nobody looked. */
  readonly available: number | null;
}

/** Seconds in a row. */
export interface BoardPlot {
  /** Seconds since 1970. */
  readonly from: number;
  readonly orders: readonly number[];
  readonly reasons: readonly (readonly number[])[];
  /** Sums over the products that are known by then; null where none is. */
  readonly available: readonly (number | null)[];
  readonly held: readonly (number | null)[];
  readonly sold: readonly (number | null)[];
}

export interface BoardFigures {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly phase: CampaignPhase;
  readonly startsAt: number | undefined;
  readonly endsAt: number | undefined;
  /** What these figures lack, in words. */
  readonly notes: readonly string[];
  readonly totals: BoardRow;
  readonly products: readonly BoardProduct[];
  /** Of what is plotted, the newest first. */
  readonly minutes: readonly BoardMinute[];
}

export interface BoardSources {
  readonly campaign: Campaign;
  readonly products: readonly CatalogueProduct[];
  readonly watched: SaleWatched;
  /** Of what is plotted, ten minutes of it. */
  readonly series: SaleSeries;
  readonly now: number;
}

export function boardFigures(sources: BoardSources): BoardFigures {
  const { campaign, products, watched, now } = sources;
  const readings = new Map(watched.readings.map((reading) => [reading.productId, reading]));
  const counts = new Map(watched.counts.map((each) => [each.productId, each]));
  const rows = products.slice(0, BOARD_PRODUCTS_MAX).map((product): BoardProduct => {
    const reading = readings.get(product.id);
    return {
      id: product.id,
      name: product.name,
      state: reading && stateOf(reading),
      ...stockOf(reading),
      ...ratesOf(counts.get(product.id), watched.countedSeconds),
      revenue: reading === undefined ? '–' : revenueOf([reading]),
    };
  });
  return {
    now,
    phase: phaseOf(campaign, now),
    startsAt: campaign.startsAt,
    endsAt: campaign.endsAt,
    notes: notesOf(sources, rows),
    totals: { ...totalOf(rows), revenue: revenueOf(watched.readings) },
    products: rows,
    minutes: minutesOf(sources),
  };
}

export function boardPlot(series: SaleSeries): BoardPlot {
  const known = (list: readonly number[]): (number | null)[] =>
    list.map((figure, at) => (series.known[at]! > 0 ? figure : null));
  return {
    from: series.from,
    orders: series.orders,
    reasons: REASONS.map(({ codes }) => series.orders.map((_, at) => refusedAt(series, codes, at))),
    available: known(series.available),
    held: known(series.held),
    sold: known(series.sold),
  };
}

function stateOf({ state, stock }: ProductReading): BoardState {
  return state === 'sold_out' && stock.reserved > 0 && stock.sold === 0 ? 'all_held' : state;
}

function stockOf(reading: ProductReading | undefined) {
  if (reading === undefined) return { offered: 0, available: 0, held: 0, sold: 0 };
  const { loaded, withdrawn, available, reserved, sold } = reading.stock;
  return { offered: loaded - withdrawn, available, held: reserved, sold };
}

function ratesOf(counts: SaleCounts | undefined, seconds: number) {
  const perSecond = (count: number): number => Math.round((count / seconds) * 10) / 10;
  const reasons = REASONS.map(({ codes }) =>
    (codes as readonly RefusalCounted[]).reduce((sum, code) => sum + (counts?.refused[code] ?? 0), 0),
  );
  return {
    orders: perSecond(counts?.orders ?? 0),
    refusals: perSecond(reasons.reduce((sum, count) => sum + count, 0)),
    reasons: reasons.map(perSecond),
  };
}

function totalOf(rows: readonly BoardProduct[]): Omit<BoardRow, 'revenue'> {
  const sum = (of: (row: BoardProduct) => number): number =>
    Math.round(rows.reduce((total, row) => total + of(row), 0) * 10) / 10;
  return {
    offered: sum(({ offered }) => offered),
    available: sum(({ available }) => available),
    held: sum(({ held }) => held),
    sold: sum(({ sold }) => sold),
    orders: sum(({ orders }) => orders),
    refusals: sum(({ refusals }) => refusals),
    reasons: REASONS.map((_, at) => sum(({ reasons }) => reasons[at]!)),
  };
}

function revenueOf(readings: readonly ProductReading[]): string {
  const byCurrency = new Map<string, number>();
  for (const { configuration, stock } of readings) {
    const { currency, amount } = configuration;
    byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + amount * stock.sold);
  }
  if (byCurrency.size === 0) return '–';
  return [...byCurrency].map(([currency, amount]) => shownMoney(amount, currency)).join(' + ');
}

function notesOf(
  { campaign, products, watched }: BoardSources,
  rows: readonly BoardProduct[],
): readonly string[] {
  const notes: string[] = [];
  const unread = rows.filter(({ state }) => state === undefined).map(({ name }) => name);
  if (products.length > BOARD_PRODUCTS_MAX)
    notes.push(
      `The first ${BOARD_PRODUCTS_MAX} of ${products.length} products are shown, and the sums are of these.`,
    );
  if (campaign.status === 'draft' && unread.length > 0)
    notes.push(
      'The engine hears of the products when the campaign is published: until then nothing is sold.',
    );
  else if (unread.length > 0)
    notes.push(`The engine says nothing of ${named(unread)}: the figures are without it.`);
  if (watched.silent.length > 0)
    notes.push(
      `No answer from ${watched.silent.length === 1 ? 'node' : 'nodes'} ${named(watched.silent)}: orders and refusals there are missing.`,
    );
  return notes;
}

const NAMED_MAX = 3;

function named(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX).join(', ');
  return names.length > NAMED_MAX ? `${shown} and ${names.length - NAMED_MAX} more` : shown;
}

function minutesOf({ series }: BoardSources): BoardMinute[] {
  const minutes = new Map<number, number[]>();
  for (let at = 0; at < series.seconds; at++) {
    const minute = Math.floor((series.from + at) / 60);
    const seconds = minutes.get(minute);
    if (seconds === undefined) minutes.set(minute, [at]);
    else seconds.push(at);
  }
  const sum = (list: readonly number[] | undefined, seconds: readonly number[]): number =>
    list === undefined ? 0 : seconds.reduce((total, at) => total + list[at]!, 0);
  const rows = [...minutes]
    .map(([minute, seconds]) => {
      const last = seconds.at(-1)!;
      return {
        at: minute * 60_000,
        orders: sum(series.orders, seconds),
        units: sum(series.units, seconds),
        reasons: REASONS.map(({ codes }) =>
          (codes as readonly RefusalCounted[]).reduce(
            (total, code) => total + sum(series.refused[code], seconds),
            0,
          ),
        ),
        available: series.known[last]! > 0 ? series.available[last]! : null,
      };
    })
    .toReversed()
    .slice(0, MINUTES_SHOWN);
  // What was before anybody sold or looked is not told minute by minute.
  const first = rows.findLastIndex(
    ({ orders, reasons, available }) =>
      orders > 0 || available !== null || reasons.some((count) => count > 0),
  );
  return rows.slice(0, Math.max(first + 1, 1));
}

const MINUTES_SHOWN = 10;

const refusedAt = (series: SaleSeries, codes: readonly RefusalCounted[], at: number): number =>
  codes.reduce((sum, code) => sum + (series.refused[code]?.[at] ?? 0), 0);
