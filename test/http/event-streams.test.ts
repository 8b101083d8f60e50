// Event streams on a connection and a clock of the test's own: readers that are slower than any socket of a test machine, and minutes
// that pass at once.

import { EventEmitter } from 'node:events';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { Counters } from '../../src/http/counters.ts';
import { STREAM_BYTES_BUFFERED_MAX, type IsOpen } from '../../src/http/event-stream.ts';
import { EventStreams } from '../../src/http/event-streams.ts';
import { Problem } from '../../src/http/problem.ts';
import type { Listener, News, ProductHub } from '../../src/http/product-hub.ts';
import type { Timers } from '../../src/runtime/index.ts';

const STREAMS_MAX = 2_000;

/** A reader's connection: it takes what the reader reads, and the rest waits. */
class Connection extends EventEmitter {
  destroyed = false;
  writableLength = 0;
  isEnded = false;
  text = '';
  #isSlow = false;
  #waiting = '';

  write(bytes: Uint8Array): boolean {
    if (this.isEnded || this.destroyed) throw new Error('written behind the end');
    this.#waiting += new TextDecoder().decode(bytes);
    this.writableLength = this.#waiting.length;
    if (!this.#isSlow) this.read();
    return true;
  }

  /** From now on it reads when it is told to. */
  slow(): void {
    this.#isSlow = true;
  }

  read(): string {
    const read = this.#waiting;
    this.text += read;
    this.#waiting = '';
    this.writableLength = 0;
    return read;
  }

  cork(): void {}
  uncork(): void {}

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

/** Node's answer, as far as a stream needs it. */
function answerOn(connection: Connection | null) {
  return {
    socket: connection,
    head: undefined as Record<string, string> | undefined,
    writeHead(_: number, head: Record<string, string>) {
      this.head = head;
      return this;
    },
    write: (bytes: Uint8Array) => connection!.write(bytes),
    end: () => connection!.end(),
  };
}

class TestTimers implements Timers {
  now = 0;
  #callbacks: { at: number; callback: () => void }[] = [];
  #soon: (() => void)[] = [];
  /** Turns of the loop that were waited for. */
  turns = 0;

  after(delayMs: number, callback: () => void): () => void {
    const entry = { at: this.now + delayMs, callback };
    this.#callbacks.push(entry);
    return () => void (this.#callbacks = this.#callbacks.filter((other) => other !== entry));
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  giveWay(): Promise<void> {
    return Promise.resolve();
  }

  get waiting(): number {
    return this.#callbacks.length;
  }

  async turn(): Promise<void> {
    await Promise.resolve();
    for (const callback of this.#soon.splice(0)) {
      this.turns++;
      callback();
    }
    for (let n = 0; n < 5; n++) await Promise.resolve();
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      do await this.turn();
      while (this.#soon.length > 0);
      const [next] = this.#callbacks.toSorted((one, other) => one.at - other.at);
      if (next === undefined || next.at > end) break;
      this.now = next.at;
      this.#callbacks = this.#callbacks.filter((other) => other !== next);
      next.callback();
    }
    this.now = end;
  }
}

class Fixture {
  readonly timers = new TestTimers();
  readonly counters = new Counters();
  readonly node = { phase: 'ready' };
  readonly listeners = new Map<string, Listener>();
  readonly streams: EventStreams;
  #randoms = 0;

  constructor() {
    const hub = {
      watch: (productId: string, listener: Listener) => {
        if (this.listeners.has(productId)) throw new Error(`${productId} is watched twice`);
        this.listeners.set(productId, listener);
        return () => this.listeners.delete(productId);
      },
    } as unknown as ProductHub;
    const { timers, counters } = this;
    this.streams = new EventStreams({
      hub,
      timers,
      counters,
      node: this.node as never,
      clock: { now: () => timers.now, monotonic: () => timers.now },
      random: { characters: () => String.fromCharCode((this.#randoms++ * 37) % 256) },
      limits: { streamsMax: STREAMS_MAX },
    });
  }

  async open(productIds: readonly string[], isOpen?: IsOpen, method = 'GET'): Promise<Connection> {
    const connection = new Connection();
    await this.answer(productIds, answerOn(connection), isOpen, method);
    return connection;
  }

  async answer(
    productIds: readonly string[],
    outgoing: ReturnType<typeof answerOn>,
    isOpen?: IsOpen,
    method = 'GET',
  ): Promise<Response> {
    const app = new Hono().all('/', (c) => this.streams.open(c, productIds, isOpen));
    app.onError((error) => new Response(error.message, { status: error instanceof Problem ? 503 : 500 }));
    return app.request('/', { method }, { outgoing });
  }

  say(productId: string, text: string, news: News = 'count'): void {
    this.listeners.get(productId)!(new TextEncoder().encode(text), news);
  }

  /** Streams, watched products and timers that are still there. */
  get left(): [streams: number, watched: number, timers: number] {
    return [this.counters.streams, this.listeners.size, this.timers.waiting];
  }
}

const numbers = (text: string, of: string): number[] =>
  [...text.matchAll(new RegExp(`${of}(\\d+) `, 'g'))].map(([, number]) => Number(number));

test('a slow reader misses events, holds few bytes, and still gets the newest of each product', async () => {
  const { open, say, timers } = bound(new Fixture());
  const reader = await open(['a', 'b', 'c']);
  reader.slow();
  const filling = 'x'.repeat(1_000);
  let bytesMax = 0;
  for (let n = 1; n <= 1_000; n++) {
    say('a', `a${n} ${filling}`);
    await timers.pass(250);
    bytesMax = Math.max(bytesMax, reader.writableLength);
    // It is slow, and not gone.
    if (n % 200 === 100) reader.read();
  }
  say('b', 'b1 ');
  say('c', 'c1 ');
  say('c', 'c2 ');
  await timers.pass(2_000);
  // Nothing new comes any more; there is room again.
  reader.read();
  await timers.pass(2_000);
  reader.read();
  expect(bytesMax).toBeLessThan(STREAM_BYTES_BUFFERED_MAX + 1_100);
  expect(numbers(reader.text, 'a').length).toBeLessThan(300);
  expect(numbers(reader.text, 'a').at(-1)).toBe(1_000);
  expect(reader.text).toContain('b1 ');
  expect(reader.text).toContain('c2 ');
  expect(reader.text).not.toContain('c1 ');
});

test('products that change all the time do not keep a slow reader from the others', async () => {
  const { open, say, timers } = bound(new Fixture());
  const reader = await open(['a', 'b', 'c']);
  reader.slow();
  const filling = 'x'.repeat(STREAM_BYTES_BUFFERED_MAX);
  for (let n = 1; n <= 12; n++) {
    for (const id of ['a', 'b', 'c']) say(id, `${id}${n} ${filling}`);
    await timers.pass(250);
    reader.read();
  }
  for (const id of ['a', 'b', 'c']) expect(numbers(reader.text, id).length).toBeGreaterThan(2);
});

test('no event of a product comes twice, nor after a newer one of it', async () => {
  const { open, say, timers } = bound(new Fixture());
  const reader = await open(['a', 'b']);
  reader.slow();
  const filling = 'x'.repeat(3_000);
  for (let n = 1; n <= 300; n++) {
    if (n % 3 === 0) say('a', `a${n} ${filling}`, n % 5 === 0 ? 'state' : 'count');
    else say('b', `b${n} `, 'state');
    await timers.pass(100);
    if (n % 7 === 0) reader.read();
  }
  const seen = numbers(reader.text, 'a');
  expect(seen.length).toBeGreaterThan(30);
  expect(seen).toEqual(seen.toSorted((one, other) => one - other));
  expect(new Set(seen).size).toBe(seen.length);
});

test('a stream begins with a pause for the browser that differs from the next one’s, and with what is known', async () => {
  const fixture = new Fixture();
  const { open, say, timers } = bound(fixture);
  const first = await open(['a']);
  say('a', 'a1 ', 'state');
  await timers.pass(300);
  const others = await Promise.all(Array.from({ length: 9 }, () => open(['a'])));
  const pauses = [first, ...others].map(({ text }) => Number(/^retry: (\d+)\n\n/.exec(text)![1]));
  expect(new Set(pauses).size).toBeGreaterThan(5);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2_000);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(4_000);
  for (const { text } of [first, ...others]) expect(text).toMatch(/\n\na1 $/);
  expect(fixture.listeners.size).toBe(1);
});

test('many readers make counts rarer and a change of the state not', async () => {
  const { open, say, timers } = bound(new Fixture());
  const events = async (readers: readonly Connection[], news: News): Promise<number> => {
    const before = readers[0]!.text.length;
    for (let ms = 0; ms < 10_000; ms += 250) {
      say('a', 'a', news);
      await timers.pass(250);
    }
    return readers[0]!.text.length - before;
  };
  const few = await Promise.all(Array.from({ length: 100 }, () => open(['a'])));
  expect(await events(few, 'count')).toBeGreaterThan(35);
  const many = [...few, ...(await Promise.all(Array.from({ length: 900 }, () => open(['a']))))];
  const ofMany = await events(many, 'count');
  expect(ofMany).toBeGreaterThan(7);
  expect(ofMany).toBeLessThan(14);
  expect(await events(many, 'state')).toBeGreaterThan(35);
  say('a', 'newest', 'count');
  await timers.pass(2_000);
  for (const { text } of many) expect(text).toMatch(/newest$/);
});

test('a round takes a few streams in each turn of the loop', async () => {
  const { open, say, timers } = bound(new Fixture());
  const readers = await Promise.all(Array.from({ length: 500 }, () => open(['a'])));
  await timers.pass(2_000);
  say('a', 'told', 'state');
  timers.turns = 0;
  await timers.pass(200);
  expect(timers.turns).toBeGreaterThanOrEqual(9);
  for (const { text } of readers) expect(text).toMatch(/told$/);
});

test('a silent stream says that it is still there, at least every 15 seconds', async () => {
  const { open, timers } = bound(new Fixture());
  const reader = await open(['a']);
  for (let n = 1; n <= 4; n++) {
    const before = reader.text.length;
    await timers.pass(16_000);
    expect(reader.text.slice(before)).toContain(': still here\n\n');
  }
  expect(reader.text.length).toBeLessThan(200);
});

test('a reader that takes nothing any more loses its place', async () => {
  const fixture = new Fixture();
  const { open, say, timers } = bound(fixture);
  const [gone, slow] = [await open(['a']), await open(['a'])];
  gone.slow();
  slow.slow();
  const filling = 'x'.repeat(STREAM_BYTES_BUFFERED_MAX);
  for (let n = 1; n <= 300; n++) {
    say('a', filling);
    await timers.pass(300);
    if (n % 100 === 0) slow.read();
  }
  expect(gone.destroyed).toBe(true);
  expect(slow.destroyed).toBe(false);
  expect(fixture.counters.streams).toBe(1);
});

test('streams end when the node stops, and when their readers leave', async () => {
  const fixture = new Fixture();
  const { open, timers } = bound(fixture);
  const readers = await Promise.all([open(['a']), open(['a', 'b']), open(['b'])]);
  expect(fixture.counters.streams).toBe(3);
  readers[1].destroy();
  expect(fixture.counters.streams).toBe(2);
  expect([...fixture.listeners.keys()]).toEqual(['a', 'b']);
  readers[2].destroy();
  expect([...fixture.listeners.keys()]).toEqual(['a']);
  await timers.pass(1_000);
  expect(readers[0].isEnded).toBe(false);
  fixture.node.phase = 'stopping';
  await timers.pass(1_000);
  expect(readers[0].isEnded).toBe(true);
  readers[0].destroy();
  expect(fixture.left).toEqual([0, 0, 0]);
});

test('a stream ends when its reader may no longer see one of its products, soon after a change and anyway', async () => {
  const fixture = new Fixture();
  const { open, say, timers } = bound(fixture);
  const closed = new Set<string>();
  const isOpen: IsOpen = (productId) => !closed.has(productId);
  const later: IsOpen = (productId) => Promise.resolve(!closed.has(productId));
  const [asked, promised, other] = [
    await open(['a', 'b'], isOpen),
    await open(['b'], later),
    await open(['a'], isOpen),
  ];
  fixture.streams.lookAgain();
  await timers.pass(100);
  expect(fixture.counters.streams).toBe(3);
  closed.add('b');
  fixture.streams.lookAgain();
  await timers.pass(100);
  expect([asked.isEnded, promised.isEnded, other.isEnded]).toEqual([true, true, false]);
  expect(fixture.counters.streams).toBe(1);
  say('a', 'for whoever may');
  await timers.pass(300);
  expect(asked.text).not.toContain('for whoever may');
  expect(other.text).toContain('for whoever may');
  // A session runs out without anybody changing anything.
  closed.add('a');
  await timers.pass(6_000);
  expect([asked.destroyed, promised.destroyed]).toEqual([true, true]);
  expect([other.isEnded, other.destroyed]).toEqual([true, false]);
  other.destroy();
  expect(fixture.left).toEqual([0, 0, 0]);
});

test('a stream goes on while nobody can say who may see its product', async () => {
  const fixture = new Fixture();
  const { open, say, timers } = bound(fixture);
  const thrown = await open(['a'], () => {
    throw new Problem('unavailable');
  });
  const rejected = await open(['a'], () => Promise.reject(new Problem('unavailable')));
  fixture.streams.lookAgain();
  await timers.pass(20_000);
  say('a', 'still told');
  await timers.pass(300);
  for (const reader of [thrown, rejected]) {
    expect(reader.isEnded).toBe(false);
    expect(reader.text).toContain('still told');
  }
});

test('no more streams than there are places, and HEAD takes none', async () => {
  const fixture = new Fixture();
  const { open, timers } = bound(fixture);
  const head = await fixture.answer(['a'], answerOn(new Connection()), undefined, 'HEAD');
  expect(head.headers.get('content-type')).toBe('text/event-stream');
  expect(fixture.counters.streams).toBe(0);
  const readers = await Promise.all(Array.from({ length: STREAMS_MAX }, () => open(['a'])));
  expect((await fixture.answer(['a'], answerOn(new Connection()))).status).toBe(503);
  expect(fixture.counters.streams).toBe(STREAMS_MAX);
  for (const reader of readers) reader.destroy();
  expect((await fixture.answer(['a'], answerOn(null))).status).toBe(503);
  const left = new Connection();
  left.destroy();
  expect((await fixture.answer(['a'], answerOn(left))).status).toBe(200);
  await timers.pass(100);
  expect(fixture.left).toEqual([0, 0, 0]);
});

function bound(fixture: Fixture) {
  return {
    open: fixture.open.bind(fixture),
    say: fixture.say.bind(fixture),
    timers: fixture.timers,
  };
}
