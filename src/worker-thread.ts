// One life of a worker thread: started here, asked over its link, and ended by the pool, by itself, or by what it did.

import { Worker, type MessagePort } from 'node:worker_threads';
import type { ProfileKind } from './http/index.ts';
import { threadFile, ThreadLink, type Handlers } from './runtime/index.ts';
import type { WorkerData, WorkerFigures } from './worker.ts';

export const DEATH_REASONS = ['error', 'exit', 'hang'] as const;

/** `error`: it threw, or ran out of memory. `exit`: it ended itself. `hang`: it made no progress and was ended. */
export type DeathReason = (typeof DEATH_REASONS)[number];

export interface Death {
  readonly reason: DeathReason;
  readonly error: Error;
}

export type Counted = Pick<WorkerFigures, 'orders' | 'gate' | 'payments' | 'repeated' | 'fenced' | 'cache'>;

/** For a thread to stop after it was told to; JavaScript always does, a call into the system that hangs may not. */
const TERMINATE_MS_MAX = 5_000;

export class WorkerThread {
  readonly number: number;
  readonly link: ThreadLink;
  /** Resolves when it is over, for whatever reason. */
  readonly ended: Promise<Death>;
  /** What it last said that it counted: its successor counts on from there. */
  counted: Counted = {
    orders: new Map(),
    gate: new Map(),
    payments: new Map(),
    repeated: 0,
    fenced: 0,
    cache: undefined,
  };
  /** Of the last window of traffic that arrived from it. */
  windowReceived = 0;
  readonly #worker: Worker;
  #death: Death | undefined;

  constructor(workerData: WorkerData, handlers: Handlers) {
    const { worker: number, storage, peers } = workerData;
    const own = storage.kind === 'embedded' ? [storage.journal] : [];
    this.number = number;
    this.#worker = new Worker(threadFile('./worker', import.meta.url), {
      workerData,
      transferList: [...own, ...peers.values()] as MessagePort[],
      name: `worker-${number}`,
    });
    this.link = new ThreadLink(this.#worker, handlers);
    this.#worker.once('error', (error) => {
      this.#death ??= { reason: 'error', error: error instanceof Error ? error : new Error(String(error)) };
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#death ??= { reason: 'exit', error: new Error(`worker ${number} ended with code ${code}`) };
        this.link.fail(this.#death.error);
        resolve(this.#death);
      });
    });
  }

  /** @returns what Chrome's developer tools read, as JSON; undefined when the thread ended before the profile did */
  async profile(kind: ProfileKind, durationMs: number): Promise<string | undefined> {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, durationMs);
    const ended = this.ended.then(() => undefined);
    try {
      const handle =
        kind === 'cpu' ? await this.#worker.startCpuProfile() : await this.#worker.startHeapProfile();
      await Promise.race([over, ended]);
      return await Promise.race([handle.stop(), ended]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_NOT_RUNNING') return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @returns whether it ended in time. @param death why, when it is not the node that ends it in order */
  async end(death?: Death): Promise<boolean> {
    this.#death ??= death;
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, TERMINATE_MS_MAX, false);
    const hasEnded = await Promise.race([this.#worker.terminate().then(() => true), late]);
    clearTimeout(timer);
    return hasEnded;
  }
}
