// How much may be on its way to the server at once. The client itself takes everything and holds nobody back.

import { JETSTREAM_LIMITS } from './limits.ts';

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

export class AppendWindow {
  #appends = 0;
  #bytes = 0;
  /** First come, first served. */
  readonly #waiting: Waiting[] = [];

  /** Resolves when there is room; one append always has. */
  async enter(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) return this.#add(bytes);
    await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
  }

  leave(bytes: number): void {
    this.#appends--;
    this.#bytes -= bytes;
    for (
      let next = this.#waiting[0];
      next !== undefined && this.#hasRoom(next.bytes);
      next = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#add(next.bytes);
      next.enter();
    }
  }

  #hasRoom(bytes: number): boolean {
    const { appendsInFlightMax, appendBytesInFlightMax } = JETSTREAM_LIMITS;
    if (this.#appends === 0) return true;
    return this.#appends < appendsInFlightMax && this.#bytes + bytes <= appendBytesInFlightMax;
  }

  #add(bytes: number): void {
    this.#appends++;
    this.#bytes += bytes;
  }
}
