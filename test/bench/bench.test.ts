// Each scenario runs to its end, tells what it must tell, and finds every invariant kept. Never what the figures are: they
// belong to a quiet machine.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';
import { SHORT_LIFE } from '../harness/short-life.ts';
import { createNodeDatabase } from '../servers/node-database.ts';

const BENCH = fileURLToPath(new URL('../../bench/bench.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function bench(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const template = inject('postgresNodeTemplate');
  const usual = { WORKERS: '1', SHARDS: '16', BENCH_POSTGRES_TEMPLATE: template };
  const child = spawn(process.execPath, [...SHORT_LIFE, BENCH, ...args], {
    env: { ...process.env, ...usual, ...more },
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

/** These run with DATABASE_URL. Of the others that need a Postgres, projection-cost and customer-list have the embedded one. */
const ON_A_SERVER = new Set([
  'http',
  'sold-out',
  'doors',
  'projection',
  'projection-settings',
  'feed',
  'streams',
  'first-visit',
]);

async function benchOnServer(args: readonly string[]): Promise<Ended> {
  const database = await createNodeDatabase();
  try {
    return await bench(args, { DATABASE_URL: database.url });
  } finally {
    await database.drop();
  }
}

const duelFigures = (what: string): string[] => [
  `${what}PerSecond2`,
  'echoesPerSecond2',
  'ratio2',
  'p50Ms2',
  'p99Ms2',
  'secondsToCatchUp',
];

test.each<[string, string[], string[]]>([
  ['http', ['--connections', '2', '--seconds', '0.3', '--threads'], duelFigures('purchases')],
  ['sold-out', ['--connections', '2', '--seconds', '0.3'], duelFigures('refusals')],
  ['hot-product', ['--orders', '5000'], ['ordersPerSecond', 'bytesPerOrder', 'ordersPerAppend', 'p99Ms']],
  [
    'products',
    ['--orders', '2000', '--products', '1,10', '--shards', '20'],
    ['ordersPerSecond1Products', 'ordersPerAppend10Products', 'appendsPerSecond20Shards', 'p99Ms20Shards'],
  ],
  ['threads', ['--orders', '4000', '--seconds', '1'], ['ratioByClock', 'ratio4', 'ordersPerSecond2']],
  [
    'recovery',
    ['--orders', '3000'],
    ['eventsPerSecond', 'secondsToFirstDecision', 'snapshotBytes', 'tailBytes', 'decodedEventsPerSecond'],
  ],
  [
    'memory',
    ['--orders', '3000'],
    ['tableBytesPerOrder', 'heapBytesPerOrder', 'longestStopMsComing', 'longestStopMsExpiring'],
  ],
  [
    'doors',
    ['--connections', '2', '--seconds', '0.3', '--orders', '15000'],
    ['ratio2', 'byListPerSecond2', 'inNoCampaignP99Ms2', 'turnedAwayCpuMicros2'],
  ],
  [
    'checks',
    ['--orders', '400', '--turns', '1'],
    ['tokenMicros', 'limitsMicros', 'ticketMicros', 'gatedStepMicros', 'challengeCheckedMicros'],
  ],
  ['projection', ['--orders', '2000'], ['ordersPerSecond', 'rawRowsPerSecond']],
  [
    'projection-settings',
    ['--orders', '2000', '--turns', '1'],
    ['ordersPerSecond32Orders1Records1Workers', 'nodeCpuMicrosPerOrder1Orders200Records4Workers'],
  ],
  [
    'projection-cost',
    ['--seconds', '0.9', '--connections', '2'],
    ['ratioEmbedded', 'ratioServer', 'purchasesPerSecondAway', 'secondsToCatchUpServer'],
  ],
  [
    'appends',
    ['--seconds', '0.2', '--turns', '1'],
    ['p50Ms1Orders1ShardsSqlite', 'p99Ms2000Orders1ShardsR1Lazy', 'ordersPerSecond16Orders64ShardsR3'],
  ],
  [
    'feed',
    ['--orders', '1000', '--turns', '1'],
    ['recordsPerSecondAlone20PrefetchR1', 'recordsPerSecondPostgres1000PrefetchR3'],
  ],
  [
    'customer-list',
    ['--orders', '5000'],
    ['loadSeconds', 'replaceSeconds', 'nodeLoadSeconds', 'bytesPerCustomer', 'checkOnNs', 'checkOffNs'],
  ],
  [
    'bulk-stock',
    ['--journal', 'jetstream', '--orders', '3000', '--products', '30'],
    ['linesPerSecondNats', 'linesPerSecondAgainNats', 'linesPerSecondHttp', 'nodeCpuMicrosPerLineHttp'],
  ],
  [
    'streams',
    ['--seconds', '0.3', '--streams', '40', '--connections', '2'],
    [
      'purchasesPerSecondAlone',
      'purchasesPerSecondBeside',
      'p99Ratio',
      'eventsPerSecondOfStream',
      'ageP99Ms',
    ],
  ],
  [
    'first-visit',
    ['--turns', '1', '--products', '1'],
    ['transferredBytes', 'requests', 'bytesOfScript', 'interactiveMsAsItIs', 'paintedMsSlowBoth'],
  ],
  [
    'hot-product',
    ['--journal', 'jetstream', '--orders', '2000'],
    ['ratioR1', 'ratioR3', 'ordersPerSecondSqlite', 'journalOrdersPerSecondR1', 'msPerAppendR3'],
  ],
  [
    'products',
    ['--journal', 'jetstream', '--orders', '2000', '--shards', '20'],
    ['ratioSqlite', 'ratioR1', 'toSqlite20ShardsR3', 'ordersPerAppend1ProductsR1', 'p99Ms20ShardsR3'],
  ],
])(
  'the scenario %s ends with a line of figures, and every invariant was kept',
  async (name, args, figures) => {
    const run = ON_A_SERVER.has(name) ? benchOnServer : bench;
    const { code, stdout, stderr } = await run([name, ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trim().split('\n');
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.slice(0, 2).join('\n')).toMatch(
      /Node v.*SQLite.*; (embedded|no journal|rows committed|jetstream)/,
    );
    const result = JSON.parse(lines.at(-1)!) as Record<string, unknown>;
    expect(result).toMatchObject({ scenario: name, violations: 0 });
    expect(lines[1]).toContain(result['mode']);
    for (const figure of ['ratio', ...figures]) expect(result[figure], figure).toBeGreaterThan(0);
  },
);

test.each([
  ['the threads of a node', 'sqlite'],
  ['the nodes of a cluster', 'jetstream'],
])('moves between %s lose and double nothing, and are drawn: a bar for each', async (_, journal) => {
  const chart = join(mkdtempSync(join(tmpdir(), 'doorbuster-test-')), 'pauses.svg');
  try {
    const sizes = ['--journal', journal, '--moves', '2', '--rate', '100'];
    const { stdout } = await (journal === 'sqlite' ? benchOnServer : bench)([
      'handover',
      ...sizes,
      '--chart',
      chart,
      '--json',
    ]);
    const result = JSON.parse(stdout) as Record<string, number>;
    for (const figure of ['ratio', 'pauseP50Ms', 'undisturbedP50Ms', 'purchasesPerSecond'])
      expect(result[figure], figure).toBeGreaterThan(0);
    expect(result).toMatchObject({ moves: 2, lost: 0, doubled: 0, clientErrors: 0, violations: 0 });
    const svg = readFileSync(chart, 'utf8');
    expect(svg.match(/<rect class="bar"/g)).toHaveLength(2);
    expect(svg).toContain(`p99 ${result['pauseP99Ms']} ms`);
    expect(svg).not.toContain('<script');
  } finally {
    rmSync(dirname(chart), { recursive: true });
  }
});

test('with --json there is that line and nothing else', async () => {
  const { code, stdout } = await bench(['hot-product', '--orders', '2000', '--json']);
  expect(code).toBe(0);
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(JSON.parse(stdout)).toMatchObject({ scenario: 'hot-product', violations: 0 });
});

test.each([
  ['no scenario', [], 'There is no scenario (none named)'],
  ['an unknown scenario', ['toString'], 'There is no scenario toString'],
  ['two scenarios', ['http', 'sold-out'], 'sold-out is too much'],
  ['no time', ['http', '--seconds', '0'], '--seconds is a number above 0, at most 600, not 0'],
  ['a time that is none', ['http', '--seconds', 'soon'], 'not soon'],
  ['no connections', ['http', '--connections', '64,0'], '--connections takes whole numbers from 1 to 10000'],
  ['half an order', ['recovery', '--orders', '0.5'], '--orders takes whole numbers from 1 to 10000000'],
  [
    'a journal that the scenario has not',
    ['memory', '--journal', 'jetstream'],
    'runs on the journal sqlite, not on',
  ],
  ['an unknown journal', ['hot-product', '--journal', 'paper'], 'sqlite or jetstream, not on paper'],
  ['an unknown option', ['http', '--second', '1'], '--second'],
])('%s is told, and nothing runs', async (_, args, told) => {
  const { code, stdout, stderr } = await bench(args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(told);
  expect(stderr).toContain('hot-product');
});
