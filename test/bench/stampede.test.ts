// A stampede at several addresses, of which one answers nobody; and one at an address that keeps silent.

import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN, Engine } from '../harness/engine.ts';
import { freePort } from '../servers/free-port.ts';

const STAMPEDE = fileURLToPath(new URL('../../bench/stampede.ts', import.meta.url));
const CROWD = ['--customers', '200', '--units', '20', '--connections', '32'];

let engine: Engine;
let silent: Server | undefined;
beforeAll(async () => {
  engine = await Engine.start({ env: { WORKERS: '1' } });
});
afterEach(() => void silent?.close());
afterAll(() => engine.remove());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function stampede(...args: string[]): Promise<Ended> {
  const env = { ...process.env, ADMIN_TOKEN };
  const child = spawn(process.execPath, [STAMPEDE, ...CROWD, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

test('what one address does not answer is asked again at the next one, with its key', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const { code, stdout, stderr } = await stampede('--url', nobody, '--url', engine.url, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    sold: 20,
    acknowledged: 20,
    rows: 20,
    doubled: 0,
    lost: 0,
    misled: 0,
  });
});

test('it ends when nobody says anything, and says so', async () => {
  silent = createServer();
  const port = await new Promise<number>((resolve) =>
    silent!.listen(0, '127.0.0.1', () => resolve((silent!.address() as { port: number }).port)),
  );
  const url = `http://127.0.0.1:${port}`;
  const { code, stderr } = await stampede('--url', url, '--silence', '1');
  expect(code).toBe(1);
  expect(stderr).toContain(`The stampede ended early: no answer came from ${url} for 1 s`);
});
