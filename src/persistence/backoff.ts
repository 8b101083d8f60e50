// How long to wait before the next try: twice as long each time up to a bound, and never the same for two who began
// together.

export class Backoff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  #tries = 0;

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
  }

  /** Milliseconds until the next try: between half of the step and all of it. */
  nextMs(): number {
    const stepMs = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#tries);
    if (stepMs < this.#mostMs) this.#tries++;
    return stepMs * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.#tries = 0;
  }
}
