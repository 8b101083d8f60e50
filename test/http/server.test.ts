// The listener by itself: how it stops.

import { Agent, get } from 'node:http';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { listen } from '../../src/http/index.ts';
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
