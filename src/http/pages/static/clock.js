// The shop's time as this browser can know it: measured against GET /v1/time and carried on by the monotonic clock, so
// that a shopper's wrong or jumping clock neither opens a door early nor keeps one shut.

import { call } from './api.js';

const samplesPerMeasurement = 3;
const measureAgainAfterMs = 300_000;

export class ShopClock {
  #epochMsAtZero = Date.now() - performance.now();
  #listeners = [];
  #timer;

  now() {
    return this.#epochMsAtZero + performance.now();
  }

  /** Calls `listener` with the shop's time now, at each full second of it, and after each new measurement. */
  onSecond(listener) {
    this.#listeners.push(listener);
  }

  async start() {
    await this.#measure();
    this.#tick();
    setInterval(() => void this.#measureAndTick(), measureAgainAfterMs);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.#measureAndTick();
    });
  }

  async #measureAndTick() {
    await this.#measure();
    this.#tick();
  }

  // Of several answers the quickest is nearest to the truth: its error is at most half its way there and back.
  async #measure() {
    let quickestMs = Infinity;
    for (let sample = 0; sample < samplesPerMeasurement; sample++) {
      const sentMs = performance.now();
      const answer = await call('GET', '/v1/time');
      const tookMs = performance.now() - sentMs;
      if (answer.kind !== 'answer' || tookMs >= quickestMs) continue;
      quickestMs = tookMs;
      this.#epochMsAtZero = answer.body.epochMs + tookMs / 2 - performance.now();
    }
  }

  #tick() {
    clearTimeout(this.#timer);
    const now = this.now();
    for (const listener of this.#listeners) listener(now);
    this.#timer = setTimeout(() => this.#tick(), 1_005 - (this.now() % 1_000));
  }
}
