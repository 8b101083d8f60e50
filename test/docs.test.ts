// The documents against the code: links, names of tests, settings, bounds, dependencies, the journal's example and reader.
// Each check takes documents and gives faults, so that it is also shown documents that are wrong.

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  decodeRecord,
  encodeRecord,
  keyOf,
  orderIdText,
  type Event,
  type Gate,
} from '../src/actors/index.ts';
import { describeConfig } from '../src/config.ts';
import { readJournal } from '../src/runtime/index.ts';
import { SqliteStore } from '../src/runtime/sqlite/store.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Text by path from the root. */
type Documents = ReadonlyMap<string, string>;

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const documents: Documents = new Map(
  globSync(['*.md', 'docs/*.md'], { cwd: ROOT }).map((path) => [path, read(path)]),
);
const withChange = (path: string, change: (text: string) => string): Documents =>
  new Map(documents).set(path, change(documents.get(path)!));

const CODE_BLOCK = /^```.*?^```/gms;
const LINK = /\[[^\]]*\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g;

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.replaceAll(CODE_BLOCK, '').matchAll(/^#+ (.*)$/gm)];
  return headings.map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function wrongLinks(all: Documents): string[] {
  const faults: string[] = [];
  for (const [path, text] of all) {
    for (const [, target, anchor] of text.replaceAll(CODE_BLOCK, '').matchAll(LINK)) {
      const file = target === '' ? path : join(dirname(path), target!);
      if (!existsSync(join(ROOT, file))) faults.push(`${path} links to ${target}, which does not exist`);
      else if (anchor !== undefined && !anchorsOf(all.get(file) ?? '').includes(anchor))
        faults.push(`${path} links to ${target}#${anchor}, which is no heading`);
    }
  }
  return faults;
}

/** Files of the project that are named without a link. */
function wrongPaths(all: Documents): string[] {
  return [...all].flatMap(([path, text]) =>
    [...text.matchAll(/(?<![\w./])(?:src|test|bench)\/[\w./-]+\.(?:ts|js)\b/g)]
      .filter(([named]) => !existsSync(join(ROOT, named)))
      .map(([named]) => `${path} names ${named}, which does not exist`),
  );
}

/** In README's table each link to a test file is followed by names of tests in quotes. */
function guaranteesOf(all: Documents): { file: string; name: string }[] {
  const section = all.get('README.md')!.split('\n## Guarantees\n')[1]!.split('\n### ')[0]!;
  return [...section.matchAll(/\]\((test\/[^)]+)\)((?:,? "[^"]+")+)/g)].flatMap(([, file, names]) =>
    [...names!.matchAll(/"([^"]+)"/g)].map((match) => ({ file: file!, name: match[1]! })),
  );
}

const wrongGuarantees = (all: Documents): string[] =>
  guaranteesOf(all)
    .filter(({ file, name }) => !existsSync(join(ROOT, file)) || !read(file).includes(name))
    .map(({ file, name }) => `${file} has no test "${name}"`);

/** Each name stands there as code, by itself or as a member of something. */
const missing = (all: Documents, path: string, names: readonly string[]): string[] =>
  names
    .filter((name) => !new RegExp(`[\`.]${RegExp.escape(name)}\``).test(all.get(path)!))
    .map((name) => `${path} lacks ${name}`);

const settings = Object.keys(describeConfig({}, {}));
const missingSettings = (all: Documents): string[] => missing(all, 'docs/configuration.md', settings);

/** Constants whose name says that they are bounds, and the fields of objects of bounds. */
function boundsIn(code: string): string[] {
  const constants = code.matchAll(/^(?:export )?const ([A-Z_]*(?:_MAX|TIMEOUT|_MS)(?:_[A-Z]+)*)\b/gm);
  const objects = code.matchAll(/^export const [A-Z_]*LIMITS\b[^{]*\{(.*?)^\}/gms);
  const fields = [...objects].flatMap(([, body]) => [...body!.matchAll(/^ {2}(\w+):/gm)]);
  return [...constants, ...fields].map((match) => match[1]!);
}

const bounds = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((path) => boundsIn(read(path)));
const missingBounds = (all: Documents): string[] => missing(all, 'docs/limits.md', bounds);

const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, object>;
const packages = Object.keys({ ...dependencies, ...devDependencies });
const missingPackages = (all: Documents): string[] => missing(all, 'ARCHITECTURE.md', packages);

const COMMANDS = ['npm ci && npm start', 'npm ci && npm test'];
const missingCommands = (all: Documents): string[] =>
  COMMANDS.filter((command) => !all.get('README.md')!.includes(command));

const machinePaths = (all: Documents): string[] =>
  [...all].flatMap(([path, text]) =>
    [
      ...text.matchAll(
        /(?<![\w.])\/(?:work|home|root|Users|tmp|mnt|opt|usr|var|srv|etc|private)\/\S*|\b[A-Z]:\\\S*/g,
      ),
    ].map(([found]) => `${path} has ${found}`),
  );

const append = (text: string) => (before: string) => `${before}\n${text}\n`;
const without = (name: string) => (before: string) => before.replaceAll(name, '');

test('there are documents, guarantees, settings and bounds to look at', () => {
  expect(documents.size).toBeGreaterThanOrEqual(9);
  expect(guaranteesOf(documents).length).toBeGreaterThan(15);
  expect(settings.length).toBeGreaterThan(20);
  expect(bounds.length).toBeGreaterThan(20);
});

test.each<[string, (all: Documents) => string[], Documents]>([
  ['links lead to files', wrongLinks, withChange('docs/api.md', append('[x](no-such.md)'))],
  ['links lead to headings', wrongLinks, withChange('docs/api.md', append('[x](limits.md#no-such)'))],
  ['files that are named exist', wrongPaths, withChange('docs/api.md', append('src/no-such.ts'))],
  [
    'tests named as proof exist',
    wrongGuarantees,
    withChange('README.md', (text) => text.replace('"leaves only when', '"leaves long before')),
  ],
  [
    'every setting is described',
    missingSettings,
    withChange('docs/configuration.md', without('`STREAMS_MAX`')),
  ],
  ['every bound is described', missingBounds, withChange('docs/limits.md', without('`HEARTBEAT_MS`'))],
  ['every dependency has its reason', missingPackages, withChange('ARCHITECTURE.md', without('`piscina`'))],
  ['the README starts and tests', missingCommands, withChange('README.md', without('npm ci && npm test'))],
  ['no path of a machine', machinePaths, withChange('docs/api.md', append('see /home/ada/doorbuster/data'))],
])('%s', (_, faultsOf, wrong) => {
  expect(faultsOf(documents)).toEqual([]);
  expect(faultsOf(wrong), 'a wrong document').toHaveLength(1);
});

const journalPage = documents.get('docs/journal.md')!;
const blockOf = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(journalPage)![1]!;

test('the example of docs/journal.md is a record, and says what the page says', () => {
  const record = decodeRecord(Buffer.from(blockOf('hex').replaceAll(/\s/g, ''), 'hex'));
  expect(record).toMatchObject({ shard: 191, epoch: 1, number: 3, previous: 258, at: 1_795_339_901_734 });
  expect(record.events).toHaveLength(1);
  const [event] = record.events;
  expect(event).toMatchObject({
    kind: 'reserved',
    productId: 'aurora-headphones',
    customerId: 'ada',
    customerKey: keyOf('ada'),
    idempotencyKey: 'k1',
    requestKey: keyOf('aurora-headphones\0ada\0k1'),
    quantity: 1,
    terms: { amount: 18_900, currency: 'EUR', holdSeconds: 300 },
  });
  expect(journalPage).toContain(`As text \`${orderIdText((event as { orderId: string }).orderId)}\``);
});

test('the reader of docs/journal.md reads every kind of event as the engine does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'));
  const path = join(folder, 'journal.sqlite');
  const store = new SqliteStore(path, { shards: 8, bytesMax: 2 ** 30 });
  const header = { shard: 3, epoch: 1, owner: keyOf('me'), revision: 0, at: 1_700_000_000_000 };
  for (const [number, events] of [[], everyKind(header.at)].entries()) {
    const bytes = encodeRecord({ ...header, number, previous: number }, events);
    store.commit([{ shard: header.shard, bytes, expected: number }]);
  }
  store.close();
  const input = blockOf('js');
  const output = execFileSync(process.execPath, ['--input-type=module', '-', path], { cwd: ROOT, input });
  const told: unknown[] = output
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  const stored = [...readJournal(path)].flatMap(({ sequence, shard, bytes }) =>
    decodeRecord(bytes).events.map((event) => ({ sequence, shard, ...asTold(event) })),
  );
  rmSync(folder, { recursive: true });
  expect(stored).toHaveLength(21);
  expect(told).toEqual(stored);
});

