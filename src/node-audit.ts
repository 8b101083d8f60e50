// The audit of a running node, on a thread of its own, after Postgres has caught up. It reads everything: whoever asks
// meanwhile gets the same answer.

import { Worker } from 'node:worker_threads';
import type { AuditReport, AuditRequest } from './audit.ts';
import type { NodeReport } from './http/index.ts';
import { systemClock, systemTimers, threadFile } from './runtime/index.ts';
import type { LiveShard } from './worker.ts';

export interface NodeAuditOptions {
  readonly request: () => Omit<AuditRequest, 'live'>;
  /** Of the threads that answer, and which do not. */
  readonly live: () => Promise<{ shards: readonly LiveShard[]; silent: readonly number[] }>;
  /** Epoch milliseconds up to which Postgres has everything. */
  readonly projectedUpTo: () => Promise<number>;
}

/** For Postgres to have what was journaled before: the audit tells how far it is. */
const CAUGHT_UP_WAIT_MS = 30_000;
const LOOK_PERIOD_MS = 50;

export class NodeAudit {
  readonly #options: NodeAuditOptions;
  #running: Promise<NodeReport> | undefined;

  constructor(options: NodeAuditOptions) {
    this.#options = options;
  }

  run(): Promise<NodeReport> {
    this.#running ??= this.#audit().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #audit(): Promise<NodeReport> {
    const { request, live } = this.#options;
    const { shards, silent: silentWorkers } = await live();
    await this.#caughtUp();
    const report = await onThread({ ...request(), live: shards } as AuditRequest);
    return { ...report, silentWorkers };
  }

  async #caughtUp(): Promise<void> {
    const from = systemClock.now();
    while ((await this.#options.projectedUpTo()) < from && systemClock.now() - from < CAUGHT_UP_WAIT_MS)
      await new Promise<void>((resolve) => void systemTimers.after(LOOK_PERIOD_MS, resolve));
  }
}

function onThread(request: AuditRequest): Promise<AuditReport> {
  const worker = new Worker(threadFile('./audit-thread', import.meta.url), {
    workerData: request,
    name: 'audit',
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
