// Products as they change: over the stream, beside it while it fails, and what becomes of it on a page that nobody looks at.

import { afterEach, describe, expect, test } from 'vitest';
import type { Product, Watch } from '../../src/client/index.ts';
import { EventText } from '../../src/client/event-text.ts';
import { given, product, refused, ScriptedClient, type Asked } from './scripted-client.ts';
import { settled } from './simulated-world.ts';

/** A shop whose streams the test writes. */
class StreamingShop {
  readonly told: string[] = [];
  readonly writers: ReadableStreamDefaultController<Uint8Array>[] = [];
  readonly scripted: ScriptedClient;
  answerStream: (asked: Asked) => Response = (asked) => this.#stream(asked);
  answerProduct: (asked: Asked) => Response = () => given(product());
  watch: Watch | undefined;

  constructor() {
    this.scripted = new ScriptedClient((asked) =>
      asked.path.startsWith('/v1/events') ? this.answerStream(asked) : this.answerProduct(asked),
    );
  }

  async start(ids: readonly string[] = ['ember-kettle']): Promise<void> {
    this.watch = this.scripted.client.watch(ids, {
      onProduct: ({ id, sale }: Product) => this.told.push(`${id} ${sale.available}`),
      onHealth: (health) => this.told.push(health),
      onGone: (id) => this.told.push(`${id} gone`),
    });
    await this.pass(0);
  }

  async say(text: string): Promise<void> {
    this.writers.at(-1)!.enqueue(new TextEncoder().encode(text));
    await this.pass(0);
  }

  event(available: number, changes: object = {}): string {
    const data = product({ sale: { state: 'on_sale', available, offered: 5 }, ...changes });
    return `event: product\ndata: ${JSON.stringify(data)}\n\n`;
  }

  /** What is decoded takes turns of the real loop. */
  async pass(ms: number): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await settled();
    await this.scripted.pass(ms);
    for (let turn = 0; turn < 10; turn++) await settled();
  }

  get streams(): number {
    return this.scripted.paths.filter((path) => path.startsWith('GET /v1/events')).length;
  }

  #stream({ signal }: Asked): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (writer) => {
        this.writers.push(writer);
        signal.addEventListener('abort', () => writer.error(signal.reason));
      },
    });
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  }
}

let shop: StreamingShop;
afterEach(() => shop.watch?.stop());

