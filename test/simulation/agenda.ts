// What is yet to happen in a simulated world, the earliest first; of two at one time the one that was entered first.

interface Happening {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

const isBefore = (one: Happening, other: Happening): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

export class Agenda {
  /** A binary heap. */
  readonly #heap: Happening[] = [];
  #order = 0;

  /** @returns cancels it */
  enter(at: number, run: () => void): () => void {
    const happening: Happening = { at, order: this.#order++, run };
    this.#heap.push(happening);
    this.#rise(this.#heap.length - 1);
    return () => (happening.run = undefined);
  }

  /** Takes the next one out; undefined when nothing happens up to that time. */
  take(until: number): { readonly at: number; readonly run: () => void } | undefined {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) return undefined;
      const last = this.#heap.pop()!;
      if (this.#heap.length > 0) {
        this.#heap[0] = last;
        this.#sink(0);
      }
      if (next.run !== undefined) return { at: next.at, run: next.run };
    }
  }

  #rise(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    const heap = this.#heap;
    for (let at = from; ;) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[first]!)) first = child;
      }
      if (first === at) return;
      this.#swap(at, first);
      at = first;
    }
  }

  #swap(one: number, other: number): void {
    const heap = this.#heap;
    [heap[one], heap[other]] = [heap[other]!, heap[one]!];
  }
}
