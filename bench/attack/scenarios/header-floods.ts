// Headers without an end: too many, too long, never finished, and many requests in one go, byte by byte on sockets of their own.

import { sendBytes } from '../../../test/http/raw.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../sockets.ts';

const ROUNDS = 40;
const AT_ONCE = 20;
/** The server ends headers that do not end after 10 s, or when they are too large. */
const ENDED_MS_MAX = 40_000;
const PIPELINED = 500;

const FLOODS: Readonly<Record<string, string>> = {
  'one header of 64 KiB': request(`X-Flood: ${'x'.repeat(65_536)}`),
  'ten thousand headers': request(Array.from({ length: 10_000 }, (_, at) => `X-${at}: x`).join('\r\n')),
  'a name of 64 KiB': request(`${'x'.repeat(65_536)}: x`),
  'an address of 64 KiB': `GET /${'x'.repeat(65_536)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  'a thousand forwarded addresses': request(
    `X-Forwarded-For: ${Array.from({ length: 4_000 }, () => '10.0.0.1').join(', ')}`,
  ),
  'two lengths': request('Content-Length: 5\r\nContent-Length: 6', 'POST'),
  'a length and chunks': request('Content-Length: 5\r\nTransfer-Encoding: chunked', 'POST'),
  'a folded header': request('X-Folded: a\r\n\tb\0'),
  'no HTTP': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.repeat(100),
};

export const headerFloods: Scenario = {
  name: 'header-floods',
  tries:
    'sends headers that are too many, too long, contradictory or never end, and hundreds of requests in one go',
  ground: 'node',
  async run(stage) {
    const productId = await stage.sale();
    const address = { url: stage.ground.urls[0]! };
    const { tally } = stage;
    const flood = async (what: string, bytes: string): Promise<void> => {
      const answer = await until(sendBytes(address, bytes), ENDED_MS_MAX);
      if (answer === undefined) tally.breach(`${what}: the connection is still open`);
      else if (answer.status >= 200 && answer.status < 400)
        tally.breach(`${what}: answered ${answer.status}`);
      else tally.block(answer.status === 0 ? 'closed' : `status ${answer.status}`);
    };
    await stage.beside({ productId, shoppers: stage.sized(40, 5) }, async () => {
      const rounds = stage.sized(ROUNDS);
      for (let round = 0; round < rounds; round += AT_ONCE) {
        const now = Math.min(AT_ONCE, rounds - round);
        await Promise.all(
          Array.from({ length: now }).flatMap(() =>
            Object.entries(FLOODS).map(([what, bytes]) => flood(what, bytes)),
          ),
        );
      }
      // In one go: answered one after the other, or ended; never without a bound.
      const many = `GET /v1/products/${productId} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(PIPELINED);
      const last = 'GET /v1/time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
      const answer = await until(sendBytes(address, many + last), ENDED_MS_MAX);
      tally.attempts += PIPELINED;
      if (answer === undefined) tally.breach('requests in one go were left without an answer');
      else
        countAll(answer.text, (status) =>
          status < 400 ? tally.got('requests in one go') : tally.block(`status ${status}`),
        );
    });
  },
};

function request(header: string, method = 'GET'): string {
  return `${method} / HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`;
}

function countAll(text: string, count: (status: number) => void): void {
  for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) count(Number(status));
}