/** Two orders of one run, and one event of each other kind. */
function everyKind(at: number): Event[] {
  const productId = 'sku-1';
  const configuration = {
    name: 'Kettle',
    description: 'Hot.',
    startsAt: at,
    endsAt: at + 1_000,
    amount: 1_999,
    currency: 'EUR',
    perCustomerLimit: 2,
    holdSeconds: 300,
  };
  const terms = { amount: 1_999, currency: 'EUR', holdSeconds: 300 };
  const orders = ['ada', 'bob'].map((customerId, index) => ({
    kind: 'reserved' as const,
    productId,
    at: at + 5 + index,
    orderId: keyOf(`order of ${customerId}`),
    customerId,
    customerKey: keyOf(customerId),
    idempotencyKey: `key of ${customerId}`,
    requestKey: keyOf(`request of ${customerId}`),
    quantity: 1 + index,
    terms,
  }));
  const changes = [
    'paymentPending',
    'inReview',
    'paid',
    'cancelled',
    'expired',
    'refundDue',
    'refunded',
    'paymentDeclined',
    'denied',
  ] as const;
  const gate: Gate = {
    ticket: true,
    work: false,
    openHoldsMax: 2,
    coolDownSeconds: 60,
    attemptsMax: 20,
    shortestHoldSeconds: 30,
  };
  return [
    { kind: 'configured', productId, at, configuration, revision: 1 },
    { kind: 'stockLoaded', productId, at: at + 1, requestId: 'first', quantity: 70_000 },
    { kind: 'stockWithdrawn', productId, at: at + 2, requestId: 'second', quantity: 1 },
    ...orders,
    ...changes.map((kind, index) => ({ kind, productId, at: at + 300 + index, orderId: keyOf(kind) })),
    { kind: 'holdExtended', productId, at: at + 350, orderId: keyOf('held'), until: at + 900_000 },
    { kind: 'configured', productId, at: at + 360, configuration: { ...configuration, gate }, revision: 2 },
    ...orders.map((order, index) => ({ ...order, at: at + 370 + index, ticket: keyOf(`ticket ${index}`) })),
    { kind: 'paused', productId, at: at + 400 },
    { kind: 'resumed', productId, at: at + 70_000 },
    { kind: 'retired', productId, at: at + 90_000_000 },
  ];
}

/** An event as the reader prints it. */
function asTold(event: Event): Record<string, unknown> {
  const { kind, productId, at } = event;
  switch (kind) {
    case 'configured':
      return { kind, productId, at, ...event.configuration, revision: event.revision };
    case 'stockLoaded':
    case 'stockWithdrawn':
      return { kind, productId, at, requestId: event.requestId, quantity: event.quantity };
    case 'reserved': {
      const { customerId, idempotencyKey, quantity, terms, ticket } = event;
      const burned = ticket === undefined ? {} : { ticket: Buffer.from(ticket, 'latin1').toString('hex') };
      const orderId = orderIdText(event.orderId);
      return { kind, productId, at, orderId, customerId, idempotencyKey, quantity, ...terms, ...burned };
    }
    case 'paused':
    case 'resumed':
    case 'retired':
      return { kind, productId, at };
    case 'holdExtended':
      return { kind, productId, at, orderId: orderIdText(event.orderId), until: event.until };
    default:
      return { kind, productId, at, orderId: orderIdText(event.orderId) };
  }
}
