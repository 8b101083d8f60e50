// bulk-stock: `doorbuster stock load --file`, as its users run it, at a node of the run's own. Embedded: over HTTP. On
// JetStream: over NATS and over HTTP, with one NATS server and Postgres. Each way loads the file once as it is new, and once
// again, when every line was counted before. The time is that of the whole command, its start included.
//
// Afterwards every product must have the units of all ways, each counted once; a difference is a violation.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callNode } from '../src/node-client.ts';
import { ClusterServers } from './cluster-servers.ts';
import { BULK_CLUSTER_MODE, EMBEDDED_MODE } from './environment.ts';
import { auditNode, startOwnNode, type OwnNode } from './own-node.ts';
import { cpuTimeOf, total } from './process-cpu.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const LINES = 100_000;
const PRODUCTS = 1_000;
const BIN = fileURLToPath(new URL('../bin/doorbuster.js', import.meta.url));
const CALLS_AT_ONCE = 64;

export const bulkStock: Scenario = {
  modes: { sqlite: EMBEDDED_MODE, jetstream: BULK_CLUSTER_MODE },
  run,
};

type Way = 'Http' | 'Nats';

/** What a run of the command said. */
interface Told {
  readonly lines: number;
  readonly before: number;
  readonly bad: number;
  readonly stopped: string | null;
}

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const { journal, orders: lines = LINES, products: [products = PRODUCTS] = [], say } = options;
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  const servers = journal === 'jetstream' ? await ClusterServers.start(1, say) : undefined;
  let node: OwnNode | undefined;
  try {
    node = await startOwnNode(servers?.env);
    const file = new StockFileOf(folder, lines, products);
    await makeProducts(node, file.products);
    say(`  ${lines} lines over ${products} products`);
    const figures: Record<string, number> = {};
    const ways: Way[] = servers === undefined ? ['Http'] : ['Nats', 'Http'];
    let violations = 0;
    for (const way of ways) {
      const settings = way === 'Nats' ? servers!.env : {};
      const args = ['--batch', way, ...(way === 'Http' ? ['--url', node.url] : [])];
      const env = { ...settings, ADMIN_TOKEN: node.adminToken };
      for (const turn of ['', 'Again'] as const) {
        const cpuBefore = total(cpuTimeOf(node.pid));
        const startedAt = performance.now();
        const told = await load(file.path, args, env);
        const seconds = (performance.now() - startedAt) / 1_000;
        const cpu = (total(cpuTimeOf(node.pid)) - cpuBefore) / lines;
        figures[`linesPerSecond${turn}${way}`] = Math.round(lines / seconds);
        figures[`nodeCpuMicrosPerLine${turn}${way}`] = round(cpu);
        say(`  over ${way.toUpperCase()}${turn && ', again'}: ${seconds.toFixed(1)} s`);
        const counted = turn === '' ? told.lines : told.before;
        violations += lines - counted + told.bad + (told.stopped === null ? 0 : 1);
      }
    }
    violations += await wrongStocks(node, file, ways.length);
    violations += servers === undefined ? await auditNode(node) : await servers.audit();
    const ratio =
      ways.length > 1 ? round(figures['linesPerSecondNats']! / figures['linesPerSecondHttp']!) : null;
    return { ratio, violations, lines, products, ...figures };
  } finally {
    await node?.stop();
    await servers?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The lines of a product are spread over the whole file. */
class StockFileOf {
  readonly path: string;
  readonly products: readonly string[];
  readonly #units = new Map<string, number>();

  constructor(folder: string, lines: number, products: number) {
    this.path = join(folder, 'stock.csv');
    this.products = Array.from({ length: products }, (_, at) => `bulk-${at}`);
    let text = 'productId,quantity\n';
    for (let at = 0; at < lines; at++) {
      const productId = this.products[at % products]!;
      const quantity = 1 + (at % 7);
      text += `${productId},${quantity}\n`;
      this.#units.set(productId, this.unitsOf(productId) + quantity);
    }
    writeFileSync(this.path, text);
  }

  unitsOf(productId: string): number {
    return this.#units.get(productId) ?? 0;
  }
}

function load(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Told> {
  const child = spawn(process.execPath, [BIN, 'stock', 'load', '--file', file, '--json', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, told] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (told += text.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      if (output === '') reject(new Error(`the command ended without an answer: ${told}`));
      else resolve(JSON.parse(output) as Told);
    });
  });
}

async function makeProducts(node: OwnNode, products: readonly string[]): Promise<void> {
  const body = {
    name: 'Bulk',
    startsAt: '2100-01-01T00:00:00Z',
    endsAt: '2100-01-02T00:00:00Z',
    price: { amount: 100, currency: 'EUR' },
  };
  await forEachOf(products, async (id) => {
    await callNode(node, 'PUT', `/v1/admin/products/${id}`, { body });
  });
}

async function wrongStocks(node: OwnNode, file: StockFileOf, times: number): Promise<number> {
  let wrong = 0;
  await forEachOf(file.products, async (id) => {
    const { loaded } = await callNode<{ loaded: number }>(node, 'GET', `/v1/admin/products/${id}/stock`);
    if (loaded !== file.unitsOf(id) * times) wrong++;
  });
  return wrong;
}

async function forEachOf(products: readonly string[], work: (id: string) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < products.length) await work(products[next++]!);
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, lane));
}
