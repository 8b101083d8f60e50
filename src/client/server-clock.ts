// The shop's time as this machine can know it: measured against GET /v1/time and carried on by the monotonic clock, so
// that a shopper's wrong or jumping clock neither opens a door early nor keeps one shut.

import type { Caller } from './caller.ts';
import { patienceMs } from './patience.ts';
import type { Ports } from './ports.ts';
import { isRecord } from './shape.ts';

const SAMPLES_PER_MEASUREMENT = 3;
const MEASURE_AGAIN_AFTER_MS = 300_000;
/** The two clocks of a machine part by more only when it slept or one was set. */
const CLOCKS_PART_MS_MAX = 2_000;
/** A moment late, so that a second that is shown has surely begun. */
const TICK_LATE_MS = 5;

export class ServerClock {
  readonly #caller: Caller;
  readonly #ports: Ports;
  readonly #listeners = new Set<(now: number) => void>();
  #epochMsAtZero: number;
  /** This machine's own clock at the zero of the monotonic one, when that was looked at last. */
  #ownMsAtZero: number;
  #uncertaintyMs = Infinity;
  #failures = 0;
  #stops: (() => void)[] = [];
  #cancelTick = (): void => undefined;
  #cancelMeasurement = (): void => undefined;
  #measuring: Promise<void> | undefined;

  constructor(caller: Caller, ports: Ports) {
    this.#caller = caller;
    this.#ports = ports;
    this.#ownMsAtZero = ports.now() - ports.monotonicMs();
    this.#epochMsAtZero = this.#ownMsAtZero;
  }

  /** Epoch milliseconds. Until the first measurement, by this machine's clock. */
  now(): number {
    return this.#epochMsAtZero + this.#ports.monotonicMs();
  }

  /** How far the shop's clock is ahead of this machine's. */
  get offsetMs(): number {
    return this.now() - this.#ports.now();
  }

  /** How wrong `now()` may be; Infinity until the first measurement. */
  get uncertaintyMs(): number {
    return this.#uncertaintyMs;
  }

  /** Called with the shop's time now, at each full second of it, and after each measurement. Gives what ends it. */
  onSecond(listener: (now: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves after the first measurement, also when it failed: then it is tried again beside. */
  async start(): Promise<void> {
    this.stop();
    this.#stops = [
      this.#ports.page.onVisibility(() => {
        if (!this.#ports.page.isHidden()) void this.#measureAndTick();
      }),
    ];
    await this.#measureAndTick();
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#cancelTick();
    this.#cancelMeasurement();
  }

  get #isStarted(): boolean {
    return this.#stops.length > 0;
  }

  async #measureAndTick(): Promise<void> {
    this.#measuring ??= this.#measure().finally(() => (this.#measuring = undefined));
    await this.#measuring;
    if (!this.#isStarted) return;
    this.#cancelMeasurement();
    const againMs =
      this.#failures === 0
        ? MEASURE_AGAIN_AFTER_MS * (1 + this.#ports.random() / 4)
        : patienceMs(0, this.#failures, () => this.#ports.random());
    this.#cancelMeasurement = this.#ports.after(againMs, () => void this.#measureAndTick());
    this.#tick();
  }

  // Of several answers the quickest is nearest to the truth: its error is at most half its way there and back.
  async #measure(): Promise<void> {
    let quickestMs = Infinity;
    for (let sample = 0; sample < SAMPLES_PER_MEASUREMENT; sample++) {
      const sentMs = this.#ports.monotonicMs();
      const answer = await this.#caller.call('GET', '/v1/time', isTime);
      const tookMs = this.#ports.monotonicMs() - sentMs;
      if (answer.kind !== 'answer') break;
      if (tookMs >= quickestMs) continue;
      quickestMs = tookMs;
      this.#epochMsAtZero = answer.body.epochMs + tookMs / 2 - this.#ports.monotonicMs();
      this.#uncertaintyMs = tookMs / 2;
    }
    this.#failures = quickestMs === Infinity ? this.#failures + 1 : 0;
    this.#ownMsAtZero = this.#ports.now() - this.#ports.monotonicMs();
  }

  #tick(): void {
    this.#cancelTick();
    const now = this.now();
    this.#cancelTick = this.#ports.after(1_000 + TICK_LATE_MS - (now % 1_000), () => this.#tick());
    for (const listener of this.#listeners) listener(now);
    // Some machines' monotonic clock stands while they sleep.
    const ownMsAtZero = this.#ports.now() - this.#ports.monotonicMs();
    if (Math.abs(ownMsAtZero - this.#ownMsAtZero) <= CLOCKS_PART_MS_MAX) return;
    this.#ownMsAtZero = ownMsAtZero;
    void this.#measureAndTick();
  }
}

const isTime = (body: unknown): body is { readonly epochMs: number } =>
  isRecord(body) && Number.isSafeInteger(body['epochMs']);
