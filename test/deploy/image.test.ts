// The image, made by the Dockerfile's own steps in a clean folder: what is in it, and that a node runs in it as nobody special.

import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN, AUTH_SECRET, NodeApi } from '../harness/node-api.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { inSeconds, sign } from '../http/tokens.ts';
import { freePort } from '../servers/free-port.ts';
import { isLetThrough, readDockerignore } from './build-context.ts';
import { readCompose, ROOT } from './compose-file.ts';
import { Image } from './image.ts';

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly peer?: boolean;
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, object>;

let image: Image;
beforeAll(() => {
  image = Image.build();
});
afterAll(() => image?.remove());

const inApp = (path: string): string => image.path(join('app', path));
const isThere = (path: string): boolean => statSync(inApp(path), { throwIfNoEntry: false }) !== undefined;

test('it holds the program and what the program needs, and no dev dependency', () => {
  expect(readdirSync(inApp('')).toSorted()).toEqual([
    'LICENSE',
    'bin',
    'node_modules',
    'package.json',
    'src',
  ]);
  const installed = Object.keys(packages).filter((path) => path.startsWith('node_modules/') && isThere(path));
  expect(installed.filter((path) => packages[path]!.dev)).toEqual([]);
  for (const name of Object.keys(devDependencies!))
    expect(isThere(`node_modules/${name}`) && packages[`node_modules/${name}`]!.dev, name).toBe(false);
  for (const name of Object.keys(dependencies!)) expect(installed).toContain(`node_modules/${name}`);
  expect(installed.length).toBeGreaterThan(60);
});

test('its Node is the one that the tests run on, its user is not root, its check is that of docker-compose.yml', () => {
  const { version } = packages['node_modules/node']!;
  expect(image.stage.base).toBe(`node:${version}-trixie-slim`);
  expect(process.version).toBe(`v${version}`);
  expect(image.stage.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  const { services } = readCompose(new Proxy({}, { get: () => 'secret-of-the-tests' }));
  for (const name of ['node-a', 'node-b', 'gateway'])
    expect(services[name]!.healthcheck!.test).toEqual(['CMD', ...image.stage.healthcheck]);
  const [uid] = image.stage.user.split(':').map(Number);
  const data = statSync(image.path('data'));
  expect(data.mode & 0o777).toBe(0o700);
  if (process.getuid?.() === 0) expect(data.uid).toBe(uid);
});

test.each([
  '.env',
  'test/docs.test.ts',
  'data/journal.sqlite',
  'node_modules/pg/package.json',
  'src/.env.local/x',
])('%s stays outside, unless it is part of the program', (path) => {
  const rules = readDockerignore(read('.dockerignore'));
  expect(isLetThrough(path, rules)).toBe(path.startsWith('src/'));
});

test('a node starts in it, is found well by its own check, sells, and stops in order', async () => {
  const port = await freePort();
  const env = { ADMIN_TOKEN, AUTH_SECRET, PORT: String(port), HOST: '127.0.0.1', WORKERS: '1', SHARDS: '4' };
  const node = image.run(image.stage.command, { env });
  const output = outputOf(node);
  try {
    const hasEnded = (): boolean => node.exitCode !== null;
    // Each check is a process of its own, so none begins before there is something to find.
    const answers = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
    await waitUntil('it is ready', () => hasEnded() || answers(), output);
    await waitUntil(
      'the check finds it well',
      async () => {
        if (hasEnded()) return true;
        return (await exitOf(image.run(image.stage.healthcheck, { env }))) === 0;
      },
      output,
    );
    expect(node.exitCode, output()).toBeNull();
    const api = new (class extends NodeApi {
      readonly url = `http://127.0.0.1:${port}`;
    })();
    await api.product('kettle', { quantity: 1 });
    const token = sign({ sub: 'ada', exp: inSeconds(3_600) });
    expect((await api.buy(token, 'kettle', 'once')).status).toBe(201);
    const [uid] = image.stage.user.split(':').map(Number);
    if (process.getuid?.() === 0) {
      expect(statSync(image.path('data/journal.sqlite')).uid).toBe(uid);
      expect(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8'))?.[1]).toBe(String(uid));
    }
    node.kill('SIGTERM');
    expect(await exitOf(node), output()).toBe(0);
    expect(await exitOf(image.run(image.stage.healthcheck, { env }))).toBe(1);
  } finally {
    node.kill('SIGKILL');
    await exitOf(node);
  }
});

function outputOf(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-4_000)));
  return () => output;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}
