// Every gate on against all off: two nodes that take turns (A B B A …) under the same load. One sells behind a list, takes orders with a
// purchase ticket alone, bounds holds and attempts, and limits requests as it does by default but for what comes from one address; the
// other sells to everybody and limits nothing.

import { newSide, percentileMs, rate, type Side } from './duel-side.ts';
import { Forked } from './forked.ts';
import { openHotSale, secondsToCatchUp } from './hot-sale.ts';
import { publishForList, whenOpen, type ListCampaign } from './list-campaign.ts';
import type { Preparation, Rush, RushReport } from './load.ts';
import { auditNode, startOwnNode, type OwnNode } from './own-node.ts';
import { cpuTimeOf, plus, since, total } from './process-cpu.ts';
import { round, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

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

const ON = {
  LIMIT_PURCHASE: 'customer 20/10s, address 100000/1s',
};
const GATE = {
  limits: true,
  ticket: true,
  work: true,
  openHoldsMax: 3,
  coolDownSeconds: 60,
  attemptsMax: 20,
  shortestHoldSeconds: 60,
  risk: true,
};

interface Lane {
  readonly node: OwnNode;
  readonly productId: string;
  /** Undefined: no tickets. */
  readonly campaignId: string | undefined;
}

export async function gates(options: ScenarioOptions): Promise<ScenarioResult> {
  const customers = options.orders ?? CUSTOMERS;
  let campaign: ListCampaign | undefined;
  options.say(`  a list of ${customers} customers is loaded`);
  const env = { AUTH_SECRET: SECRET, SESSION_SECRET: SECRET, DATABASE_URL: '' };
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const gated = await startOwnNode({ ...env, ...ON }, async (dataDir) => {
      campaign = await publishForList(dataDir, { customers, units: UNITS, gate: GATE });
    });
    undo.push(() => gated.stop());
    const open = await startOwnNode({ ...env, RATE_LIMITS: 'off' });
    undo.push(() => open.stop());
    const load = new Forked('./load.ts');
    undo.push(() => load.stop());
    const { productId, campaignId } = campaign!;
    await whenOpen(gated, productId, UNITS);
    await openHotSale(open, OUTSIDE, UNITS);
    const on: Lane = { node: gated, productId, campaignId };
    const off: Lane = { node: open, productId: OUTSIDE, campaignId: undefined };
    return await new GateTurns({ on, off, customers }, load, options).run();
  } finally {
    await Promise.all(undo.map((stop) => stop()));
  }
}

interface Lanes {
  readonly on: Lane;
  readonly off: Lane;
  /** On the list. */
  readonly customers: number;
}

class GateTurns {
  readonly #lanes: Lanes;
  readonly #load: Forked;
  readonly #options: ScenarioOptions;
  #customers = 0;

  constructor(lanes: Lanes, load: Forked, options: ScenarioOptions) {
    this.#lanes = lanes;
    this.#load = load;
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
    await this.#turn(connections[0]!, turnMs, newSide(), newSide());
    for (const lanes of connections) {
      const [off, on] = [newSide(), newSide()];
      for (let turn = 0; turn < turns; turn++) {
        // oxlint-disable-next-line no-await-in-loop -- sides take turns
        await this.#turn(lanes, turnMs, off, on, turn % 2 === 1);
        say(
          `  ${lanes} connections, after turn ${turn + 1} of ${turns}: ${rate(on)} purchases/s through every gate, ${rate(off)} through none`,
        );
      }
      ratios.push(rate(on) / rate(off));
      otherAnswers += off.others + on.others;
      Object.assign(figures, {
        [`ratio${lanes}`]: round(rate(on) / rate(off)),
        [`gatedPerSecond${lanes}`]: rate(on),
        [`openPerSecond${lanes}`]: rate(off),
        [`gatedP99Ms${lanes}`]: percentileMs(on, 0.99),
        [`openP99Ms${lanes}`]: percentileMs(off, 0.99),
        [`gatedCpuMicros${lanes}`]: round(total(on.cpu) / on.all),
        [`openCpuMicros${lanes}`]: round(total(off.cpu) / off.all),
      });
    }
    const { on, off, customers } = this.#lanes;
    const violations = (await auditNode(on.node)) + (await auditNode(off.node));
    return { ratio: round(Math.min(...ratios)), customers, ...figures, otherAnswers, violations };
  }

  async #turn(connections: number, measureMs: number, off: Side, on: Side, isOther = false): Promise<void> {
    const perSecond = Math.min(REQUESTS_PER_SECOND_MAX, connections * REQUESTS_PER_SECOND_OF_CONNECTION_MAX);
    const count = Math.ceil(((this.#warmUpMs(measureMs) + measureMs) / 1_000) * perSecond);
    const from = this.#customers;
    this.#customers += count;
    if (this.#customers > this.#lanes.customers)
      throw new Error('the list has no more customers: ask for fewer seconds');
    const sides = [
      { lane: this.#lanes.off, side: off },
      { lane: this.#lanes.on, side: on },
    ];
    for (const { lane, side } of isOther ? sides.toReversed() : sides) {
      // oxlint-disable-next-line no-await-in-loop -- sides take turns
      await this.#rush(lane, { from, count }, { connections, measureMs }, side);
    }
  }

  async #rush(
    { node, productId, campaignId }: Lane,
    customers: Pick<Preparation, 'from' | 'count'>,
    wanted: Pick<Rush, 'connections' | 'measureMs'>,
    side: Side,
  ): Promise<void> {
    const preparation: Preparation = {
      kind: 'prepare',
      secret: SECRET,
      productId,
      ...customers,
      ...(campaignId !== undefined && { ticketsOf: campaignId }),
    };
    await this.#load.ask(preparation);
    const rush: Rush = {
      ...wanted,
      kind: 'rush',
      port: Number(new URL(node.url).port),
      warmUpMs: this.#warmUpMs(wanted.measureMs),
      status: 201,
      text: '"reserved"',
      repeat: false,
    };
    const before = cpuTimeOf(node.pid);
    const report = await this.#load.ask<RushReport>(rush);
    await secondsToCatchUp(node);
    side.cpu = plus(side.cpu, since(before, cpuTimeOf(node.pid)));
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
