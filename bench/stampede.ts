// npm run stampede: thousands of customers rush a few hundred units over HTTP, and then everything is counted: what
// each customer was told, what the actor holds, what the journal says, what stands in Postgres.
//
// With several --url the customers are spread over these nodes of one cluster, and repeat at the next one what they got no
// answer to. Without --url it starts a node of its own (embedded: fsync before each answer) and removes it afterwards.

import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Report } from '../src/actors/index.ts';
import { requireNode } from '../src/node-client.ts';
import { Crowd, habitOf, type Customer, type Told } from './crowd.ts';
import { HttpClient } from './http-client.ts';
import { startOwnNode } from './own-node.ts';
import { Shops } from './shops.ts';
import { unlessSilent } from './silence.ts';
import { figuresOf, type Figures } from './stampede-figures.ts';

const USAGE = `npm run stampede -- [--url ADDRESS]… [--customers 5000] [--units 500] [--connections 256]
                       [--silence 60] [--json]

  --url          of a running node in demo mode, once for each node of a cluster; without it a node of its own is started
  --admin-token  of that node; ADMIN_TOKEN, or what its DATA_DIR says, by default
  --data-dir     of that node, ./data by default
  --silence      seconds; it ends when for so long no answer came from anywhere
`;

function readOptions() {
  try {
    return parseArgs({
      options: {
        url: { type: 'string', multiple: true },
        'admin-token': { type: 'string' },
        'data-dir': { type: 'string', default: process.env['DATA_DIR'] || './data' },
        customers: { type: 'string', default: '5000' },
        units: { type: 'string', default: '500' },
        connections: { type: 'string', default: '256' },
        silence: { type: 'string', default: '60' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return explain((error as Error).message);
  }
}

function explain(problem?: string): never {
  console.error(problem === undefined ? USAGE : `${problem}\n\n${USAGE}`);
  process.exit(problem === undefined ? 0 : 2);
}

const options = readOptions();
if (options.help) explain();

const LIMIT = 1;
const OPENS_IN_MS = 4_000;
const PROGRESS_MS = 250;
/** A node that died, or starts again: the crowd goes on asking, and whoever looks on is told. */
const NO_NEWS_MS = 3_000;

const say = (text: string): void => {
  if (!options.json) console.log(text);
};

const customersCount = wholeNumber('customers', 100_000);
const units = wholeNumber('units', 1_000_000);
const silenceMs = wholeNumber('silence', 3_600) * 1_000;
const own = options.url === undefined ? await startOwnNode() : undefined;
try {
  process.exitCode = (await stampede()) ? 0 : 1;
  await own?.stop();
} catch (error) {
  console.error(`\nThe stampede ended early: ${(error as Error).message}`);
  await own?.stop();
  // The rest of the crowd would go on asking for a quarter of an hour.
  process.exit(1);
}

async function stampede(): Promise<boolean> {
  const urls = options.url ?? [own!.url];
  const adminToken = own?.adminToken ?? options['admin-token'] ?? process.env['ADMIN_TOKEN'];
  const reach = { adminToken, dataDir: options['data-dir'] };
  const shops = new Shops(urls.map((url) => requireNode({ url, ...reach })));
  const client = new HttpClient(urls, wholeNumber('connections', 10_000));
  const who = urls.join(', ');
  const inTime = <T>(work: Promise<T>): Promise<T> =>
    unlessSilent(work, { answeredAt: () => client.answeredAt, limitMs: silenceMs, who });
  const productId = `stampede-${Date.now().toString(36)}`;
  say(`Stampede: ${customersCount} customers for ${units} units of ${productId}, at ${who}`);
  say(
    `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, load and node on one machine\n`,
  );

  const customers = await inTime(signIn(client));
  const opensAt = Date.now() + OPENS_IN_MS;
  await inTime(makeProduct(shops, productId, opensAt));
  const crowd = new Crowd(client, productId, LIMIT);
  await inTime(earlyBirds(crowd, customers));
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, opensAt - Date.now())));

  const since = performance.now();
  const showing = showProgress(crowd, customers.length);
  const rush = Promise.all(customers.map((customer) => crowd.rush(customer)));
  const told = await inTime(rush).finally(() => showing.end());
  const rushMs = performance.now() - since;
  await inTime(payAll(client, told));

  const wanted = Math.min(units, customersWhoMayBuy());
  // An audit of a large journal takes its time, and says nothing meanwhile.
  await shops.call<Report>('GET', '/v1/admin/audit');
  const figures = await inTime(figuresOf(shops, client, { productId, units, wanted, told }));
  const report = await shops.call<Report>('GET', '/v1/admin/audit');
  await configure(shops, productId, opensAt, Date.now());
  client.close();
  tell(crowd, figures, report, rushMs);
  const verdict =
    report.ok && figures.oversold + figures.undersold + figures.doubled + figures.lost + figures.misled === 0;
  const isComplete = figures.rows === figures.acknowledged && figures.sold === wanted;
  if (options.json) console.log(JSON.stringify({ ...figures, ok: verdict && isComplete }));
  return verdict && isComplete;
}

async function signIn(client: HttpClient): Promise<Customer[]> {
  const run = Date.now().toString(36);
  return Promise.all(
    Array.from({ length: customersCount }, async (_, number): Promise<Customer> => {
      const id = `customer-${run}-${number}`;
      const body = { customerId: id };
      const answer = await client.insist({ method: 'POST', path: '/v1/dev/tokens', body, turn: number });
      if (answer?.status !== 200) {
        throw new Error(
          `no token for ${id}: ${answer?.body ?? 'no answer'}. A stampede needs a node in demo mode.`,
        );
      }
      const { token } = JSON.parse(answer.body) as { token: string };
      return { id, token, key: `${run}-${number}`, number, habit: habitOf(number) };
    }),
  );
}

async function makeProduct(shops: Shops, productId: string, opensAt: number): Promise<void> {
  await configure(shops, productId, opensAt, opensAt + 3_600_000);
  const path = `/v1/admin/products/${productId}/stock`;
  await shops.call('POST', path, { body: { quantity: units }, idempotencyKey: 'stampede' });
}

/** Its end is moved to now when all is counted: a shop need not keep the stampede in its window. */
async function configure(shops: Shops, productId: string, opensAt: number, endsAt: number): Promise<void> {
  const body = {
    name: 'Stampede',
    startsAt: new Date(opensAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    price: { amount: 4_900, currency: 'EUR' },
    perCustomerLimit: LIMIT,
    holdSeconds: 600,
  };
  await shops.call('PUT', `/v1/admin/products/${productId}`, { body });
}

async function earlyBirds(crowd: Crowd, customers: readonly Customer[]): Promise<void> {
  const codes = await Promise.all(
    customers.filter(({ habit }) => habit === 'too early').map((customer) => crowd.early(customer)),
  );
  const wrong = codes.filter((code) => code !== 'sale_not_started');
  if (wrong.length > 0) throw new Error(`before the start, customers were told ${wrong[0]}`);
}

async function payAll(client: HttpClient, told: readonly Told[]): Promise<void> {
  await Promise.all(
    told.flatMap(({ customer, orderIds }) =>
      [...orderIds].map(async (id) => {
        const body = { method: 'card', token: 'demo' };
        const path = `/v1/orders/${id}/payment`;
        const { token, number: turn } = customer;
        const answer = await client.insist({ method: 'POST', path, token, body, turn });
        if (answer?.status !== 200)
          throw new Error(`order ${id} could not be paid: ${answer?.body ?? 'no answer'}`);
      }),
    ),
  );
}

function customersWhoMayBuy(): number {
  let count = 0;
  for (let number = 0; number < customersCount; number++)
    if (habitOf(number) !== 'asks for too many') count++;
  return count;
}

function showProgress(crowd: Crowd, total: number): { end(): void } {
  const isTerminal = process.stdout.isTTY && !options.json;
  let [settled, settledAt] = [0, performance.now()];
  const show = (): void => {
    const refused = [...crowd.refusals.values()].reduce((sum, count) => sum + count, 0);
    if (crowd.accepted + refused > settled)
      [settled, settledAt] = [crowd.accepted + refused, performance.now()];
    const quietMs = performance.now() - settledAt;
    const news = quietMs > NO_NEWS_MS ? `, no news for ${Math.floor(quietMs / 1_000)} s` : '';
    const line = `  ${crowd.accepted} accepted, ${refused} refused, ${crowd.requests} requests, ${total} customers${news}`;
    if (isTerminal) process.stdout.write(`\r${line}\u001b[K`);
    else say(line);
  };
  const timer = setInterval(show, isTerminal ? PROGRESS_MS : PROGRESS_MS * 4);
  return {
    end() {
      clearInterval(timer);
      show();
      if (isTerminal) process.stdout.write('\n');
    },
  };
}

function tell(crowd: Crowd, figures: Figures, report: Report, rushMs: number): void {
  say(`\nAccepted     ${crowd.accepted}`);
  for (const [code, count] of [...crowd.refusals].sort(([one], [other]) => one.localeCompare(other)))
    say(`Refused      ${count} ${code}`);
  say(
    `Repeated     ${crowd.replayed} answers came again for the same key, ${crowd.unanswered} were lost on purpose or not`,
  );
  say(
    `Rush         ${crowd.requests} requests, ${(rushMs / 1_000).toFixed(2)} s from the first click to the last answer`,
  );
  const at = (percentile: number): string =>
    `${(crowd.latency.percentile(percentile) / 1_000).toFixed(1)} ms`;
  say(`Latency      p50 ${at(50)}, p90 ${at(90)}, p99 ${at(99)}, max ${at(100)}, from sending to the answer`);
  say('');
  for (const { invariant, title, checks, violations } of report.invariants) {
    if (checks > 0)
      say(`${violations === 0 ? '✓' : '✗'} ${String(invariant).padStart(2)}  ${title} (${checks} checks)`);
  }
  for (const { invariant, what } of report.violations) say(`  invariant ${invariant}: ${what}`);
  const { acknowledged, sold, oversold, undersold, doubled, lost, misled, rows } = figures;
  say(
    `\nsold ${sold} · oversold ${oversold} · undersold ${undersold} · doubled ${doubled} · lost ${lost} · misled ${misled}` +
      ` · rows ${rows} = acknowledged ${acknowledged}`,
  );
}

function wholeNumber(name: 'customers' | 'units' | 'connections' | 'silence', max: number): number {
  const value = Number(options[name]);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  return explain(`--${name} is a whole number from 1 to ${max}, not ${options[name]}.`);
}
