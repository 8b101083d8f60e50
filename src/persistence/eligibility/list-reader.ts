// One file of customers, read in a thread of its own: the caller's thread hands pieces on and gets sorted keys back, part by part,
// and does nothing with any line. Whoever opens a reader ends it.

import { Worker } from 'node:worker_threads';
import { threadFile } from '../../runtime/index.ts';
import { LIST_LIMITS } from './list-limits.ts';
import type { ReaderWish, ReaderWord } from './list-reader-thread.ts';

/** A larger piece is handed on in several. */
const PIECE_BYTES_MAX = 256 * 1024;
const HEAP_MEBIBYTES_MAX = 128;

export type ListRead = Extract<ReaderWord, { kind: 'read' }>;

/** The file is larger than a list may be. */
export class ListTooLarge extends Error {
  override readonly name = 'ListTooLarge';
}

export class ListReader {
  readonly #worker: Worker;
  #inFlight = 0;
  #bytes = 0;
  #isTooMany = false;
  /** What it said and nobody has asked for yet. */
  readonly #words: Exclude<ReaderWord, { kind: 'taken' | 'too_many' }>[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor() {
    this.#worker = new Worker(threadFile('./list-reader-thread', import.meta.url), {
      name: 'customer-list',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES_MAX },
    });
    const fail = (error: Error): void => {
      this.#failure ??= error;
      this.#wake();
    };
    this.#worker.once('error', fail);
    this.#worker.once('exit', () => fail(new Error('the thread that reads a list of customers has ended')));
    this.#worker.on('message', (word: ReaderWord) => {
      if (word.kind === 'read' || word.kind === 'part') this.#words.push(word);
      else this.#inFlight--;
      this.#isTooMany ||= word.kind === 'too_many';
      this.#wake();
    });
  }

  /** All of it. @throws ListTooLarge @throws what the source throws, such as when it was cut off */
  async read(source: AsyncIterable<Uint8Array>): Promise<ListRead> {
    const { bytesMax, piecesInFlightMax } = LIST_LIMITS;
    for await (const some of source) {
      this.#bytes += some.byteLength;
      if (this.#bytes > bytesMax)
        throw new ListTooLarge(
          `The file has more than ${bytesMax / 1024 / 1024} MiB, and a list may have no more.`,
        );
      for (let at = 0; at < some.byteLength; at += PIECE_BYTES_MAX) {
        await this.#until(() => this.#inFlight < piecesInFlightMax || undefined);
        // A copy, whose memory can go to the thread: the source's may be shared with others.
        const bytes = new Uint8Array(some.subarray(at, at + PIECE_BYTES_MAX));
        this.#inFlight++;
        this.#ask({ kind: 'piece', bytes }, [bytes.buffer]);
      }
    }
    this.#ask({ kind: 'end' });
    const word = await this.#until(() => this.#words.shift());
    if (word.kind !== 'read') throw new Error(`the end of a list was answered with ${word.kind}`);
    return word;
  }

  /** The keys in order, a part after the other, each made when it is asked for. */
  async *parts(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let number = 0; ; number++) {
      this.#ask({ kind: 'part', number });
      const word = await this.#until(() => this.#words.shift());
      if (word.kind !== 'part') throw new Error(`a part of a list was answered with ${word.kind}`);
      if (word.keys === undefined) return;
      yield word.keys;
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(wish: ReaderWish, moved: ArrayBuffer[] = []): void {
    this.#worker.postMessage(wish, moved);
  }

  /** Waits until there is such a thing. @throws ListTooLarge, or why the thread has ended */
  async #until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isTooMany) throw tooMany();
      const found = look();
      if (found !== undefined) return found;
      // oxlint-disable-next-line no-await-in-loop -- until the thread says more
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

const tooMany = (): ListTooLarge =>
  new ListTooLarge(
    `The file has more than ${LIST_LIMITS.customersMax.toLocaleString('en-US')} customers, and a list may have no more.`,
  );
