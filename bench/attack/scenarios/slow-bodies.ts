// Connections that are kept busy with nothing: headers and bodies that come byte by byte, and answers that nobody reads.

import type { Socket } from 'node:net';
import { openSocket } from '../../../test/http/raw.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { until } from '../sockets.ts';

const CONNECTIONS = 300;
const BYTE_EVERY_MS = 400;
/** The server's own bound is 30 s for a request; it looks every second. */
const ENDED_MS_MAX = 45_000;

export const slowBodies: Scenario = {
  name: 'slow-bodies',
  tries: 'keeps hundreds of connections busy with headers and bodies that come byte by byte',
  ground: 'node',
  async run(stage) {
    const productId = await stage.sale();
    const count = stage.sized(CONNECTIONS, 10);
    await stage.beside({ productId, shoppers: stage.sized(40, 5), everyMs: 200 }, async () => {
      await Promise.all(
        Array.from({ length: count }, (_, number) =>
          drip(stage, number % 2 === 0 ? slowBody(stage, productId) : SLOW_HEADERS),
        ),
      );
    });
  },
};

interface Drip {
  readonly what: string;
  readonly atOnce: string;
  readonly byByte: string;
}

const SLOW_HEADERS: Drip = {
  what: 'slow headers',
  atOnce: 'POST /v1/orders HTTP/1.1\r\nHost: x\r\n',
  byByte: `X-Slow: ${'x'.repeat(1_000)}`,
};

/** Of an order that would be good, had it been sent at once. */
function slowBody(stage: Stage, productId: string): Drip {
  const { token, address } = stage.shopper('slow');
  const body = JSON.stringify({ productId, quantity: 1 }).padEnd(1_000, ' ');
  const head =
    `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nIdempotency-Key: slow\r\n` +
    `X-Forwarded-For: ${address}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { what: 'a slow body', atOnce: head, byByte: body };
}

async function drip({ ground, tally }: Stage, { what, atOnce, byByte }: Drip): Promise<void> {
  const socket = openSocket({ url: ground.urls[0]! });
  let answer = '';
  socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
  socket.on('error', () => undefined);
  socket.write(atOnce);
  const dripping = trickle(socket, byByte);
  const ended = await until(
    new Promise<true>((resolve) => socket.once('close', () => resolve(true))),
    ENDED_MS_MAX,
  );
  clearInterval(dripping);
  socket.destroy();
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
  if (ended === undefined)
    tally.breach(`${what}: the connection is still open after ${ENDED_MS_MAX / 1_000} s`);
  else if (status >= 200 && status < 400) tally.breach(`${what}: answered ${status}`);
  else tally.block(status === 0 ? 'closed' : `status ${status}`);
}

function trickle(socket: Socket, text: string): NodeJS.Timeout {
  let at = 0;
  return setInterval(() => {
    if (socket.writable && at < text.length) socket.write(text[at++]!);
  }, BYTE_EVERY_MS);
}
