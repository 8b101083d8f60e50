// SQLite, one NATS server and three of them in turn (A B C A B C …) under the same load. All servers run from the beginning to
// the end; those whose turn it is not idle. A first, shorter turn of each does not count: V8 compiles meanwhile.

import { SQLITE, type JournalPlace } from './bench-journal.ts';
import type { NatsPlace } from './nats-place.ts';

const TURN_SECONDS = 2;
const WARM_UP_ORDERS_MAX = 50_000;

export async function withNatsPlaces<T>(
  say: (text: string) => void,
  run: (places: readonly JournalPlace[], version: string) => Promise<T>,
): Promise<T> {
  // Whoever stays with SQLite does not wait for its client.
  const { NatsPlace: Place } = await import('./nats-place.ts');
  const started: NatsPlace[] = [];
  try {
    started.push(await Place.start(1, say));
    started.push(await Place.start(3, say));
    return await run([SQLITE, ...started], await started[0]!.version());
  } finally {
    await Promise.all(started.map((place) => place.stop()));
  }
}

export interface TurnsOptions<P> {
  readonly places: readonly P[];
  /** For all places together, about. */
  readonly seconds: number;
  /** Of each place, in all turns together, in place of the seconds. */
  readonly orders: number | undefined;
  /** Only to choose how many orders make a turn of the wanted length. */
  readonly ordersPerSecond: number;
  readonly say: (text: string) => void;
}

/** @param turn @returns what to tell of it */
export async function inTurns<P extends Pick<JournalPlace, 'name'>>(
  { places, seconds, orders: wanted, ordersPerSecond, say }: TurnsOptions<P>,
  turn: (place: P, orders: number, isCounted: boolean) => Promise<string>,
): Promise<void> {
  const turns = Math.max(1, Math.round(seconds / places.length / TURN_SECONDS));
  const orders = Math.ceil((wanted ?? (seconds * ordersPerSecond) / places.length) / turns);
  say('  one turn of each to warm up');
  for (const place of places) await turn(place, Math.min(orders, WARM_UP_ORDERS_MAX), false);
  for (let number = 1; number <= turns; number++)
    for (const place of places)
      say(`  ${place.name}, turn ${number} of ${turns}: ${await turn(place, orders, true)}`);
}
