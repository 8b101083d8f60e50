// The live board behind its page: what its figures say, who is told them, and when a stream ends.

import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { ProductReading } from '../../src/actors/index.ts';
import { boardFigures, boardPlot } from '../../src/http/cms/board-figures.ts';
import { BoardHub, BOARDS_MAX, type BoardPorts } from '../../src/http/cms/board-hub.ts';
import {
  BOARD_STREAMS_MAX,
  BOARD_STREAMS_PER_PERSON_MAX,
  BoardStreams,
} from '../../src/http/cms/board-streams.ts';
import { Counters } from '../../src/http/counters.ts';
import { emptySeries, type SaleSeries } from '../../src/http/sale-series.ts';
import type { SaleQuestion, SaleWatched } from '../../src/http/sale-watch.ts';
import { loadAssets } from '../../src/http/index.ts';
import { boardPage } from '../../src/http/pages/cms/index.ts';
import type { Campaign, CampaignPhase, CatalogueProduct } from '../../src/persistence/index.ts';

const NOW = 1_000_000_000;
const campaign = {
  id: 'c',
  title: 'Night of lamps',
  status: 'published',
  startsAt: NOW - 1_000,
  endsAt: NOW + 60_000,
} as Campaign;
const product = (id: string): CatalogueProduct => ({ id, name: `Lamp ${id}` }) as CatalogueProduct;

function reading(productId: string, sold: number, amount: number, currency = 'EUR'): ProductReading {
  const stock = { loaded: 110, available: 90 - sold, reserved: 10, sold, withdrawn: 10 };
  return { productId, stock, state: 'on_sale', configuration: { amount, currency } } as ProductReading;
}

const watched = (parts: Partial<SaleWatched> = {}): SaleWatched => ({
  series: emptySeries(NOW / 1_000, 0),
  counts: [],
  countedSeconds: 5,
  readings: [],
  silent: [],
  ...parts,
});

function series(from: number, orders: number[], available: (number | undefined)[] = []): SaleSeries {
  const known = orders.map((_, at) => (available[at] === undefined ? 0 : 1));
  const stock = orders.map((_, at) => available[at] ?? 0);
  return { ...emptySeries(from, orders.length), orders, units: orders, known, available: stock };
}

const figuresOf = (parts: Partial<SaleWatched>, products = [product('a'), product('b')]) =>
  boardFigures({
    campaign,
    products,
    watched: watched(parts),
    series: emptySeries(0, 0),
    now: NOW,
  });

test('revenue is units sold at the present price, in each currency; rates are of a second', () => {
  const { totals, products, phase, notes } = figuresOf({
    readings: [reading('a', 3, 4_950), reading('b', 2, 1_000, 'JPY')],
    counts: [
      {
        productId: 'a',
        orders: 12,
        units: 12,
        refused: { sold_out: 7, insufficient_stock: 1, too_many_holds: 2, ticket_required: 3, overloaded: 3 },
      },
    ],
  });
  expect(phase).toBe('live');
  expect(products[0]).toMatchObject({
    offered: 100,
    available: 87,
    held: 10,
    sold: 3,
    orders: 2.4,
    refusals: 3.2,
    reasons: [1.6, 0, 1, 0, 0.6, 0],
    revenue: '€148.50',
  });
  expect(totals).toMatchObject({ offered: 200, sold: 5, orders: 2.4, revenue: '€148.50 + ¥2,000' });
  expect(notes).toEqual([]);
});

test('a product of which all units are held and none is sold is not called sold out', () => {
  const gone = (id: string, reserved: number, sold: number): ProductReading => ({
    ...reading(id, 0, 1),
    stock: { loaded: 10, withdrawn: 0, available: 0, reserved, sold },
    state: 'sold_out',
  });
  const { products } = figuresOf({ readings: [gone('a', 10, 0), gone('b', 3, 7)] });
  expect(products.map(({ state }) => state)).toEqual(['all_held', 'sold_out']);
});

