// doors: purchases of a product behind the door of a campaign with a list of a million customers, against purchases of one in no
// campaign, in turn on one node; and, beside them, a rush of customers who are not on the list.

import { callNode } from '../src/node-client.ts';
import {
  Catalogue,
  CustomerLists,
  migrateCatalogue,
  openPool,
  startEmbeddedPostgres,
  type Editor,
  type SaveOutcome,
} from '../src/persistence/index.ts';
import { systemClock, systemRandom } from '../src/runtime/index.ts';
import { newSide, percentileMs, rate, type Side } from './duel-side.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { Forked } from './forked.ts';
import { openHotSale, secondsToCatchUp } from './hot-sale.ts';
import type { Preparation, Rush, RushReport } from './load.ts';
import { auditNode, startOwnNode, type OwnNode } from './own-node.ts';
import { cpuTimeOf, plus, since, total } from './process-cpu.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const SECRET = 'secret-of-the-benchmark';
const OUTSIDE = 'hot';
const UNITS = 10_000_000;
const CUSTOMERS = 1_000_000;
const CUSTOMERS_PER_PIECE = 5_000;
const CONNECTIONS = [64, 256];
const TURN_SECONDS = 2.5;
const WARM_UP_MS_MAX = 1_000;
/** So that all turns have customers who are on the list and bought nothing yet. */
const REQUESTS_PER_SECOND_MAX = 45_000;
const REQUESTS_PER_SECOND_OF_CONNECTION_MAX = 5_000;
const REFUSED_REQUESTS = 20_000;
const DAY_MS = 86_400_000;
const OPEN_MS_MAX = 60_000;
const LOOK_MS = 100;

const EDITOR: Editor = { id: 'bench', name: 'The benchmark', role: 'publisher' };

export const doors: Scenario = {
  modes: { sqlite: EMBEDDED_MODE },
  async run(options) {
    const customers = options.orders ?? CUSTOMERS;
    let behind = '';
    options.say(`  a list of ${customers} customers is loaded`);
    const node = await startOwnNode({ AUTH_SECRET: SECRET, DATABASE_URL: '' }, async (dataDir) => {
      behind = await publishForList(dataDir, customers);
    });
    const load = new Forked('./load.ts');
    try {
      await openHotSale(node, OUTSIDE, UNITS);
      await whenOpen(node, behind);
      return await new DoorTurns(node, load, { productId: behind, customers }, options).run();
    } finally {
      await load.stop();
      await node.stop();
    }
  },
};

interface Behind {
  readonly productId: string;
  /** On its list. */
  readonly customers: number;
}

class DoorTurns {
  readonly #node: OwnNode;
  readonly #load: Forked;
  readonly #behind: Behind;
  readonly #options: ScenarioOptions;
  #customers = 0;

  constructor(node: OwnNode, load: Forked, behind: Behind, options: ScenarioOptions) {
    this.#node = node;
    this.#load = load;
    this.#behind = behind;
    this.#options = options;
  }

