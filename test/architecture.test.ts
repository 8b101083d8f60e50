// The direction of imports, as ARCHITECTURE.md draws it: actors ← runtime ← persistence ← http ← main, worker,
// commands, cli.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = join(ROOT, 'src');

/** Each folder may import itself and these. `''` is src itself: what composes and starts. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  actors: [],
  runtime: ['actors'],
  persistence: ['actors', 'runtime', 'risk', 'payments'],
  client: [],
  // The rules on who may pay, pure; and whoever takes the money.
  risk: ['actors', 'runtime'],
  payments: ['actors', 'runtime'],
  http: ['actors', 'runtime', 'persistence', 'risk', 'payments'],
  commands: ['actors', 'runtime', 'persistence', 'risk', 'payments', 'http', ''],
  '': ['actors', 'runtime', 'persistence', 'risk', 'payments', 'http', 'commands'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

const files = readdirSync(SOURCE, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name));

const imports: Import[] = files.flatMap((from) =>
  [...readFileSync(from, 'utf8').matchAll(/^(import|export)( type)? [^;]*?from '(\.[^']+)'/gm)].map(
    (match) => ({
      from,
      to: resolve(dirname(from), match[3]!),
      isTypeOnly: match[2] !== undefined,
    }),
  ),
);

const folderOf = (file: string): string => {
  const [first = '', ...rest] = relative(SOURCE, file).split('/');
  return rest.length === 0 ? '' : first;
};

const named = ({ from, to }: Import): string => `${relative(ROOT, from)} imports ${relative(ROOT, to)}`;

test('the check sees the imports', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(imports.length).toBeGreaterThan(150);
});

test('imports only point downward', () => {
  const wrong = imports.filter(({ from, to }) => {
    const [importer, imported] = [folderOf(from), folderOf(to)];
    return importer !== imported && !MAY_IMPORT[importer]!.includes(imported);
  });
  expect(wrong.map(named)).toEqual([]);
});

/** Commands, and threads beside the workers: they enter by the file, so that they load little. */
const LOADS_LITTLE =
  /^(commands\/.*|cli|node-client|demo-payments|payment-sandbox-thread|(jetstream-)?snapshot-source|snapshot-thread)\.ts$/;
/** Beside `index.ts`: nothing comes with them. */
const SMALL_DOORS = ['runtime/ports.ts', 'runtime/expected-error.ts', 'runtime/thread-file.ts'];

test('a folder is entered by its door', () => {
  const wrong = imports.filter(({ from, to }) => {
    const isAnotherFolder = folderOf(from) !== folderOf(to) && folderOf(to) !== '';
    const isDoor = to.endsWith('/index.ts') || SMALL_DOORS.includes(relative(SOURCE, to));
    return isAnotherFolder && !isDoor && !LOADS_LITTLE.test(relative(SOURCE, from));
  });
  expect(wrong.map(named)).toEqual([]);
});

test('the domain touches nothing but itself, MessagePack and hashes', () => {
  const wrong = files
    .filter((file) => folderOf(file) === 'actors')
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/from '([^.'][^']*)'/g)].map((match) => match[1]!),
    )
    .filter((name) => name !== 'node:crypto' && name !== 'msgpackr');
  expect(wrong).toEqual([]);
  for (const file of files.filter((file) => folderOf(file) === 'actors')) {
    expect(readFileSync(file, 'utf8'), file).not.toMatch(
      /Date\.now|new Date|Math\.random|setTimeout|performance\./,
    );
  }
});

/** Files that are loaded with these. */
function loadedWith(...entries: string[]): string[] {
  const next = Map.groupBy(
    imports.filter(({ isTypeOnly }) => !isTypeOnly),
    ({ from }) => from,
  );
  const loaded = new Set<string>();
  const follow = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { to } of next.get(file) ?? []) follow(to);
  };
  for (const entry of entries) follow(join(SOURCE, entry));
  return [...loaded].map((file) => relative(SOURCE, file));
}

test('a node starts without the pages of the CMS, the API’s reference and what they need', () => {
  const names = loadedWith('cli.ts', 'commands/start.ts', 'worker.ts');
  expect(names).toContain('http/cms/index.ts');
  expect(names.filter((name) => /^http\/(pages\/cms|openapi|pages\/docs|cms\/pages)/.test(name))).toEqual([]);
});

test.each(['health', 'shards', 'reshard', 'profile', 'user', 'customers', 'stock'])(
  '`doorbuster %s` loads nothing of a node but shapes and where it is',
  (command) => {
    const names = loadedWith('cli.ts', `commands/${command}.ts`);
    expect(names).toContain('node-client.ts');
    expect(names.filter((name) => name.endsWith('/index.ts') && !/^(commands|actors)\//.test(name))).toEqual(
      [],
    );
  },
);

test('the threads of snapshots and of the sandbox load what they work with', () => {
  for (const thread of [
    'snapshot-thread.ts',
    'payment-sandbox-thread.ts',
    'runtime/sqlite/journal-thread.ts',
  ])
    expect(
      loadedWith(thread).filter((name) => /^(runtime|persistence|http|payments)\/index\.ts$/.test(name)),
    ).toEqual([]);
});

test('no imports go in a circle', () => {
  const next = Map.groupBy(
    imports.filter(({ isTypeOnly }) => !isTypeOnly),
    ({ from }) => from,
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].map((each) => relative(ROOT, each)).join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});
