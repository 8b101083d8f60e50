// Something as it was from each journal record on, so that it can be compared with a Postgres that is not at the end yet.

export class Timeline<T> {
  readonly #entries: { readonly sequence: number; value: T }[] = [];

  constructor(sequence: number, value: T) {
    this.#entries.push({ sequence, value });
  }

  /** From the record on. Records come in their order. */
  set(sequence: number, value: T): void {
    const last = this.#entries.at(-1)!;
    if (last.sequence === sequence) last.value = value;
    else this.#entries.push({ sequence, value });
  }

  get now(): T {
    return this.#entries.at(-1)!.value;
  }

  /** As of the position, and the record that made it so; undefined when it was not there yet. */
  asOf(position: number): { readonly sequence: number; readonly value: T } | undefined {
    return this.#entries.findLast(({ sequence }) => sequence <= position);
  }
}
