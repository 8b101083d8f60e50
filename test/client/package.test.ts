// What a shop gets from npm: the package is packed as for publishing and put into a project of its own. There its types are
// checked as an editor would, and the example of docs/client.md runs against a node.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine, temporaryFolder } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { inSeconds, sign } from '../http/tokens.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

let project: string;
let packed: readonly string[];
beforeAll(() => {
  project = temporaryFolder();
  const told = execFileSync('npm', ['pack', '--json', '--pack-destination', project], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const report = JSON.parse(told.slice(told.search(/^[[{]/m))) as
    | PackReport
    | Record<string, PackReport[number]>;
  const [{ filename, files }] = Object.values(report) as PackReport;
  packed = files.map(({ path }) => path);
  const folder = join(project, 'node_modules/doorbuster');
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-xzf', join(project, filename), '-C', folder, '--strip-components=1']);
  write('package.json', JSON.stringify({ type: 'module' }));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

type PackReport = [{ filename: string; files: { path: string }[] }];

const write = (name: string, text: string): void => writeFileSync(join(project, name), text);

const exampleOf = (page: string): string => /^```ts\n(.*?)^```/ms.exec(page)![1]!;
const example = exampleOf(readFileSync(join(ROOT, 'docs/client.md'), 'utf8'));

/** The compiler's complaints, as a project with these settings has them. */
function complaintsOf(code: string, options: object): string {
  write('front-end.ts', code);
  const compilerOptions = {
    strict: true,
    target: 'es2024',
    lib: ['es2024', 'dom'],
    types: [],
    outDir: 'built',
    ...options,
  };
  write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['front-end.ts'] }));
  try {
    execFileSync(process.execPath, [TSC, '-p', project], { encoding: 'utf8', stdio: 'pipe' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('the package brings the client, the server and the documents, and nothing of the workshop', () => {
  expect(packed).toEqual(
    expect.arrayContaining([
      'dist/client/index.js',
      'dist/client/index.d.ts',
      'bin/doorbuster.js',
      'docs/client.md',
      'LICENSE',
    ]),
  );
  expect(packed.filter((path) => /^(test|bench|node_modules|\.)/.test(path))).toEqual([]);
});

test.each([
  ['a bundler', { module: 'esnext', moduleResolution: 'bundler' }],
  ['Node', { module: 'nodenext' }],
])('its types are those of the code, for %s', (_, options) => {
  const wrong = `
    declare const shop: { baseUrl: string; token: () => Promise<string> };
    // @ts-expect-error: a text is no number of units; were everything any, this would be one complaint too many
    void openSale('p', shop, () => undefined).buy('1');
  `;
  expect(complaintsOf(example + wrong, options)).toBe('');
});

test('the example of docs/client.md buys', async () => {
  expect(complaintsOf(example, { module: 'nodenext', noCheck: true })).toBe('');
  const engine = await Engine.start();
  try {
    await engine.product('ember-lamp', { quantity: 1 });
    const { openSale } = (await import(join(project, 'built/front-end.js'))) as { openSale: OpenSale };
    const saleOf = (customer: string): { shown: string[]; sale: Sale } => {
      const shown: string[] = [];
      const token = async (): Promise<string> => sign({ sub: customer, exp: inSeconds(600) });
      return {
        shown,
        sale: openSale('ember-lamp', { baseUrl: engine.url, token }, (text) => shown.push(text)),
      };
    };
    const ada = saleOf('ada');
    const bob = saleOf('bob');
    try {
      await Promise.all([ada.sale.start(), bob.sale.start()]);
      await waitUntil('the product', () => bob.shown.includes('on_sale, 1 left'));
      await ada.sale.buy(1);
      expect(ada.shown).toContain('Sending your order …');
      expect(ada.shown.some((text) => text.startsWith('Reserved: '))).toBe(true);
      await bob.sale.buy(1);
      expect(bob.shown.at(-1)).toBe('Nothing was ordered: sold_out');
      await ada.sale.pay(ada.sale.orders()[0]!.order.id, 'demo');
      expect(ada.sale.orders()[0]!.order.status).toBe('paid');
      await waitUntil('the news', () => bob.shown.includes('sold_out, 0 left'));
    } finally {
      ada.sale.stop();
      bob.sale.stop();
    }
  } finally {
    await engine.remove();
  }
});

interface Sale {
  start(): Promise<unknown>;
  buy(quantity: number): Promise<void>;
  pay(orderId: string, token: string): Promise<void>;
  orders(): { order: { id: string; status: string } }[];
  stop(): void;
}
type OpenSale = (
  productId: string,
  shop: { baseUrl: string; token: () => Promise<string> },
  show: (text: string) => void,
) => Sale;
