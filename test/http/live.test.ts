// What a browser or an operator watches: event streams, time, pages, metrics and health, from a real node.

/* oxlint-disable vitest/expect-expect -- expectProblem and waitUntil assert, too */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CampaignDesk } from '../harness/campaign-desk.ts';
import { ADMIN_TOKEN, Engine } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { EventReader } from './event-stream.ts';
import { expectProblem } from './problems.ts';
import { openSocket } from './raw.ts';
import { inSeconds, sign } from './tokens.ts';

const STREAMS_MAX = 8;
const THREADS = 2;

let engine: Engine;
const open: EventReader[] = [];

beforeAll(async () => {
  engine = await Engine.start({ env: { STREAMS_MAX: `${STREAMS_MAX}`, WORKERS: `${THREADS}` } });
});
afterAll(() => engine?.remove());

async function watch(path: string): Promise<EventReader> {
  const reader = await EventReader.open(engine, path);
  open.push(reader);
  return reader;
}

async function closeAll(): Promise<void> {
  for (const reader of open.splice(0)) reader.close();
  await waitUntil('no stream is open', async () => (await metric('doorbuster_event_streams')) === 0);
}

async function metric(name: string): Promise<number> {
  const { body } = await engine.call<string>('GET', '/metrics');
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1]);
}

const tokenOf = (customer: string): string => sign({ sub: customer, exp: inSeconds(600) });

/** As many customers as purchases, all at once. */
async function buyMany(productId: string, count: number): Promise<void> {
  const customers = Array.from({ length: count }, (_, n) => tokenOf(`${productId}-${n}`));
  const answers = await Promise.all(customers.map((token) => engine.buy(token, productId, 'key')));
  expect(answers.every(({ status }) => status === 201)).toBe(true);
}

