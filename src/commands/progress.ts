// How far a long command is: one line that is written over, on a terminal; nothing elsewhere.

import type { WriteStream } from 'node:tty';

const CLEAR_LINE = '\r\x1b[K';

export class Progress {
  readonly #stream: Pick<WriteStream, 'isTTY' | 'write'>;
  #shown = '';

  constructor(stream: Pick<WriteStream, 'isTTY' | 'write'>) {
    this.#stream = stream;
  }

  /** @param share of the step, 0 to 1 */
  show(step: string, share: number): void {
    const text = share > 0 ? `${step}: ${Math.floor(share * 100)} %` : `${step} …`;
    if (!this.#stream.isTTY || text === this.#shown) return;
    this.#shown = text;
    this.#stream.write(CLEAR_LINE + text);
  }

  end(): void {
    if (this.#shown !== '') this.#stream.write(CLEAR_LINE);
    this.#shown = '';
  }
}
