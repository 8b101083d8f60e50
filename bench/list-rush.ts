// Rushes of customers who are on a list, none of whom comes twice: turns of two sides at one number of connections (A B, then B A), each
// counted with the CPU of its node until Postgres has caught up.

import { newSide, type Side } from './duel-side.ts';
import type { Forked } from './forked.ts';
import { secondsToCatchUp } from './hot-sale.ts';
import type { Preparation, Rush, RushReport } from './load.ts';
import type { OwnNode } from './own-node.ts';
import { cpuTimeOf, plus, since } from './process-cpu.ts';
import type { ScenarioOptions } from './scenario.ts';

export const LIST_SECRET = 'secret-of-the-benchmark';
export const LIST_CUSTOMERS = 1_000_000;
export const LIST_UNITS = 10_000_000;
const CONNECTIONS = [64, 256];
const TURN_SECONDS = 2.5;
const WARM_UP_MS_MAX = 1_000;
/** So that all turns have customers who are on the list and bought nothing yet. */
const REQUESTS_PER_SECOND_MAX = 45_000;
const REQUESTS_PER_SECOND_OF_CONNECTION_MAX = 5_000;

/** Where purchases go. */
export interface Lane {
  readonly node: Pick<OwnNode, 'pid' | 'url' | 'adminToken'>;
  readonly productId: string;
  /** The campaign that asks for tickets; undefined: they are sent without. */
  readonly ticketsOf?: string | undefined;
}

export interface Rival {
  readonly lane: Lane;
  readonly side: Side;
}

/** What every answer has to be. */
type Expected = Pick<Rush, 'status' | 'text' | 'repeat'>;

const BOUGHT: Expected = { status: 201, text: '"reserved"', repeat: false };

export class ListRush {
  readonly #load: Forked;
  readonly #customers: number;
  readonly #turns: number;
  readonly #turnMs: number;
  readonly connections: readonly number[];
  #came = 0;

  /** @param customers on the list */
  constructor(load: Forked, customers: number, { seconds, connections = CONNECTIONS }: ScenarioOptions) {
    this.#load = load;
    this.#customers = customers;
    this.connections = connections;
    this.#turns = Math.max(1, Math.round(seconds / TURN_SECONDS));
    this.#turnMs = (seconds * 1_000) / this.#turns;
  }

  /** V8 compiles everything meanwhile. */
  async warmUp(one: Lane, other: Lane): Promise<void> {
    await this.#turn(this.connections[0]!, [
      { lane: one, side: newSide() },
      { lane: other, side: newSide() },
    ]);
  }

  /** @param between what else belongs to a turn @param told after each */
  async turns(
    connections: number,
    rivals: readonly [Rival, Rival],
    told: (turn: string) => void,
    between: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    for (let turn = 0; turn < this.#turns; turn++) {
      // oxlint-disable-next-line no-await-in-loop -- sides take turns
      await this.#turn(connections, turn % 2 === 1 ? rivals.toReversed() : rivals);
      // oxlint-disable-next-line no-await-in-loop -- sides take turns
      await between();
      told(`${connections} connections, after turn ${turn + 1} of ${this.#turns}`);
    }
  }

  /** Customers who are not on the list, again and again. */
  async strangers(
    connections: number,
    count: number,
    { lane, side }: Rival,
    expected: Expected,
  ): Promise<void> {
    await this.#rush(lane, { from: this.#customers, count }, connections, expected, side);
  }

  async #turn(connections: number, rivals: readonly Rival[]): Promise<void> {
    const perSecond = Math.min(REQUESTS_PER_SECOND_MAX, connections * REQUESTS_PER_SECOND_OF_CONNECTION_MAX);
    const count = Math.ceil(((this.#warmUpMs + this.#turnMs) / 1_000) * perSecond);
    const from = this.#came;
    this.#came += count;
    if (this.#came > this.#customers)
      throw new Error('the list has no more customers: ask for fewer seconds, or a longer list (--orders)');
    for (const { lane, side } of rivals) {
      // oxlint-disable-next-line no-await-in-loop -- sides take turns
      await this.#rush(lane, { from, count }, connections, BOUGHT, side);
    }
  }

  async #rush(
    { node, productId, ticketsOf }: Lane,
    customers: Pick<Preparation, 'from' | 'count'>,
    connections: number,
    expected: Expected,
    side: Side,
  ): Promise<void> {
    const tickets = ticketsOf === undefined ? {} : { ticketsOf };
    const preparation: Preparation = {
      kind: 'prepare',
      secret: LIST_SECRET,
      productId,
      ...customers,
      ...tickets,
    };
    await this.#load.ask(preparation);
    const port = Number(new URL(node.url).port);
    const measures = { connections, measureMs: this.#turnMs, warmUpMs: this.#warmUpMs };
    const rush: Rush = { kind: 'rush', port, ...measures, ...expected };
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

  get #warmUpMs(): number {
    return Math.min(WARM_UP_MS_MAX, this.#turnMs);
  }
}