describe('an event stream', () => {
  test('begins with the product as it is, and tells of a purchase', async () => {
    await engine.product('watched', { quantity: 5 });
    const reader = await watch('/v1/products/watched/events');
    expect(reader).toMatchObject({ status: 200, contentType: 'text/event-stream' });
    await waitUntil('the first event', () => reader.events.length > 0);
    const shown = await engine.call('GET', '/v1/products/watched');
    expect({ ...reader.events[0], asOf: 0 }).toEqual({ ...shown.body, asOf: 0 });
    await buyMany('watched', 1);
    await waitUntil('the purchase', () => reader.newestOf('watched')?.sale.available === 4);
    const late = await watch('/v1/products/watched/events');
    await waitUntil('a later reader', () => late.newestOf('watched')?.sale.available === 4);
    await closeAll();
  });

  test('of several products tells of each of them', async () => {
    await engine.product('one', { quantity: 2 });
    await engine.product('two', { quantity: 2 });
    const reader = await watch('/v1/events?product=one&product=two&product=one');
    await waitUntil('both', () => reader.newestOf('one') && reader.newestOf('two'));
    await buyMany('two', 2);
    await waitUntil('the end of one sale', () => reader.newestOf('two')?.sale.state === 'sold_out');
    await engine.call('POST', '/v1/admin/products/one/pause', { token: ADMIN_TOKEN });
    await waitUntil('the pause of the other', () => reader.newestOf('one')?.sale.state === 'paused');
    await closeAll();
  });

  test('of fifty products begins with all of them, for the first reader and for the next', async () => {
    const ids = Array.from({ length: 50 }, (_, n) => `many-${n}`);
    await Promise.all(ids.map((id) => engine.product(id, { quantity: 0 })));
    for (let time = 0; time < 2; time++) {
      const reader = await watch(`/v1/events?${ids.map((id) => `product=${id}`).join('&')}`);
      await waitUntil('all products', () => ids.every((id) => reader.newestOf(id) !== undefined));
    }
    await closeAll();
  });

  test('gathers many changes in few events, and the last one is right', async () => {
    await engine.product('crowded', { quantity: 300 });
    const reader = await watch('/v1/products/crowded/events');
    for (let n = 0; n < 200; n++) await engine.buy(tokenOf(`crowded-${n}`), 'crowded', 'key');
    await waitUntil('the last event', () => reader.newestOf('crowded')?.sale.available === 100);
    expect(reader.events.length).toBeLessThan(100);
    await closeAll();
  });

  test('of an unknown product is 404, alone and among others', async () => {
    expectProblem(await engine.call('GET', '/v1/products/nowhere/events'), 404, 'not_found');
    await engine.product('known', { quantity: 0 });
    const answer = await engine.call('GET', '/v1/events?product=known&product=nowhere&product=no-one');
    expectProblem(answer, 404, 'not_found', /nowhere, no-one/);
    expect(await metric('doorbuster_event_streams')).toBe(0);
  });

  test('ends for whoever is taken off the list, and goes on for the others', async () => {
    const desk = await CampaignDesk.at(engine);
    const { slug, productIds } = await desk.publish({
      title: 'Streamed',
      entry: 'list',
      customers: ['greta', 'harry'],
      products: [{ name: 'Streamed lamp' }],
    });
    const path = `/v1/products/${productIds[0]!}/events`;
    const watchAs = async (customer: string): Promise<EventReader> => {
      const reader = await EventReader.open(engine, path, { Authorization: `Bearer ${tokenOf(customer)}` });
      open.push(reader);
      return reader;
    };
    await waitUntil('greta may see it', async () => {
      const seen = await Promise.all([watchAs('greta'), watchAs('greta'), watchAs('greta')]);
      return seen.every(({ status }) => status === 200);
    });
    await closeAll();
    const [greta, harry] = [await watchAs('greta'), await watchAs('harry')];
    await waitUntil('both have the product', () => greta.events.length > 0 && harry.events.length > 0);
    await desk.uploadList(slug, ['harry']);
    await waitUntil('the stream has ended', () => greta.isEnded);
    await waitUntil('she finds nothing', async () => (await watchAs('greta')).status === 404);
    expect(harry.isEnded).toBe(false);
    await engine.buy(tokenOf('harry'), productIds[0]!, 'key');
    await waitUntil('the other goes on', () => harry.newestOf(productIds[0]!)?.sale.available === 9);
    await closeAll();
  });

  test('gives its place back however its reader leaves', async () => {
    await engine.product('left', { quantity: 0 });
    for (let n = 0; n < 3; n++) await watch('/v1/products/left/events');
    await waitUntil('three are open', async () => (await metric('doorbuster_event_streams')) === 3);
    await closeAll();
    for (let n = 0; n < 50; n++) {
      const socket = openSocket(engine);
      socket.on('error', () => undefined);
      socket.write('GET /v1/products/left/events HTTP/1.1\r\nHost: x\r\n\r\n', () => {
        if (n % 2 === 0) socket.destroy();
        else socket.end();
      });
    }
    for (let n = 0; n < 20; n++) await engine.call('HEAD', '/v1/products/left/events');
    await engine.call('HEAD', '/v1/events?product=left');
    await closeAll();
    expect(await watch('/v1/products/left/events')).toMatchObject({ status: 200 });
    await closeAll();
  });

  test('is refused when all places are taken, and possible again when one is free', async () => {
    await engine.product('full', { quantity: 0 });
    for (let n = 0; n < STREAMS_MAX * THREADS * 3; n++) await watch('/v1/products/full/events');
    const refused = open.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
    expect(open.length - refused.length).toBe(await metric('doorbuster_event_streams'));
    expect(open.length - refused.length).toBeLessThanOrEqual(STREAMS_MAX * THREADS);
    const answer = await waitUntil('a refusal', async () => {
      const asked = await EventReader.open(engine, '/v1/products/full/events');
      asked.close();
      return asked.status === 503 && engine.call('GET', '/livez');
    });
    expect(answer.status).toBe(200);
    await closeAll();
    expect(await watch('/v1/products/full/events')).toMatchObject({ status: 200 });
    await closeAll();
  });
});

test('the time is the same in both spellings, and goes on', async () => {
  const first = await engine.call<{ now: string; epochMs: number }>('GET', '/v1/time');
  expect(Date.parse(first.body.now)).toBe(first.body.epochMs);
  expect(first.headers.get('cache-control')).toBe('no-store');
  const second = await engine.call<{ epochMs: number }>('GET', '/v1/time');
  expect(second.body.epochMs).toBeGreaterThanOrEqual(first.body.epochMs);
});

