// The owner's side without HTTP and without Postgres, on the thread that makes it: shards, router, and a journal in a
// folder of its own. A gateway on another thread rushes it. Ended by `finish`, which also holds the journal against the
// invariants.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Checker, decodeRecord } from '../src/actors/index.ts';
import {
  DEFAULT_LIMITS,
  readJournal,
  Router,
  Shard,
  SqliteJournal,
  SqliteJournalHost,
  systemClock,
  systemRandom as random,
  systemTimers as timers,
  ThreadTransport,
  type Clock,
  type Message,
} from '../src/runtime/index.ts';
import type { GatewayData, GatewayReport } from './gateway-thread.ts';

export const JOURNAL_BYTES_MAX = 2 ** 36;

export class Owner {
  /** Of its journal alone. */
  readonly folder: string;
  readonly shards: ReadonlyMap<number, Shard>;
  readonly #host: SqliteJournalHost;
  readonly #clock: Clock;

  private constructor(
    folder: string,
    shards: ReadonlyMap<number, Shard>,
    host: SqliteJournalHost,
    clock: Clock,
  ) {
    this.folder = folder;
    this.shards = shards;
    this.#host = host;
    this.#clock = clock;
  }

  static async start(count: number, clock = systemClock, limits = DEFAULT_LIMITS): Promise<Owner> {
    const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
    const options = { shards: count, bytesMax: JOURNAL_BYTES_MAX };
    const host = await SqliteJournalHost.start(journalIn(folder), options);
    const journal = new SqliteJournal(host.connect());
    const ports = { journal, clock, timers, random };
    const shards = new Map(
      Array.from({ length: count }, (_, number) => [number, new Shard(number, ports, limits)]),
    );
    await Promise.all([...shards.values()].map((shard) => shard.open()));
    return new Owner(folder, shards, host, clock);
  }

  get journal(): string {
    return journalIn(this.folder);
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

  /** Drains, ends and checks. The folder stays until `remove`. */
  async finish(): Promise<JournalVerdict> {
    await Promise.all([...this.shards.values()].map((shard) => shard.drain()));
    await this.#host.stop();
    return checkJournal(this.journal);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `ownerCpuMicros`: what the owner's own thread ran. */
export interface RushReport extends GatewayReport {
  readonly ownerCpuMicros: number;
}

const journalIn = (folder: string): string => join(folder, 'journal.sqlite');

export interface JournalVerdict {
  readonly orders: number;
  /** Records that hold new orders: neither claims nor the products' set-up. */
  readonly appends: number;
  readonly violations: number;
}

export function checkJournal(path: string): JournalVerdict {
  const checker = new Checker();
  let appends = 0;
  for (const { sequence, bytes } of readJournal(path)) {
    const record = decodeRecord(bytes);
    checker.record(sequence, record);
    if (record.events.some(({ kind }) => kind === 'reserved')) appends++;
  }
  const { figures, violations } = checker.report();
  return { orders: figures.orders, appends, violations: violations.length };
}
