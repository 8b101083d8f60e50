// appends: what one append costs on each journal, by how many orders it holds and by how many shards append at once. SQLite, and
// one NATS server and three of them, each with every message synced and with the server's own default (the names end with
// `Lazy`), take turns. The records are decided beforehand, so that nothing but the journal is measured.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppendLane } from './append-lane.ts';
import { SQLITE, type BenchJournal, type JournalPlace } from './bench-journal.ts';
import { NatsPlace } from './nats-place.ts';
import { checkRecords } from './owner.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

/** Of one turn: more than any journal takes, and more are not decided. */
const ORDERS_PER_MS_MAX = 2_000;
/** @property appendsMax of one turn, so that little is decided in vain */
const CASES = [
  { orders: 1, shards: 1, appendsMax: 2_000 },
  { orders: 16, shards: 1, appendsMax: 2_000 },
  { orders: 64, shards: 1, appendsMax: 1_000 },
  { orders: 256, shards: 1, appendsMax: 400 },
  { orders: 2_000, shards: 1, appendsMax: 60 },
  { orders: 16, shards: 4, appendsMax: 2_000 },
  { orders: 16, shards: 16, appendsMax: 4_000 },
  { orders: 16, shards: 64, appendsMax: 8_000 },
] as const;
type Case = (typeof CASES)[number];
const SHARDS = 64;
const TURNS = 3;
const PLACES = 5;
/** The ratio's: as many orders as an append holds with a hundred shoppers or so. */
const USUAL = '64Orders1Shards';

export const appends: Scenario = {
  modes: {
    jetstream:
      'jetstream: one copy (R1) and three (R3), all servers on this machine, sync_interval always and (Lazy) by default, beside SQLite',
  },
  run,
};

interface Cell {
  orders: number;
  elapsedMs: number;
  clientMicros: number;
  serverMicros: number;
  ms: number[];
}

class Contender {
  readonly place: JournalPlace;
  readonly journal: BenchJournal;
  readonly cells = new Map<Case, Cell>();
  readonly #lanes: readonly AppendLane[];
  #orders = 0;

  private constructor(place: JournalPlace, journal: BenchJournal, lanes: readonly AppendLane[]) {
    this.place = place;
    this.journal = journal;
    this.#lanes = lanes;
    for (const each of CASES)
      this.cells.set(each, { orders: 0, elapsedMs: 0, clientMicros: 0, serverMicros: 0, ms: [] });
  }

  static async make(place: JournalPlace, folder: string): Promise<Contender> {
    const journal = await place.make(folder, SHARDS);
    const lanes: AppendLane[] = [];
    for (let shard = 0; shard < SHARDS; shard++) lanes.push(await AppendLane.open(journal.journal, shard));
    return new Contender(place, journal, lanes);
  }

  async turn(what: Case, msMax: number, isCounted: boolean): Promise<void> {
    const { orders, shards, appendsMax } = what;
    const lanes = this.#lanes.slice(0, shards);
    const appendsOfTurnMax = Math.min(appendsMax, (msMax * ORDERS_PER_MS_MAX) / orders);
    const appendsOfLaneMax = Math.ceil(appendsOfTurnMax / shards);
    for (const lane of lanes) lane.prepare(orders * appendsOfLaneMax);
    const ms: number[] = [];
    const serverBefore = this.place.serverCpuMicros();
    const cpuBefore = process.threadCpuUsage();
    const startedAt = performance.now();
    const appendOn = async (lane: AppendLane): Promise<void> => {
      for (let count = 0; count < appendsOfLaneMax && performance.now() - startedAt < msMax; count++)
        ms.push(await lane.append(orders));
    };
    await Promise.all(lanes.map(appendOn));
    const elapsedMs = performance.now() - startedAt;
    const { user, system } = process.threadCpuUsage(cpuBefore);
    const serverMicros = this.place.serverCpuMicros() - serverBefore;
    this.#orders += ms.length * orders;
    if (!isCounted) return;
    const cell = this.cells.get(what)!;
    cell.orders += ms.length * orders;
    cell.elapsedMs += elapsedMs;
    cell.clientMicros += user + system;
    cell.serverMicros += serverMicros;
    cell.ms.push(...ms);
  }

  figures(): Record<string, number> {
    const all: Record<string, number> = {};
    for (const [what, { orders, elapsedMs, clientMicros, serverMicros, ms }] of this.cells) {
      const sorted = ms.toSorted((one, other) => one - other);
      const name = `${nameOf(what)}${this.place.name}`;
      all[`p50Ms${name}`] = round(sorted[Math.floor(sorted.length * 0.5)]!);
      all[`p99Ms${name}`] = round(sorted[Math.floor(sorted.length * 0.99)]!);
      all[`ordersPerSecond${name}`] = Math.round(orders / (elapsedMs / 1_000));
      all[`clientCpuMicrosPerOrder${name}`] = round(clientMicros / orders);
      all[`serverCpuMicrosPerOrder${name}`] = round(serverMicros / orders);
    }
    return all;
  }

  /** @returns violations */
  async finish(): Promise<number> {
    await this.journal.finish();
    const { orders, violations } = await checkRecords(this.journal.records());
    await this.journal.remove();
    return violations + Math.abs(orders - this.#orders);
  }
}

async function run({ seconds, turns = TURNS, say }: ScenarioOptions): Promise<ScenarioResult> {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  const places: JournalPlace[] = [SQLITE];
  try {
    for (const isLazy of [false, true])
      for (const replicas of [1, 3] as const) places.push(await NatsPlace.start(replicas, say, isLazy));
    const contenders: Contender[] = [];
    for (const place of places) contenders.push(await Contender.make(place, folder));
    const msMax = (seconds * 1_000) / (turns * CASES.length * PLACES);
    for (let turn = 0; turn <= turns; turn++) {
      for (const what of CASES)
        for (const contender of contenders) await contender.turn(what, msMax, turn > 0);
      say(turn === 0 ? '  warmed up' : `  turn ${turn} of ${turns} is over`);
    }
    const figures: Record<string, number> = {};
    let violations = 0;
    for (const contender of contenders) {
      Object.assign(figures, contender.figures());
      violations += await contender.finish();
    }
    const usual = (place: string): number => figures[`ordersPerSecond${USUAL}${place}`]!;
    return { ratio: round(usual('R3') / usual('Sqlite')), ...figures, violations };
  } finally {
    await Promise.all(places.map((place) => place.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

const nameOf = ({ orders, shards }: Case): string => `${orders}Orders${shards}Shards`;
