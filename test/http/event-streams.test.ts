// A reader that is slower than the sale, which no socket of a test machine is: the stream itself, read at will.

import { Hono } from 'hono';
import { expect, test, vi } from 'vitest';
import { Counters } from '../../src/http/counters.ts';
import type { HttpContext } from '../../src/http/context.ts';
import { EventStreams } from '../../src/http/event-streams.ts';

function streamOf(productIds: readonly string[]) {
  const listeners = new Map<string, (event: Uint8Array) => void>();
  const counters = new Counters();
  const node = { phase: 'ready' };
  const hub = {
    watch(productId: string, listener: (event: Uint8Array) => void) {
      listeners.set(productId, listener);
      return () => listeners.delete(productId);
    },
  };
  const context = { hub, counters, node, limits: { streamsMax: 10 } } as unknown as HttpContext;
  const streams = new EventStreams(context);
  const app = new Hono().get('/', (c) => streams.open(c, productIds));
  const say = (productId: string, text: string): void => {
    listeners.get(productId)?.(new TextEncoder().encode(text));
  };
  return { app, say, counters, node, listeners };
}

test('a slow reader misses events, and still gets the newest of each product', async () => {
  const { app, say, counters, listeners } = streamOf(['a', 'b', 'c']);
  const reader = (await app.request('/')).body!.getReader();
  for (let n = 1; n <= 1_000; n++) say('a', `a${n} `);
  say('b', 'b1 ');
  say('c', 'c1 ');
  say('c', 'c2 ');
  let text = '';
  while (!(text.includes('a1000 ') && text.includes('b1 ') && text.includes('c2 '))) {
    const { value } = await reader.read();
    text += new TextDecoder().decode(value);
  }
  expect(text.match(/a\d+ /g)!.length).toBeLessThan(30);
  say('b', 'b2 ');
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('b2 ');
  expect(counters.streams).toBe(1);
  await reader.cancel();
  expect(counters.streams).toBe(0);
  expect(listeners.size).toBe(0);
});

test('no event of a product comes after a newer one of it', async () => {
  const { app, say } = streamOf(['a']);
  const reader = (await app.request('/')).body!.getReader();
  const seen: number[] = [];
  for (let n = 1; n <= 300; n++) {
    say('a', `a${n} `);
    if (n % 7 !== 0) continue;
    const { value } = await reader.read();
    seen.push(
      ...[...new TextDecoder().decode(value).matchAll(/a(\d+) /g)].map(([, number]) => Number(number)),
    );
  }
  expect(seen.length).toBeGreaterThan(30);
  expect(seen).toEqual(seen.toSorted((one, other) => one - other));
});

test('streams end when the node stops', async () => {
  vi.useFakeTimers();
  try {
    const { app, counters, node, listeners } = streamOf(['a']);
    const reader = (await app.request('/')).body!.getReader();
    await reader.read();
    vi.advanceTimersByTime(1_000);
    expect(counters.streams).toBe(1);
    node.phase = 'stopping';
    vi.advanceTimersByTime(1_000);
    expect(await reader.read()).toMatchObject({ done: true });
    expect(counters.streams).toBe(0);
    expect(listeners.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
