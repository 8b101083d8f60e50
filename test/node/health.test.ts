// `doorbuster health` as a supervisor sees it: the exit code, and a line that says why.

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../harness/engine.ts';
import { freePort } from '../servers/free-port.ts';
import { doorbuster } from './command.ts';

/** A folder on which no node runs; with one, test/node/cli.test.ts asks. */
const DATA_DIR = temporaryFolder();

test('a node that is ready is well: by its port, and by its address', async () => {
  const node = await listen(
    createServer(({ url }, response) => response.end(url === '/readyz' ? 'ready\n' : 'ok\n')),
  );
  try {
    const { port } = new URL(node.url);
    const byPort = await doorbuster(['health', '--json'], { PORT: port, DATA_DIR });
    expect({ ...byPort, stdout: JSON.parse(byPort.stdout) as unknown }).toEqual({
      code: 0,
      stdout: { healthy: true, url: `${node.url}/readyz`, told: 'ready' },
      stderr: '',
    });
    const live = await doorbuster(['health', '--live', '--url', `${node.url}/`], { DATA_DIR });
    expect(live).toEqual({ code: 0, stdout: `${node.url}/livez says ok\n`, stderr: '' });
  } finally {
    await node.close();
  }
});

test('where nobody listens nobody is well', async () => {
  const port = await freePort();
  const told = await doorbuster(['health'], { PORT: String(port), DATA_DIR });
  expect(told).toMatchObject({ code: 1, stdout: '' });
  expect(told.stderr).toMatch(
    new RegExp(`^http://127.0.0.1:${port}/readyz is not well: no answer: .*ECONNREFUSED`),
  );
});

test('a folder that is named is not taken for another node, nor a PORT for what it is not', async () => {
  const folder = await doorbuster(['health', '--data-dir', DATA_DIR], { PORT: String(await freePort()) });
  expect(folder).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('runs on DATA_DIR') });
  for (const port of ['abc', '99999', '-1']) {
    const wrong = await doorbuster(['health'], { PORT: port, DATA_DIR });
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/^PORT is that of a node, 1 to/) });
  }
});

test.each([
  'nonsense',
  'data:text/plain,ready',
  'http://user:secret@127.0.0.1',
  'http://:secret@127.0.0.1',
  'user:secret@127.0.0.1',
])('%s is refused as no address of a node, and no password is shown', async (url) => {
  const { code, stdout, stderr } = await doorbuster(['health', '--url', url]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^--url is the address of a node.* as http:\/\/host:3000/);
  expect(stderr).not.toContain('secret');
});

test.each<[string, RequestListener, RegExp]>([
  [
    'another program',
    (_, response) => response.end('<html>hello'),
    / is not well: 200 <html>hello, where a node says 200 ready\n$/,
  ],
  [
    'a login page',
    ({ url }, response) =>
      url === '/login' ? response.end('ready\n') : response.writeHead(302, { Location: '/login' }).end(),
    / is not well: 302, where a node says 200 ready\n$/,
  ],
  [
    'one that colours what it says',
    (_, response) => response.end('\u001b[31mready\u001b[2J\n\u202esecond'),
    / is not well: 200 \[31mready \[2J second, where a node says 200 ready\n$/,
  ],
  [
    'one without an end to what it says',
    (_, response) => {
      const more = (): void => {
        while (response.write('a'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    },
    / is not well: 200 a{200}, where a node says 200 ready\n$/,
  ],
])('%s in the place of a node is not well', async (_, listener, why) => {
  const other = await listen(createServer(listener));
  try {
    const { code, stdout, stderr } = await doorbuster(['health', '--url', other.url]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(why);
  } finally {
    await other.close();
  }
});

test('a node that starts or stops, and one that says nothing, are not well', async () => {
  const stopping = await listen(createServer((_, response) => response.writeHead(503).end('stopping\n')));
  const silent = await listen(createServer(() => {}));
  try {
    const [starts, hangs] = await Promise.all([
      doorbuster(['health', '--url', stopping.url]),
      doorbuster(['health', '--url', silent.url]),
    ]);
    expect(starts).toEqual({
      code: 1,
      stdout: '',
      stderr: `${stopping.url}/readyz is not well: 503 stopping\n`,
    });
    expect(hangs).toEqual({
      code: 1,
      stdout: '',
      stderr: `${silent.url}/readyz is not well: no answer within 4000 ms\n`,
    });
  } finally {
    await Promise.all([stopping, silent].map(({ close }) => close()));
  }
});

async function listen(server: Server): Promise<{ url: string; close: () => Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
