// How far a long command is: one line that is written over, on a terminal. Elsewhere nothing, or a line now and then.

import type { WriteStream } from 'node:tty';

const CLEAR_LINE = '\r\x1b[K';

export class Progress {
  readonly #stream: Pick<WriteStream, 'isTTY' | 'write'>;
  readonly #lineEveryMs: number;
  #shown = '';
  #lineAt = performance.now();

  /** @param lineEveryMs where there is no terminal; a command that takes less time shows nothing there */
  constructor(stream: Pick<WriteStream, 'isTTY' | 'write'>, lineEveryMs = Infinity) {
    this.#stream = stream;
    this.#lineEveryMs = lineEveryMs;
  }

  /** @param share of the step, 0 to 1 */
  show(step: string, share: number): void {
    const text = share > 0 ? `${step}: ${Math.floor(share * 100)} %` : `${step} …`;
    if (text === this.#shown) return;
    if (this.#stream.isTTY) this.#stream.write(CLEAR_LINE + text);
    else if (performance.now() - this.#lineAt >= this.#lineEveryMs) {
      this.#lineAt = performance.now();
      this.#stream.write(`${text}\n`);
    } else return;
    this.#shown = text;
  }

  end(): void {
    if (this.#shown !== '' && this.#stream.isTTY) this.#stream.write(CLEAR_LINE);
    this.#shown = '';
  }
}
