// Brings what the catalogue committed to the products' actors, and writes down what they said. It may die at any moment: a
// command whose outcome is not written is sent again, and delivery.ts says why that is safe.
//
// One of each node runs by itself (`start`), for what others left behind; any thread can empty the outbox of the products that
// its page has just saved (`settle`). Both take leases, so they never send one command at the same time while both are in time.
// Stopped by whoever started it, before the pool ends.

import type { Pool } from 'pg';
import type { Clock, Random, Timers } from '../../runtime/ports.ts';
import { Backoff } from '../backoff.ts';
import type { Logger } from '../projection-health.ts';
import { deliver, type Engine } from './delivery.ts';
import {
  claim,
  countWaiting,
  isStillLeased,
  settle,
  type ClaimedCommand,
  type Delivered,
} from './dispatch-queue.ts';

export const DISPATCH_LIMITS = {
  /** Commands of one claim, each of another product. */
  commandsMax: 64,
  /** For a whole delivery: far above the router's time for its three questions at most. */
  leaseMs: 30_000,
  /** Between two looks at the outbox, when it was empty. */
  pollMs: 1_000,
  /** Before a command that the engine could not decide is sent again; doubled each time. */
  retryFirstMs: 200,
  retryMostMs: 30_000,
  /** Between two looks while somebody else sends what a page waits for. */
  lookAgainMs: 50,
} as const;

type Limits = { readonly [Name in keyof typeof DISPATCH_LIMITS]: number };

export interface EngineDispatcherOptions {
  readonly pool: Pool;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits?: Partial<Limits>;
}

export class EngineDispatcher {
  readonly #options: EngineDispatcherOptions;
  readonly #limits: Limits;
  readonly #retry: Backoff;
  #cancelPoll: (() => void) | undefined;
  #passing: Promise<void> | undefined;
  #isStopped = false;
  #isInTrouble = false;

  constructor(options: EngineDispatcherOptions) {
    this.#options = options;
    this.#limits = { ...DISPATCH_LIMITS, ...options.limits };
    this.#retry = new Backoff(this.#limits.retryFirstMs, this.#limits.retryMostMs);
  }

  /** From now on it looks for commands by itself. */
  start(): void {
    if (this.#isStopped || this.#passing !== undefined) return;
    this.#passing = this.#pass().finally(() => {
      this.#passing = undefined;
    });
  }

  /** What is on its way is still answered and written down; nothing more is sent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelPoll?.();
    await this.#passing;
  }

  /**
   * Sends what waits of these products, and waits for what others are sending of them.
   * @returns whether everything of them is answered; false: not within this time, and it goes on without the caller
   */
  async settle(productIds: readonly string[], withinMs: number): Promise<boolean> {
    const { clock, pool } = this.#options;
    const until = clock.monotonic() + withinMs;
    try {
      while (!this.#isStopped && clock.monotonic() < until) {
        // oxlint-disable-next-line no-await-in-loop -- the next commands of these products follow the answers of these
        const sent = await this.#sendSome(productIds);
        if (sent > 0) continue;
        // oxlint-disable-next-line no-await-in-loop
        if ((await countWaiting(pool, productIds)) === 0) return true;
        // oxlint-disable-next-line no-await-in-loop
        await this.#pause(Math.min(this.#limits.lookAgainMs, Math.max(0, until - clock.monotonic())));
      }
    } catch (error) {
      this.#tellTrouble(error);
    }
    return false;
  }

  async #pass(): Promise<void> {
    try {
      // oxlint-disable-next-line no-await-in-loop -- what follows in a product's queue rests on these
      while (!this.#isStopped && (await this.#sendSome(undefined)) > 0);
      this.#retry.reset();
      this.#isInTrouble = false;
      this.#startAfter(this.#limits.pollMs);
    } catch (error) {
      this.#tellTrouble(error);
      this.#startAfter(this.#retry.nextMs());
    }
  }

  #startAfter(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancelPoll = this.#options.timers.after(delayMs, () => this.start());
  }

  /** @returns how many commands are answered by it */
  async #sendSome(productIds: readonly string[] | undefined): Promise<number> {
    const { pool, clock, random } = this.#options;
    const { commandsMax, leaseMs } = this.#limits;
    const lease = Buffer.from(random.characters(16), 'latin1').toString('hex');
    // Counted from before the claim, so that it ends here no later than there.
    const leasedUntil = clock.monotonic() + leaseMs;
    const claimed = await claim(pool, { lease, leaseMs, commandsMax, productIds });
    const delivered = await Promise.all(claimed.map((each) => this.#deliver(each, lease, leasedUntil)));
    await settle(pool, lease, delivered, clock.now());
    return delivered.filter((each) => 'answer' in each).length;
  }

  async #deliver(claimed: ClaimedCommand, lease: string, leasedUntil: number): Promise<Delivered> {
    const { engine, pool, clock } = this.#options;
    const isInTime = (): boolean => clock.monotonic() < leasedUntil;
    const inTime: Engine = {
      request: (command) => {
        if (!isInTime()) throw new LeaseRanOut();
        return engine.request(command);
      },
    };
    try {
      const answer = await deliver(
        inTime,
        claimed,
        async () => isInTime() && (await isStillLeased(pool, claimed.id, lease)),
      );
      if (answer !== 'again') return { claimed, answer };
    } catch (error) {
      if (!(error instanceof LeaseRanOut)) this.#tellTrouble(error);
    }
    return { claimed, againInMs: this.#againInMs(claimed.attempts) };
  }

  /** For ever, and slowly: only the engine can say what becomes of it. */
  #againInMs(attempts: number): number {
    const { retryFirstMs, retryMostMs } = this.#limits;
    const stepMs = Math.min(retryMostMs, retryFirstMs * 2 ** Math.min(attempts - 1, 20));
    return stepMs * (0.5 + this.#options.random.characters(1).charCodeAt(0) / 512);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.timers.after(ms, resolve));
  }

  /** Once, until it works again. */
  #tellTrouble(error: unknown): void {
    if (this.#isInTrouble || this.#isStopped) return;
    this.#isInTrouble = true;
    this.#options.logger.warn(
      { err: error },
      'changes of the catalogue are not brought to the engine just now; they wait in Postgres',
    );
  }
}

/** Somebody else may have sent this command meanwhile, and one that follows it. */
class LeaseRanOut extends Error {
  override readonly name = 'LeaseRanOut';
}