describe('the pages', () => {
  test.each(['/', '/docs'])('%s is served under a policy that allows no inline script', async (path) => {
    for (let time = 0; time < 2; time++) {
      const { status, headers, body } = await engine.call<string>('GET', path);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toMatch(/^text\/html; charset=utf-8/i);
      const policy = headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(body).toMatch(/^<!doctype html>/i);
      expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|<style\b|\son\w+="|\sstyle="/);
      expect(body).not.toMatch(/\[object |undefined/);
    }
  });

  test('every file that the pages name is there, kept for ever under its version alone', async () => {
    const { body } = await engine.call<string>('GET', '/');
    const named = new Set([...body.matchAll(/(?:src|href)="(\/static\/[^"]+)"/g)].map(([, url]) => url!));
    expect(named.size).toBeGreaterThan(3);
    for (const url of named) {
      const { status, headers } = await engine.call('GET', url);
      expect([url, status]).toEqual([url, 200]);
      expect(headers.get('cache-control')).toContain('immutable');
      expect(headers.get('content-type')).toMatch(
        /^(text\/css|text\/javascript|image\/svg\+xml); charset=utf-8$/,
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    const [bare] = [...named][0]!.split('?');
    expect((await engine.call('GET', bare!)).headers.get('cache-control')).toBe('no-cache');
    expect((await engine.call('GET', `${bare!}?v=other`)).headers.get('cache-control')).toBe('no-cache');
    expect((await engine.call('GET', '/favicon.ico')).status).toBe(200);
  });

  test('no other file is served', async () => {
    for (const path of [
      'nothing.css',
      '',
      'products',
      '%2e%2e/server.ts',
      '..%2f..%2fserver.ts',
      'base.css/',
    ]) {
      const { status, headers } = await engine.call('GET', `/static/${path}`);
      expect([path, status]).toEqual([path, 404]);
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  test('a product’s own words are text on the page, not markup', async () => {
    const body = {
      name: '<script>alert(1)</script>"\'&',
      description: '</p><img src=x onerror=alert(1)>',
      startsAt: '2039-01-01T00:00:00Z',
      endsAt: '2040-01-01T00:00:00Z',
      price: { amount: 1, currency: 'EUR' },
    };
    await engine.call('PUT', '/v1/admin/products/markup', { token: ADMIN_TOKEN, body });
    const page = await waitUntil('the shop lists it', async () => {
      const { body: shop } = await engine.call<string>('GET', '/');
      return shop.includes('alert(1)') && shop;
    });
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img src=x');
  });
});

describe('for operators', () => {
  test('the node is alive and ready', async () => {
    expect(await engine.call('GET', '/livez')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await engine.call('GET', '/readyz')).toMatchObject({ status: 200, body: 'ready\n' });
    expect((await engine.call('HEAD', '/livez')).status).toBe(200);
  });

  test('the metrics are Prometheus text, one kind and meaning for each name', async () => {
    await engine.product('counted', { quantity: 2 });
    await buyMany('counted', 2);
    expectProblem(await engine.buy(await engine.token('counted-late'), 'counted', 'key'), 409, 'sold_out');
    const { body, headers } = await engine.call<string>('GET', '/metrics');
    expect(headers.get('content-type')).toContain('version=0.0.4');
    const kinds = new Map<string, string>();
    const samples = new Map<string, number>();
    for (const line of body.trimEnd().split('\n').filter(Boolean)) {
      const [, type, kind] = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line) ?? [];
      if (type !== undefined) {
        expect(kinds.has(type), line).toBe(false);
        kinds.set(type, kind!);
      } else if (!/^# HELP \S+ .+$/.test(line)) {
        const sample =
          /^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})?) (\S+)$/.exec(line);
        expect(sample, line).not.toBeNull();
        expect(sample![2], line).toMatch(/^(NaN|[+-]Inf|-?\d+(\.\d+)?([eE][+-]?\d+)?)$/);
        expect(samples.has(sample![1]!), line).toBe(false);
        samples.set(sample![1]!, Number(sample![2]));
      }
    }
    const named = [...samples.keys()].map((key) =>
      key.replace(/\{.*/, '').replace(/_(bucket|sum|count)$/, ''),
    );
    const untold = named.filter(
      (name) => !kinds.has(name) && ![...kinds.keys()].some((kind) => name.startsWith(kind)),
    );
    expect(untold).toEqual([]);
    expect(samples.get('doorbuster_orders_total{outcome="reserved"}')).toBeGreaterThanOrEqual(2);
    expect(samples.get('doorbuster_orders_total{outcome="sold_out"}')).toBe(1);
    expect(samples.get('doorbuster_shards{phase="open"}')).toBe(16);
    expect(kinds.get('doorbuster_orders_total')).toBe('counter');
  });

  test('asking for the metrics many times at once gives the same figures', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => engine.call<string>('GET', '/metrics')),
    );
    const orders = answers.map(({ body }) =>
      body.split('\n').filter((line) => line.startsWith('doorbuster_orders_total')),
    );
    expect(new Set(orders.map((lines) => lines.join('\n'))).size).toBe(1);
  });
});
