// doors: purchases of a product behind the door of a campaign with a list of a million customers, against purchases of one in no
// campaign, in turn on one node; and, beside them, a rush of customers who are not on the list.

import { newSide, percentileMs, rate, type Side } from './duel-side.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { Forked } from './forked.ts';
import { openHotSale, secondsToCatchUp } from './hot-sale.ts';
import { publishForList, whenOpen } from './list-campaign.ts';
import type { Preparation, Rush, RushReport } from './load.ts';
import { auditNode, startOwnNode, type OwnNode } from './own-node.ts';
import { cpuTimeOf, plus, since, total } from './process-cpu.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const SECRET = 'secret-of-the-benchmark';
const OUTSIDE = 'hot';
const UNITS = 10_000_000;
const CUSTOMERS = 1_000_000;
const CONNECTIONS = [64, 256];
const TURN_SECONDS = 2.5;
const WARM_UP_MS_MAX = 1_000;
/** So that all turns have customers who are on the list and bought nothing yet. */
const REQUESTS_PER_SECOND_MAX = 45_000;
const REQUESTS_PER_SECOND_OF_CONNECTION_MAX = 5_000;
const REFUSED_REQUESTS = 20_000;

export const doors: Scenario = {
  modes: { sqlite: EMBEDDED_MODE },
  async run(options) {
    const customers = options.orders ?? CUSTOMERS;
    let behind = '';
    options.say(`  a list of ${customers} customers is loaded`);
    const node = await startOwnNode({ AUTH_SECRET: SECRET, DATABASE_URL: '' }, async (dataDir) => {
      behind = (await publishForList(dataDir, { customers, units: UNITS })).productId;
    });
    const load = new Forked('./load.ts');
    try {
      await openHotSale(node, OUTSIDE, UNITS);
      await whenOpen(node, behind, UNITS);
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