  async run(): Promise<ScenarioResult> {
    const { seconds, connections = CONNECTIONS, say } = this.#options;
    const turns = Math.max(1, Math.round(seconds / TURN_SECONDS));
    const turnMs = (seconds * 1_000) / turns;
    const figures: Record<string, number> = {};
    const ratios: number[] = [];
    let otherAnswers = 0;
    say('  one turn to warm up');
    await this.#turn(connections[0]!, turnMs, newSide(), newSide(), newSide());
    for (const lanes of connections) {
      const [off, on, refused] = [newSide(), newSide(), newSide()];
      for (let turn = 0; turn < turns; turn++) {
        // oxlint-disable-next-line no-await-in-loop -- sides take turns
        await this.#turn(lanes, turnMs, off, on, refused, turn % 2 === 1);
        say(
          `  ${lanes} connections, after turn ${turn + 1} of ${turns}: ${rate(on)} purchases/s by the list, ` +
            `${rate(off)} in no campaign, ${rate(refused)} turned away`,
        );
      }
      ratios.push(rate(on) / rate(off));
      otherAnswers += off.others + on.others + refused.others;
      Object.assign(figures, {
        [`ratio${lanes}`]: round(rate(on) / rate(off)),
        [`byListPerSecond${lanes}`]: rate(on),
        [`inNoCampaignPerSecond${lanes}`]: rate(off),
        [`turnedAwayPerSecond${lanes}`]: rate(refused),
        [`byListP99Ms${lanes}`]: percentileMs(on, 0.99),
        [`inNoCampaignP99Ms${lanes}`]: percentileMs(off, 0.99),
        [`byListCpuMicros${lanes}`]: round(total(on.cpu) / on.all),
        [`inNoCampaignCpuMicros${lanes}`]: round(total(off.cpu) / off.all),
        [`turnedAwayCpuMicros${lanes}`]: round(total(refused.cpu) / refused.all),
      });
    }
    const violations = await auditNode(this.#node);
    return {
      ratio: round(Math.min(...ratios)),
      customers: this.#behind.customers,
      ...figures,
      otherAnswers,
      violations,
    };
  }

  async #turn(
    connections: number,
    measureMs: number,
    off: Side,
    on: Side,
    refused: Side,
    isOther = false,
  ): Promise<void> {
    const perSecond = Math.min(REQUESTS_PER_SECOND_MAX, connections * REQUESTS_PER_SECOND_OF_CONNECTION_MAX);
    const count = Math.ceil(((this.#warmUpMs(measureMs) + measureMs) / 1_000) * perSecond);
    const from = this.#customers;
    this.#customers += count;
    if (this.#customers > this.#behind.customers)
      throw new Error('the list has no more customers: ask for fewer seconds');
    const buying = { status: 201, text: '"reserved"', repeat: false };
    const sides = [
      { productId: OUTSIDE, side: off },
      { productId: this.#behind.productId, side: on },
    ];
    for (const { productId, side } of isOther ? sides.toReversed() : sides) {
      // oxlint-disable-next-line no-await-in-loop -- sides take turns
      await this.#rush({ productId, from, count }, { ...buying, connections, measureMs }, side);
    }
    const { productId, customers: onList } = this.#behind;
    const away = { status: 404, text: 'not_found', repeat: true };
    const nobody = { productId, from: onList, count: REFUSED_REQUESTS };
    await this.#rush(nobody, { ...away, connections, measureMs }, refused);
  }

  async #rush(
    prepared: Omit<Preparation, 'kind' | 'secret'>,
    wanted: Omit<Rush, 'kind' | 'port' | 'warmUpMs'>,
    side: Side,
  ): Promise<void> {
    await this.#load.ask({ ...prepared, kind: 'prepare', secret: SECRET } satisfies Preparation);
    const rush: Rush = {
      ...wanted,
      kind: 'rush',
      port: Number(new URL(this.#node.url).port),
      warmUpMs: this.#warmUpMs(wanted.measureMs),
    };
    const before = cpuTimeOf(this.#node.pid);
    const report = await this.#load.ask<RushReport>(rush);
    await secondsToCatchUp(this.#node);
    side.cpu = plus(side.cpu, since(before, cpuTimeOf(this.#node.pid)));
    side.counted += report.counted;
    side.elapsedMs += report.elapsedMs;
    side.all += report.all;
    side.others += Object.values(report.others).reduce((sum, others) => sum + others, 0);
    for (const micros of report.latencies) side.latencies.push(micros);
  }

  #warmUpMs(measureMs: number): number {
    return Math.min(WARM_UP_MS_MAX, measureMs);
  }
}

/** Into the folder of a node that does not run yet. @returns the product */
async function publishForList(dataDir: string, customers: number): Promise<string> {
  const postgres = await startEmbeddedPostgres(dataDir);
  const pool = openPool(postgres.connection, 2, 'doorbuster bench');
  try {
    await migrateCatalogue(pool);
    const catalogue = new Catalogue(pool, systemClock, systemRandom);
    const hours = { startsAt: Date.now() - DAY_MS, endsAt: Date.now() + DAY_MS };
    const campaign = saved(
      await catalogue.createCampaign(EDITOR, {
        title: 'For a list',
        slug: 'for-a-list',
        description: '',
        ...hours,
        timeZone: 'UTC',
        entry: { kind: 'list' },
      }),
    );
    const product = saved(
      await catalogue.addProduct(EDITOR, campaign.id, {
        name: 'Hot product',
        description: '',
        sku: 'HOT',
        ...hours,
        listAmount: undefined,
        amount: 4_900,
        currency: 'EUR',
        quantity: UNITS,
        perCustomerLimit: 1,
        holdSeconds: 86_400,
        attributes: [],
        images: [],
      }),
    );
    const lists = new CustomerLists(pool, systemClock, systemRandom);
    const loaded = await lists.replace(EDITOR, campaign.id, linesOf(customers), { skipBad: false });
    if (loaded.outcome !== 'loaded') throw new Error(`the list was not loaded: ${JSON.stringify(loaded)}`);
    saved(await catalogue.publish(EDITOR, campaign.id, campaign.version));
    return product.id;
  } finally {
    await pool.end();
    await postgres.stop();
  }
}

async function* linesOf(customers: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < customers; from += CUSTOMERS_PER_PIECE)
    yield Buffer.from(
      Array.from({ length: CUSTOMERS_PER_PIECE }, (_, number) => `customer-${from + number}\n`).join(''),
    );
}

function saved<T>(outcome: SaveOutcome<T>): T {
  if (outcome.outcome !== 'saved') throw new Error(`not saved: ${JSON.stringify(outcome)}`);
  return outcome.value;
}

/** The catalogue's commands have come to the engine. */
async function whenOpen(node: OwnNode, productId: string): Promise<void> {
  const deadline = performance.now() + OPEN_MS_MAX;
  for (;;) {
    try {
      const path = `/v1/admin/products/${productId}/stock`;
      // oxlint-disable-next-line no-await-in-loop -- it is asked until it is there
      if ((await callNode<{ available: number }>(node, 'GET', path)).available === UNITS) return;
    } catch {
      // It is not there yet.
    }
    if (performance.now() > deadline) throw new Error('the campaign’s product did not come to the engine');
    // oxlint-disable-next-line no-await-in-loop -- it is asked until it is there
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
