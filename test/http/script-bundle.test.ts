// Many scripts as one, held against what the same scripts do apart.

import { expect, test } from 'vitest';
import { bundle } from '../../src/http/pages/script-bundle.ts';

const run = (scripts: Readonly<Record<string, string>>): Promise<{ seen: unknown[] }> => {
  const code = bundle('main.js', (name) => {
    const text = scripts[name];
    if (text === undefined) throw new Error(`nobody has ${name}`);
    return text;
  });
  const whole = `const seen = [];\n${code}\nexport { seen };`;
  return import(`data:text/javascript,${encodeURIComponent(whole)}`) as Promise<{ seen: unknown[] }>;
};

test('each script runs once, after those that it imports, with names of its own', async () => {
  const { seen } = await run({
    'main.js': `import { first, second as other } from './a.js';
import { Thing } from './folder/index.js';
const name = 'main';
seen.push(await first(), other, name, new Thing().told);`,
    'a.js': `import { shared } from './shared.js';
const name = 'a';
seen.push('a runs');
export async function first() { return name + shared; }
export const second = 'second of ' + name;`,
    'shared.js': `seen.push('shared runs');
export const shared = '!';`,
    // Types are spaces by then.
    'folder/index.js': `export { Thing,                  } from './thing.ts';`,
    'folder/thing.js': `import {
  deep as shared,
} from './deep.ts';
const name = 'thing';
export class Thing { told = name + shared; }`,
    'folder/deep.js': `export const deep = ' deep';
export function unused() {}`,
  });
  expect(seen).toEqual(['shared runs', 'a runs', 'a!', 'second of a', 'main', 'thing deep']);
});

test.each([
  ["import * as all from './a.js';", /main\.js cannot .*import \* as all/],
  ["import thing from './a.js';", /main\.js cannot .*import thing/],
  ["import './a.js';", /main\.js cannot .*import '\.\/a\.js'/],
  ['export default 1;', /main\.js cannot .*export default/],
  ['export let changes = 1;', /main\.js cannot .*export let/],
  ["export * from './a.js';", /main\.js cannot .*export \*/],
  ["import { a } from './a.js';", /circle at main\.js/],
])('%s is refused, by name', (text, told) => {
  const scripts: Readonly<Record<string, string>> = {
    'main.js': text,
    'a.js': "import { b } from './main.js'; export const a = b;",
  };
  expect(() => bundle('main.js', (name) => scripts[name]!)).toThrow(told);
});
