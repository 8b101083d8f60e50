// The owner's side without HTTP and without Postgres, on the thread that makes it: shards, router, and a journal of its own
// in SQLite or on JetStream. A gateway on another thread rushes it. Ended by `finish`, which also holds the journal against the
// invariants.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Checker, decodeRecord } from '../src/actors/index.ts';
import type { Clock, Message, RuntimeLimits, StoredRecord } from '../src/runtime/index.ts';
import { DEFAULT_LIMITS } from '../src/runtime/limits.ts';
import { Router } from '../src/runtime/router.ts';
import { Shard } from '../src/runtime/shard.ts';
import { readJournal } from '../src/runtime/sqlite/reader.ts';
import { systemClock, systemRandom as random, systemTimers as timers } from '../src/runtime/system.ts';
import { ThreadTransport } from '../src/runtime/thread-transport.ts';
import { SQLITE, type BenchJournal, type JournalPlace } from './bench-journal.ts';
import type { GatewayData, GatewayReport } from './gateway-thread.ts';

export interface OwnerOptions {
  readonly place?: JournalPlace;
  readonly clock?: Clock;
  readonly limits?: RuntimeLimits;
}

export class Owner {
  /** Of this run alone. */
  readonly folder: string;
  readonly shards: ReadonlyMap<number, Shard>;
  readonly #journal: BenchJournal;
  readonly #clock: Clock;

  private constructor(
    folder: string,
    shards: ReadonlyMap<number, Shard>,
    journal: BenchJournal,
    clock: Clock,
  ) {
    this.folder = folder;
    this.shards = shards;
    this.#journal = journal;
    this.#clock = clock;
  }

  /** @param count of shards */
  static async start(count: number, options: OwnerOptions = {}): Promise<Owner> {
    const { place = SQLITE, clock = systemClock, limits = DEFAULT_LIMITS } = options;
    const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
    const journal = await place.make(folder, count);
    const ports = { journal: journal.journal, clock, timers, random };
    const shards = new Map(
      Array.from({ length: count }, (_, number) => [number, new Shard(number, ports, limits)]),
    );
    await Promise.all([...shards.values()].map((shard) => shard.open()));
    return new Owner(folder, shards, journal, clock);
  }

  /** @param isFrugal the gateway takes no memory to speak of, and is slower */
  async rush(products: readonly string[], orders: number, isFrugal = false): Promise<RushReport> {
    const { port1, port2 } = new MessageChannel();
    const transport = new ThreadTransport(new Map([[1, port1]]));
    const ports = { clock: this.#clock, timers, transport, random };
    const router = new Router(0, this.shards.size, () => 0, this.shards, ports, DEFAULT_LIMITS);
    transport.onMessage((message: Message) => router.receive(message));
    const workerData: GatewayData = { port: port2, products, shards: this.shards.size, orders, isFrugal };
    const gateway = new Worker(new URL('./gateway-thread.ts', import.meta.url), {
      workerData,
      transferList: [port2],
      name: 'gateway',
    });
    const before = process.threadCpuUsage();
    const report = await new Promise<GatewayReport>((resolve, reject) => {
      gateway.once('message', resolve);
      gateway.once('error', reject);
    });
    const { user, system } = process.threadCpuUsage(before);
    await gateway.terminate();
    port1.close();
    return { ...report, ownerCpuMicros: user + system };
  }

  /** Drains, ends and checks. The journal stays until `remove`. */
  async finish(): Promise<JournalVerdict> {
    await Promise.all([...this.shards.values()].map((shard) => shard.drain()));
    await this.#journal.finish();
    return checkRecords(this.#journal.records());
  }

  /** Behind `finish`. */
  records(): AsyncIterable<StoredRecord> {
    return this.#journal.records();
  }

  async remove(): Promise<void> {
    await this.#journal.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `ownerCpuMicros`: what the owner's own thread ran. */
export interface RushReport extends GatewayReport {
  readonly ownerCpuMicros: number;
}

export interface JournalVerdict {
  readonly orders: number;
  /** Records that hold new orders: neither claims nor the products' set-up. */
  readonly appends: number;
  readonly violations: number;
}

export const checkJournal = (path: string): Promise<JournalVerdict> => checkRecords(readJournal(path));

export async function checkRecords(
  records: Iterable<StoredRecord> | AsyncIterable<StoredRecord>,
): Promise<JournalVerdict> {
  const checker = new Checker();
  let appends = 0;
  for await (const { sequence, bytes } of records) {
    const record = decodeRecord(bytes);
    checker.record(sequence, record);
    if (record.events.some(({ kind }) => kind === 'reserved')) appends++;
  }
  const { figures, violations } = checker.report();
  return { orders: figures.orders, appends, violations: violations.length };
}
