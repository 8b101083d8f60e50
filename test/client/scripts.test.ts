// The client as browsers get it: the code of src/client without its types, every module under an address of its content.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadAssets } from '../../src/http/pages/assets.ts';

const SOURCES = fileURLToPath(new URL('../../src/client/', import.meta.url));
const assets = loadAssets();
const textOf = (name: string): string => Buffer.from(assets.get(name)!.bytes).toString();
const names = readdirSync(SOURCES).map((file) => `client/${file.replace('.ts', '.js')}`);

test('every module is served, as JavaScript without a type, line by line as in its source', () => {
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) {
    const text = textOf(name);
    expect(assets.get(name)!.contentType).toBe('text/javascript; charset=utf-8');
    // What has no types is left as it is.
    expect(stripTypeScriptTypes(text), name).toBe(text);
    const source = readFileSync(SOURCES + name.slice('client/'.length).replace('.js', '.ts'), 'utf8');
    expect(text.split('\n').length, name).toBe(source.split('\n').length);
  }
});

test('a module imports others by the addresses at which they are kept for ever', () => {
  let imports = 0;
  for (const name of names)
    for (const [, path, version] of textOf(name).matchAll(/\bfrom '\.\/([\w-]+\.js)(?:\?v=(\w+))?'/g)) {
      expect(version, `${name} imports ${path}`).toBe(assets.get(`client/${path}`)!.hash);
      imports++;
    }
  expect(imports).toBeGreaterThan(20);
});

test('the thread for proofs of work lies beside whatever starts it, whole, under its version', () => {
  for (const [starter, thread] of [
    ['shop.js', 'work-thread.js'],
    ['client/solver.js', 'client/work-thread.js'],
  ] as const)
    expect(textOf(starter)).toContain(
      `new URL('./work-thread.js?v=${assets.get(thread)!.hash}', import.meta.url)`,
    );
  expect(textOf('work-thread.js'), 'of one piece').not.toMatch(/^import\b/m);
});

test('taking the types out says nothing that an operator would have to read', () => {
  const script = `const { loadAssets } = await import(process.argv[1]); console.log(loadAssets().size);`;
  const path = new URL('../../src/http/pages/assets.ts', import.meta.url).href;
  const args = ['--input-type=module', '--eval', script, path];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: `${assets.size}\n`, stderr: '' });
});
