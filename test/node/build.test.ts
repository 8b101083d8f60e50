// What `npm run build` makes, and when `doorbuster` runs it.

import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadAssets } from '../../src/http/index.ts';
import { Engine, temporaryFolder } from '../harness/engine.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('a checkout', () => {
  const folder = temporaryFolder();
  const [source, built] = [join(folder, 'src/cli.ts'), join(folder, 'dist/node/cli.js')];
  let cliFile: () => string;
  const changedAt = (seconds: number, ...files: string[]): void =>
    files.forEach((file) => utimesSync(file, seconds, seconds));

  beforeAll(async () => {
    for (const name of ['src/http', 'dist/node', 'bin', 'node_modules'])
      mkdirSync(join(folder, name), { recursive: true });
    for (const name of ['built.js', 'build.js']) cpSync(join(ROOT, 'bin', name), join(folder, 'bin', name));
    for (const name of ['node_modules/.package-lock.json', 'package.json', 'src/cli.ts', 'src/http/app.ts'])
      writeFileSync(join(folder, name), '');
    ({ cliFile } = (await import(pathToFileURL(join(folder, 'bin/built.js')).href)) as {
      cliFile: () => string;
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const all = [
    'node_modules/.package-lock.json',
    'package.json',
    'bin/build.js',
    'src',
    'src/http',
    'src/cli.ts',
    'src/http/app.ts',
  ];

  test('without a build runs its sources', () => expect(cliFile()).toBe(source));

  test('whose build is as new as all of it runs the build, also where all files have one time', () => {
    writeFileSync(built, '');
    changedAt(1_000, built, ...all.map((name) => join(folder, name)));
    expect(cliFile()).toBe(built);
  });

  test.each(all)('in which %s is newer runs its sources', (name) => {
    changedAt(1_001, join(folder, name));
    expect(cliFile()).toBe(source);
    changedAt(1_000, join(folder, name));
    expect(cliFile()).toBe(built);
  });

  test('from which a source was taken runs its sources', () => {
    rmSync(join(folder, 'src/http/app.ts'));
    expect(cliFile()).toBe(source);
  });
});

test('every file that is started by itself is in the build', () => {
  const started = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/threadFile\('\.\/([\w-]+)'/g)].map(
      ([, name]) => name!,
    ),
  );
  expect(started.length).toBeGreaterThan(6);
  for (const name of started) expect(existsSync(join(ROOT, 'dist/node', `${name}.js`)), name).toBe(true);
});

test('a node that is built serves the scripts that the sources serve', async () => {
  const engine = await Engine.start({ demo: false, env: { WORKERS: '1' } });
  try {
    for (const name of ['shop.js', 'texts.js', 'client/purchase.js', 'work-thread.js']) {
      const { status, body } = await engine.call<string>('GET', `/static/${name}`);
      expect(status).toBe(200);
      expect(body, name).toBe(Buffer.from(loadAssets().get(name)!.bytes).toString());
    }
  } finally {
    await engine.remove();
  }
});
