// Waits that can all be ended at once, and of which there are none afterwards.

export class Pauses {
  readonly #ends = new Set<() => void>();
  #isOver = false;

  wait(delayMs: number): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#ends.delete(end);
        resolve();
      };
      const timer = setTimeout(end, delayMs);
      this.#ends.add(end);
    });
  }

  endAll(): void {
    this.#isOver = true;
    for (const end of this.#ends) end();
  }
}