describe('a watch', () => {
  test('tells of products over one stream, and of nothing older', async () => {
    shop = new StreamingShop();
    await shop.start(['ember-kettle', 'camera']);
    expect(shop.scripted.paths).toEqual(['GET /v1/events?product=ember-kettle&product=camera']);
    await shop.say('retry: 2000\n\n');
    await shop.say(shop.event(5));
    await shop.say(shop.event(9, { asOf: '2026-11-29T11:00:00.000Z' }));
    await shop.say(shop.event(7, { id: 'somebody-else' }));
    await shop.say(': still here\n\n');
    await shop.say(shop.event(4, { asOf: '2026-11-29T12:00:02.000Z' }));
    expect(shop.told).toEqual(['live', 'ember-kettle 5', 'ember-kettle 4']);
  });

  test('opens a stream that ended again, not at once', async () => {
    shop = new StreamingShop();
    await shop.start();
    await shop.say('retry: 4000\n\n');
    shop.writers.at(-1)!.close();
    await shop.pass(3_900);
    expect(shop.streams).toBe(1);
    await shop.pass(200);
    expect(shop.streams).toBe(2);
    await shop.say(shop.event(3));
    expect(shop.told).toEqual(['live', 'ember-kettle 3']);
  });

  test('opens a stream again that broke, sent nonsense, or fell silent', async () => {
    shop = new StreamingShop();
    await shop.start();
    shop.writers.at(-1)!.error(new TypeError('terminated'));
    await shop.pass(2_100);
    expect(shop.streams).toBe(2);
    await shop.say('event: product\ndata: {"id":\n\n');
    await shop.pass(2_100);
    expect(shop.streams).toBe(3);
    await shop.say(': still here\n\n');
    await shop.pass(44_000);
    expect(shop.streams).toBe(3);
    await shop.pass(3_200);
    expect(shop.streams).toBe(4);
  });

  test('asks for the products while the stream keeps failing, and stops asking when it is back', async () => {
    shop = new StreamingShop();
    const { answerStream } = shop;
    shop.answerStream = () => refused(503, 'overloaded', { 'Retry-After': '1' });
    await shop.start();
    await shop.pass(20_000);
    expect(shop.told).toEqual(expect.arrayContaining(['ember-kettle 5', 'polling']));
    shop.answerProduct = () => {
      throw new TypeError('fetch failed');
    };
    await shop.pass(6_000);
    expect(shop.told.at(-1)).toBe('offline');
    shop.answerStream = answerStream;
    await shop.pass(40_000);
    await shop.say(shop.event(2));
    expect(shop.told.slice(-2)).toEqual(['live', 'ember-kettle 2']);
    const asked = shop.scripted.asked.length;
    await shop.pass(20_000);
    expect(shop.scripted.asked).toHaveLength(asked);
  });

  test('says that the shop cannot be reached after one question, not after one for each product', async () => {
    shop = new StreamingShop();
    shop.answerStream = () => refused(503, 'overloaded', { 'Retry-After': '1' });
    shop.answerProduct = () => {
      throw new TypeError('fetch failed');
    };
    const ids = ['p-1', 'p-2', 'p-3'];
    await shop.start(ids);
    const questions = (): string[] => shop.scripted.paths.filter((path) => path.includes('/v1/products/'));
    for (let seconds = 0; questions().length === 0 && seconds < 60; seconds++) await shop.pass(1_000);
    expect(shop.told).toEqual(['offline']);
    expect(questions()).toEqual(['GET /v1/products/p-1']);
    shop.answerProduct = ({ path }) => given(product({ id: path.split('/').at(-1) }));
    await shop.pass(6_500);
    expect(questions().slice(1, 4)).toEqual(
      ids.map((_, at) => `GET /v1/products/p-${at === 2 ? 1 : at + 2}`),
    );
    expect(shop.told.at(-1)).toBe('polling');
  });

  test('goes on without a product that is not there for the shopper any more', async () => {
    shop = new StreamingShop();
    const { answerStream } = shop;
    shop.answerStream = (asked) =>
      asked.path.includes('camera') ? refused(404, 'not_found') : answerStream(asked);
    shop.answerProduct = ({ path }) =>
      path.includes('camera') ? refused(404, 'not_found') : given(product());
    await shop.start(['ember-kettle', 'camera']);
    expect(shop.told).toEqual(['ember-kettle 5', 'camera gone']);
    await shop.pass(2_100);
    expect(shop.scripted.paths.at(-1)).toBe('GET /v1/events?product=ember-kettle');
    await shop.say(shop.event(1, { asOf: '2026-11-29T12:00:03.000Z' }));
    expect(shop.told.slice(2)).toEqual(['live', 'ember-kettle 1']);
  });

  test('rests while its page is hidden for long, and is back when it is looked at', async () => {
    shop = new StreamingShop();
    await shop.start();
    await shop.say(shop.event(5));
    shop.scripted.hide(true);
    await shop.pass(9_000);
    shop.scripted.hide(false);
    await shop.pass(20_000);
    expect(shop.streams).toBe(1);
    shop.scripted.hide(true);
    await shop.pass(60_000);
    expect(shop.scripted.asked.at(-1)!.signal.aborted).toBe(true);
    shop.scripted.hide(false);
    await shop.pass(0);
    expect(shop.streams).toBe(2);
    await shop.say(shop.event(5));
    expect(shop.told).toEqual(['live', 'ember-kettle 5', 'ember-kettle 5']);
  });

  test('that is stopped asks and tells nothing any more', async () => {
    shop = new StreamingShop();
    await shop.start();
    shop.watch!.stop();
    await shop.pass(120_000);
    shop.scripted.hide(true);
    shop.scripted.hide(false);
    await shop.pass(120_000);
    expect(shop.scripted.asked).toHaveLength(1);
    expect(shop.scripted.asked[0]!.signal.aborted).toBe(true);
    expect(shop.told).toEqual([]);
  });

  test('of no products, or of too many, is a mistake of the front end', () => {
    const { client } = new ScriptedClient(() => given(product()));
    const ids = Array.from({ length: 51 }, (_, n) => `p-${n}`);
    for (const wrong of [[], ids])
      expect(() => client.watch(wrong, { onProduct: () => undefined })).toThrow('takes 1 to 50 products');
  });
});

describe('an event', () => {
  const stream =
    'retry: 1500\r\nevent: product\r\ndata: {"a":\r\ndata: 1}\r\n\r\n: beat\n\ndata:bare\n\nevent: empty\n\n';

  test('is the same however the bytes are cut', () => {
    for (let at = 0; at <= stream.length; at++) {
      const text = new EventText();
      const events = [...text.read(stream.slice(0, at)), ...text.read(stream.slice(at))];
      expect(events, `cut at ${at}`).toEqual([
        { name: 'product', data: '{"a":\n1}' },
        { name: 'message', data: 'bare' },
      ]);
      expect(text.retryMs).toBe(1_500);
    }
  });

  test.each([
    ['one line', 'data: '],
    ['many lines', 'data: x\n'],
  ])('that never ends is given up: %s', (_, piece) => {
    const text = new EventText();
    const long = piece.endsWith('\n') ? piece.repeat(20_000) : piece + 'x'.repeat(70_000);
    expect(() => text.read(long)).toThrow('more than 65536 characters');
  });
});
