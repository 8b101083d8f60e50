// The listener by itself: how it stops, and what it lets nobody decode.

import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { listen } from '../../src/http/index.ts';
import { BROKEN_TARGET_CHARACTERS_MAX } from '../../src/http/request-target.ts';
import { waitUntil } from '../harness/wait-until.ts';

const OPTIONS = { host: '127.0.0.1', port: 0, reusePort: false, headerBytesMax: 16_384 };
/** Well below the time after which a stop ends every connection by force. */
const SOON_MS = 5_000;

test('a stop answers what is under way, and then waits for no client that would keep its connection', async () => {
  const { promise: answer, resolve: finish } = Promise.withResolvers<void>();
  let asked = false;
  const app = new Hono().get('/', async (c) => {
    asked = true;
    await answer;
    return c.text('answered');
  });
  const listener = await listen(app, OPTIONS);
  const agent = new Agent({ keepAlive: true });
  let text = '';
  get({ agent, host: OPTIONS.host, port: listener.port }, (response) => {
    response.on('data', (piece: Buffer) => (text += piece.toString()));
  });
  await waitUntil('the request is under way', () => asked);

  let isStopped = false;
  void listener.stop().then(() => (isStopped = true));
  await expect(fetch(`http://${OPTIONS.host}:${listener.port}/`)).rejects.toThrow('fetch failed');
  expect(isStopped).toBe(false);
  finish();
  await waitUntil('the stop', () => isStopped, undefined, SOON_MS);
  expect(text).toBe('answered');
  agent.destroy();
});

test('a reader that takes nothing of its answer is left, and one that reads gets all of it', async () => {
  const bytes = new Uint8Array(64 * 1024 * 1024);
  const sockets: Socket[] = [];
  const app = new Hono().get('/', (c) => {
    sockets.push((c.env as { incoming: IncomingMessage }).incoming.socket);
    return c.body(bytes);
  });
  const listener = await listen(app, { ...OPTIONS, silentMsMax: 500 });
  const stuck = connect(listener.port, OPTIONS.host);
  stuck.on('error', () => undefined);
  stuck.pause();
  stuck.write(`GET / HTTP/1.1\r\nHost: ${OPTIONS.host}\r\n\r\n`);
  await waitUntil('its request', () => sockets.length === 1);
  await waitUntil('its end', () => sockets[0]!.destroyed);
  const answer = await fetch(`http://${OPTIONS.host}:${listener.port}/`);
  expect((await answer.arrayBuffer()).byteLength).toBe(bytes.byteLength);
  stuck.destroy();
  await listener.stop();
});

test.each([
  ['in its path', (part: string) => `/${part}`],
  ['in its query', (part: string) => `/?${part}`],
])(
  'a long address that is broken %s is refused before anybody decodes it, a short one is read',
  async (_, at) => {
    const app = new Hono().get('*', (c) => c.text('read'));
    const listener = await listen(app, OPTIONS);
    const status = async (part: string, headers: Record<string, string> = {}): Promise<number> => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const { host } = OPTIONS;
      const asked = get({ host, port: listener.port, path: at(part), headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      asked.on('error', reject);
      return promise;
    };
    for (const broken of ['a=%FF&', '%FFa', 'a=%&', '%E2%98&', '%']) {
      const long = broken.repeat(BROKEN_TARGET_CHARACTERS_MAX / broken.length + 1);
      // oxlint-disable-next-line no-await-in-loop -- one after the other says which one
      expect([broken, await status(long)]).toEqual([broken, 400]);
      // oxlint-disable-next-line no-await-in-loop -- the same
      expect([broken, await status(long, { Expect: 'whatever' })]).toEqual([broken, 400]);
      // oxlint-disable-next-line no-await-in-loop -- the same
      expect([broken, await status(broken)]).toEqual([broken, 200]);
    }
    expect(await status('%E2%98%83=%25&'.repeat(400))).toBe(200);
    await listener.stop();
  },
);
