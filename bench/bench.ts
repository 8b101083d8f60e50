// npm run bench -- SCENARIO [--seconds N] [--json]: one file for each scenario. It tells the machine, the versions and the
// durability mode first, and ends with one line of JSON. docs/performance.md says what each scenario measures.

import { parseArgs } from 'node:util';
import { environment } from './environment.ts';
import type { JournalKind, Scenario } from './scenario.ts';

/** Each loads what it needs, and no other does. */
const SCENARIOS: Readonly<Record<string, () => Promise<Scenario>>> = {
  http: async () => (await import('./http.ts')).http,
  'sold-out': async () => (await import('./sold-out.ts')).soldOut,
  'hot-product': async () => (await import('./hot-product.ts')).hotProduct,
  products: async () => (await import('./products.ts')).products,
  threads: async () => (await import('./threads.ts')).threads,
  recovery: async () => (await import('./recovery.ts')).recovery,
  memory: async () => (await import('./memory.ts')).memory,
  projection: async () => (await import('./projection.ts')).projection,
  'projection-settings': async () => (await import('./projection-settings.ts')).projectionSettings,
  'projection-cost': async () => (await import('./projection-cost.ts')).projectionCost,
  appends: async () => (await import('./appends.ts')).appends,
  feed: async () => (await import('./feed.ts')).feed,
  handover: async () => (await import('./handover.ts')).handover,
  cache: async () => (await import('./cache.ts')).cache,
  'bulk-stock': async () => (await import('./bulk-stock.ts')).bulkStock,
  'customer-list': async () => (await import('./customer-list.ts')).customerList,
  doors: async () => (await import('./doors.ts')).doors,
  page: async () => (await import('./page.ts')).page,
  checks: async () => (await import('./checks.ts')).checks,
  streams: async () => (await import('./streams.ts')).streams,
  'first-visit': async () => (await import('./first-visit.ts')).firstVisit,
};

const USAGE = `npm run bench -- SCENARIO [--seconds 5] [--journal sqlite|jetstream] [--json]

Scenarios, as docs/performance.md describes them:
  ${Object.keys(SCENARIOS).join(', ')}

  --seconds      how long to measure, about
  --journal      jetstream: NATS servers of the run's own, one and three, beside the embedded journal (http, hot-product, products, handover;
                 bulk-stock: one alone; appends and feed run on nothing else)
  --threads      the CPU time of each thread, too (http, sold-out, page, projection)
  --gates        a node with every gate on against one with all off, in place of an echo (http)
  --connections  such as 64,256 (http, sold-out, doors, page; projection-cost and streams take one number); questions under way (cache)
  --streams      how many are open (streams)
  --products     such as 1,1000 (products; bulk-stock takes one, and first-visit, at most 4)
  --shards       with a product each, in place of 200 (products)
  --orders       how many, in place of --seconds (all but http, sold-out, handover, cache, projection-cost, appends); lines of the file (bulk-stock); customers on the list (customer-list, doors); customers of a turn (checks)
  --turns        that count, of each variant (projection-settings, appends, feed, checks); pairs of rushes (streams); visits (first-visit)
  --moves        how many (handover)
  --rate         purchases a second (handover)
  --chart        a file for a picture of the pauses, SVG (handover)
  --json         nothing but the last line
`;

function readCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '5' },
        journal: { type: 'string' },
        threads: { type: 'boolean', default: false },
        gates: { type: 'boolean', default: false },
        connections: { type: 'string' },
        streams: { type: 'string' },
        products: { type: 'string' },
        shards: { type: 'string' },
        orders: { type: 'string' },
        turns: { type: 'string' },
        moves: { type: 'string' },
        rate: { type: 'string' },
        chart: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return fail((error as Error).message);
  }
}

function fail(problem: string): never {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}

function wholeNumbers(name: string, text: string | undefined, max: number): number[] | undefined {
  if (text === undefined) return undefined;
  const numbers = text.split(',').map(Number);
  if (numbers.every((number) => Number.isInteger(number) && number >= 1 && number <= max)) return numbers;
  return fail(`--${name} takes whole numbers from 1 to ${max} with commas between them, not ${text}.`);
}

const { values, positionals } = readCommandLine();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const [name = '(none named)', ...others] = positionals;
const load = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
if (load === undefined) fail(`There is no scenario ${name}.`);
if (others.length > 0) fail(`One scenario at a time: ${others.join(' ')} is too much.`);
const seconds = Number(values.seconds);
if (!(seconds > 0 && seconds <= 600))
  fail(`--seconds is a number above 0, at most 600, not ${values.seconds}.`);
const scenario = await load();
const kinds = Object.keys(scenario.modes) as JournalKind[];
const journal = values.journal === undefined ? kinds[0] : kinds.find((kind) => kind === values.journal);
const mode = journal && scenario.modes[journal];
if (journal === undefined || mode === undefined) {
  fail(`${name} runs on the journal ${kinds.join(' or ')}, not on ${values.journal}.`);
}
const sizes = {
  connections: wholeNumbers('connections', values.connections, 10_000),
  streams: wholeNumbers('streams', values.streams, 10_000)?.[0],
  products: wholeNumbers('products', values.products, 100_000),
  shards: wholeNumbers('shards', values.shards, 1_000)?.[0],
  orders: wholeNumbers('orders', values.orders, 10_000_000)?.[0],
  turns: wholeNumbers('turns', values.turns, 1_000)?.[0],
  moves: wholeNumbers('moves', values.moves, 10_000)?.[0],
  rate: wholeNumbers('rate', values.rate, 100_000)?.[0],
  chart: values.chart,
};

const machine = environment();
const say = (text: string): void => {
  if (!values.json) console.log(text);
};
say(`${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}`);
say(`Node ${machine.node}, SQLite ${machine.sqlite}; ${mode}`);
const result = await scenario.run({
  seconds,
  threads: values.threads,
  gates: values.gates,
  journal,
  ...sizes,
  say,
});
for (const [figure, value] of Object.entries(result)) say(`  ${figure.padEnd(28)} ${value}`);
console.log(JSON.stringify({ scenario: name, mode, journal, ...result, ...machine }));
if (result.violations > 0) process.exitCode = 1;