test('publishers pause and resume from the board, as its phase allows', async () => {
  const shownIn = async (phase: CampaignPhase, role: string): Promise<string[]> => {
    const figures = { ...figuresOf({ readings: [reading('a', 1, 1)] }), phase };
    const plot = boardPlot(emptySeries(0, 0));
    const look = { assets: loadAssets(), now: NOW, session: { user: { name: 'Ada', role } } } as never;
    const timed = { ...campaign, timeZone: 'Europe/Berlin' };
    const page = String(await boardPage(look, { campaign: timed, figures, plot, plotted: undefined }));
    return [...page.matchAll(/<a\s[^>]*data-phases="[^"]*"([^>]*)>\s*(\w+)/g)]
      .filter(([, attributes]) => !attributes!.includes('hidden'))
      .map(([, , text]) => text!);
  };
  expect(await shownIn('live', 'publisher')).toEqual(['Pause']);
  expect(await shownIn('scheduled', 'publisher')).toEqual(['Pause']);
  expect(await shownIn('paused', 'publisher')).toEqual(['Resume']);
  expect(await shownIn('cancelled', 'publisher')).toEqual([]);
  expect(await shownIn('live', 'editor')).toEqual([]);
});

test('what is missing from the figures is said in words', () => {
  const { notes, products } = figuresOf({ readings: [reading('a', 0, 1)], silent: ['north', 'south'] });
  expect(products[1]!.state).toBeUndefined();
  expect(notes.join(' ')).toMatch(/says nothing of Lamp b/);
  expect(notes.join(' ')).toMatch(/nodes north, south/);
  const many = Array.from({ length: 101 }, (_, at) => product(String(at)));
  const crowded = figuresOf({}, many);
  expect(crowded.products).toHaveLength(100);
  expect(crowded.notes.join(' ')).toMatch(/first 100 of 101/);
});

test('stock that nobody knows is a gap in the plot, and no number; a product counts from when it is known', () => {
  const plot = boardPlot(series(7, [1, 2, 3], [5, undefined, 4]));
  expect(plot.available).toEqual([5, null, 4]);
  const one = series(7, [1, 1, 1], [5, 5, 5]);
  one.known[2] = 2;
  one.available[2] = 35;
  expect(boardPlot(one).available).toEqual([5, 5, 35]);
});

test('minutes are sums of their seconds, the newest first, without those before anything was', () => {
  const orders = Array.from({ length: 200 }, (_, at) => (at < 100 ? 0 : 1));
  const { minutes } = boardFigures({
    campaign,
    products: [product('a')],
    watched: watched(),
    series: series(
      1_200,
      orders,
      orders.map((_, at) => (at === 199 ? 6 : undefined)),
    ),
    now: NOW,
  });
  expect(minutes.map(({ at, orders, available }) => [at / 60_000, orders, available])).toEqual([
    [23, 20, 6],
    [22, 60, null],
    [21, 20, null],
  ]);
});

/** A node that tells the seconds of a script, and time that passes when the test says so. */
function hubOf(answer: (question: SaleQuestion) => SaleWatched) {
  const asked: SaleQuestion[] = [];
  let now = NOW;
  let due: { at: number; act: () => void }[] = [];
  const ports = {
    catalogue: {
      campaign: async (id: string) => (id === 'none' ? undefined : { campaign, products: [product('a')] }),
    },
    node: {
      phase: 'ready',
      sale: async (question: SaleQuestion) => {
        asked.push(question);
        return answer(question);
      },
    },
    clock: { now: () => now },
    timers: {
      after: (delayMs: number, act: () => void) => {
        const timer = { at: now + delayMs, act };
        due.push(timer);
        return () => void (due = due.filter((each) => each !== timer));
      },
    },
    random: { characters: () => String.fromCharCode(128) },
  } as unknown as BoardPorts;
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const pass = async (ms: number): Promise<void> => {
    const until = now + ms;
    await settle();
    for (;;) {
      const next = due.toSorted((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > until) break;
      due = due.filter((each) => each !== next);
      now = next.at;
      next.act();
      await settle();
    }
    now = until;
  };
  return { hub: new BoardHub(ports), ports, asked, pass, settle };
}

const dataOf = (event: Uint8Array) => JSON.parse(new TextDecoder().decode(event).split('data: ')[1]!);

test('all who watch share one question a second; who comes later begins with the seconds before', async () => {
  let seconds = 100;
  const { hub, asked, pass } = hubOf(({ from }) => {
    seconds++;
    const first = Math.max(from - 3, seconds - 9);
    const orders = Array.from({ length: seconds - first + 1 }, (_, at) => first + at);
    return watched({ series: series(first, orders) });
  });
  const early: Uint8Array[] = [];
  const one = hub.watch('c', undefined, (event) => early.push(event));
  await pass(5_000);
  expect(asked).toHaveLength(6);
  expect(asked[0]!.from).toBe(0);
  expect(asked[1]!.from).toBe(102);
  expect(dataOf(early[0]!).plot.orders).toHaveLength(10);
  expect(dataOf(early.at(-1)!).plot).toMatchObject({ from: 103, orders: [103, 104, 105, 106] });
  const late: Uint8Array[] = [];
  const two = hub.watch('c', undefined, (event, whole) => whole && late.push(event));
  expect(dataOf(late[0]!).plot).toMatchObject({ from: 92, orders: expect.arrayContaining([92, 106]) });
  one.leave();
  two.leave();
  await pass(5_000);
  expect(asked).toHaveLength(6);
});

test('a node that does not answer is asked again, and a board that is one too many is refused', async () => {
  let fails = true;
  const { hub, asked, pass } = hubOf(() => {
    if (fails) throw new Error('no answer');
    return watched();
  });
  const events: Uint8Array[] = [];
  hub.watch('c', undefined, (event) => events.push(event));
  await pass(3_000);
  expect(events).toHaveLength(0);
  fails = false;
  await pass(1_000);
  expect(events).toHaveLength(1);
  expect(asked.length).toBeGreaterThan(3);
  for (let board = 1; board < BOARDS_MAX; board++) hub.watch('c', String(board), () => undefined);
  expect(() => hub.watch('c', 'one more', () => undefined)).toThrow('overloaded');
});

function streamOf(
  isSignedIn: () => Promise<boolean> = async () => true,
  answer: (question: SaleQuestion) => SaleWatched = () => watched(),
) {
  const { hub, ports, pass, settle } = hubOf(answer);
  const counters = new Counters();
  const node = { phase: 'ready' };
  const streams = new BoardStreams({
    hub,
    node: node as never,
    timers: ports.timers,
    counters,
    streamsMax: 1_000,
  });
  const app = new Hono().get('/', (c) =>
    streams.open(c, {
      userId: c.req.query('user') ?? 'u',
      campaignId: 'c',
      productId: undefined,
      isSignedIn,
    }),
  );
  return { app, counters, node, pass, settle };
}

async function textOf(response: Response): Promise<string> {
  return response.text();
}

test('a stream ends with its session, and says so', async () => {
  let signedIn = true;
  const { app, counters, pass } = streamOf(async () => signedIn);
  const text = textOf(await app.request('/'));
  await pass(16_000);
  expect(counters.streams).toBe(1);
  signedIn = false;
  await pass(16_000);
  expect(await text).toMatch(/event: signed-out\ndata: \{\}\n\n$/);
  expect(counters.streams).toBe(0);
});

test('a stream ends when the node stops; Postgres that is away ends none', async () => {
  const { app, counters, node, pass } = streamOf(() => Promise.reject(new Error('away')));
  const text = textOf(await app.request('/'));
  await pass(40_000);
  expect(counters.streams).toBe(1);
  node.phase = 'stopping';
  await pass(500);
  expect(await text).not.toMatch(/signed-out/);
  expect(counters.streams).toBe(0);
});

test('a slow reader begins again with all that is remembered, and misses nothing after that', async () => {
  let seconds = 100;
  const { app, pass } = streamOf(undefined, ({ from }) => {
    seconds++;
    const first = Math.max(from - 3, 101);
    return watched({
      series: series(
        first,
        Array.from({ length: seconds - first + 1 }, (_, at) => first + at),
      ),
    });
  });
  const reader = (await app.request('/')).body!.getReader();
  const next = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
  await pass(60_000);
  let event = await next();
  let events = 0;
  while (!event.includes('"orders":[101,102,103,') || !event.includes(`,${seconds}]`)) {
    event = await next();
    expect(++events).toBeLessThan(6);
  }
  await pass(1_000);
  expect(dataOf(new TextEncoder().encode(await next())).plot.orders).toEqual(
    [3, 2, 1, 0].map((before) => seconds - before),
  );
  await reader.cancel();
});

test('streams are bounded, and each counts as long as it is open', async () => {
  const { app, counters } = streamOf();
  app.onError((error, c) => c.text(error.message, 503));
  const open = await Promise.all(
    Array.from({ length: BOARD_STREAMS_MAX }, async (_, at) =>
      app.request(`/?user=${Math.floor(at / BOARD_STREAMS_PER_PERSON_MAX)}`),
    ),
  );
  expect(counters.streams).toBe(BOARD_STREAMS_MAX);
  expect((await app.request('/?user=new')).status).toBe(503);
  await open[0]!.body!.cancel();
  expect((await app.request('/?user=new')).status).toBe(200);
});

test('one person has a few streams, and leaves the others to others', async () => {
  const { app, counters } = streamOf();
  app.onError((error, c) => c.text(error.message, 503));
  const open = [];
  for (let at = 0; at < BOARD_STREAMS_PER_PERSON_MAX; at++) open.push(await app.request('/?user=one'));
  expect((await app.request('/?user=one')).status).toBe(503);
  expect((await app.request('/?user=other')).status).toBe(200);
  await open[0]!.body!.cancel();
  expect((await app.request('/?user=one')).status).toBe(200);
  expect(counters.streams).toBe(BOARD_STREAMS_PER_PERSON_MAX + 1);
});
