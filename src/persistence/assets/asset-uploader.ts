// Carries files to the store, and away from it when nobody needs them any more: one uploader for each node, a few files at a
// time, again and again until it is so. It never ends by itself; its owner stops it.

import type { Pool } from 'pg';
import type { Clock, Timers } from '../../runtime/index.ts';
import { Backoff } from '../backoff.ts';
import { AssetStoreFailed, type AssetStore } from './asset-store.ts';
import { sweepAssets, type SweepLimits } from './asset-sweep.ts';
import { fileType } from './file-name.ts';
import { readFileBytes } from './file-rows.ts';
import type { PurgeHook } from './purge-hook.ts';
import { UploadQueue, type UploadTask } from './upload-queue.ts';

export const UPLOAD_LIMITS = {
  /** Files under way at once. */
  uploadsAtOnceMax: 2,
  /** Files removed at once, and told to the purge hook in one call. */
  removalsAtOnceMax: 50,
  /** A node that died with a file in hand holds it for so long. */
  leaseMs: 120_000,
  firstRetryMs: 500,
  lastRetryMs: 60_000,
  /** Then a removal is given up, and said. */
  removalTriesMax: 50,
  /** Between two looks for what other threads and nodes added. */
  lookPeriodMs: 1_000,
  /** Between two looks for files that the store lacks, or that nobody needs. */
  sweepPeriodMs: 600_000,
  /** After the last product that showed it. */
  unusedKeptMs: 7 * 24 * 3_600_000,
  /** What a store that is in use no more has is forgotten, not removed. */
  storeKeptMs: 30 * 24 * 3_600_000,
} as const;

export type UploadLimits = { readonly [name in keyof typeof UPLOAD_LIMITS]: number };

export interface AssetUploaderOptions {
  readonly pool: Pool;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly timers: Pick<Timers, 'after'>;
  readonly store: AssetStore;
  /** Name of this node: no other that lives has it. */
  readonly owner: string;
  readonly purge: PurgeHook | undefined;
  readonly limits?: Partial<UploadLimits>;
  /** For the log: the first time that something fails, and when it works again. */
  readonly onTrouble: (reason: string) => void;
  readonly onMended: () => void;
}

export class AssetUploader {
  readonly #options: AssetUploaderOptions;
  readonly #limits: UploadLimits & SweepLimits;
  readonly #backoff: Backoff;
  #running: Promise<void> | undefined;
  readonly #stop = new AbortController();
  #wake: (() => void) | undefined;
  #isNudged = false;
  #isTroubled = false;
  #sweptAt = -Infinity;
  #queue: UploadQueue | undefined;

  constructor(options: AssetUploaderOptions) {
    this.#options = options;
    this.#limits = { ...UPLOAD_LIMITS, ...options.limits };
    this.#backoff = new Backoff(this.#limits.firstRetryMs, this.#limits.lastRetryMs);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** There is something to do. */
  nudge(): void {
    this.#isNudged = true;
    this.#wake?.();
  }

  /** What is under way is given up, and done again after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    let hasThrown = false;
    while (!this.#stop.signal.aborted) {
      let waitMs = this.#limits.lookPeriodMs;
      try {
        const didSomething = await this.#step();
        this.#backoff.reset();
        if (hasThrown) this.#mended();
        hasThrown = false;
        if (didSomething) continue;
      } catch (error) {
        // Postgres, or the store as a whole; a file that cannot be uploaded is told in its row.
        hasThrown = true;
        this.#tell((error as Error).message);
        waitMs = this.#backoff.nextMs();
      }
      await this.#pause(waitMs);
    }
  }

  /** @returns whether there may be more to do at once */
  async #step(): Promise<boolean> {
    const { clock, pool } = this.#options;
    const queue = (this.#queue ??= await this.#open());
    if (clock.monotonic() - this.#sweptAt >= this.#limits.sweepPeriodMs) {
      await queue.adopt();
      await sweepAssets(pool, clock.now(), this.#limits);
      this.#sweptAt = clock.monotonic();
    }
    const due = await queue.due();
    const isUploaded = due.present && (await this.#uploadSome(queue));
    const isRemoved = due.absent && (await this.#removeSome(queue));
    return isUploaded || isRemoved;
  }

  async #uploadSome(queue: UploadQueue): Promise<boolean> {
    const tasks = await queue.take('present', this.#limits.uploadsAtOnceMax);
    const uploaded = await Promise.all(tasks.map((task) => this.#upload(queue, task)));
    return uploaded.includes(true);
  }

  async #removeSome(queue: UploadQueue): Promise<boolean> {
    const tasks = await queue.take('absent', this.#limits.removalsAtOnceMax);
    return tasks.length > 0 && this.#remove(queue, tasks);
  }

  async #open(): Promise<UploadQueue> {
    const { pool, clock, store, owner } = this.#options;
    const { leaseMs } = this.#limits;
    const queue = new UploadQueue({ pool, clock, store: await store.id(), owner, leaseMs });
    await queue.begin();
    return queue;
  }

  async #upload(queue: UploadQueue, { name, attempts }: UploadTask): Promise<boolean> {
    const bytes = await readFileBytes(this.#options.pool, name);
    // Forgotten meanwhile: its row says by now that it is to be removed.
    if (bytes === undefined) {
      await queue.release([name]);
      return false;
    }
    try {
      await this.#options.store.put(name, bytes, fileType(name), this.#stop.signal);
    } catch (error) {
      await this.#failed(queue, [name], attempts, error);
      return false;
    }
    await queue.uploaded(name, this.#isTroubled || attempts > 1);
    this.#mended();
    return true;
  }

  async #remove(queue: UploadQueue, tasks: readonly UploadTask[]): Promise<boolean> {
    const { store, purge } = this.#options;
    const names = tasks.map(({ name }) => name);
    const attempts = Math.max(...tasks.map((task) => task.attempts));
    try {
      for (const name of names) await store.delete(name, this.#stop.signal);
      await purge?.purge(names, this.#stop.signal);
    } catch (error) {
      if (attempts < this.#limits.removalTriesMax || this.#stop.signal.aborted)
        await this.#failed(queue, names, attempts, error);
      else {
        this.#options.onTrouble(
          `${names.length} files stay in the store or the CDN: ${(error as Error).message}`,
        );
        await queue.removed(names);
      }
      return false;
    }
    await queue.removed(names);
    this.#mended();
    return true;
  }

  async #failed(
    queue: UploadQueue,
    names: readonly string[],
    attempts: number,
    error: unknown,
  ): Promise<void> {
    if (!(error instanceof AssetStoreFailed)) throw error;
    if (this.#stop.signal.aborted) return queue.release(names);
    const { firstRetryMs, lastRetryMs } = this.#limits;
    const stepMs = Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(attempts - 1, 30));
    await queue.failed(names, error.message, stepMs * (0.5 + Math.random() / 2));
    this.#tell(error.message);
  }

  #tell(reason: string): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    this.#options.onTrouble(reason);
  }

  #mended(): void {
    if (!this.#isTroubled) return;
    this.#isTroubled = false;
    this.#options.onMended();
  }

  #pause(waitMs: number): Promise<void> {
    if (this.#isNudged || this.#stop.signal.aborted) {
      this.#isNudged = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(waitMs, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = undefined;
        this.#isNudged = false;
        cancel();
        resolve();
      };
    });
  }
}
