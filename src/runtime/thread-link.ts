// Questions and answers between the main thread and a worker thread: rare ones, about the node. Commands never go here.

import type { EventEmitter } from 'node:events';
import type { MessagePort, Worker } from 'node:worker_threads';

interface Question {
  readonly kind: 'question';
  readonly id: number;
  readonly name: string;
  readonly value: unknown;
}

interface Answer {
  readonly kind: 'answer';
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: string;
}

export type Handlers = Readonly<Record<string, (value: never) => unknown>>;

export class ThreadLink {
  readonly #post: (message: unknown) => void;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #lastId = 0;

  /** @param handlers what the other side may ask */
  constructor(other: Worker | MessagePort, handlers: Handlers) {
    const port = other as { postMessage(message: unknown): void };
    this.#post = (message) => port.postMessage(message);
    (other as unknown as EventEmitter).on('message', (message: Question | Answer) => {
      if (message.kind === 'answer') this.#settle(message);
      else void this.#answer(message, handlers);
    });
  }

  ask<T>(name: string, value?: unknown): Promise<T> {
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#post({ kind: 'question', id, name, value } satisfies Question);
    });
  }

  /** The other side is gone. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async #answer({ id, name, value }: Question, handlers: Handlers): Promise<void> {
    let answer: Answer;
    try {
      answer = { kind: 'answer', id, value: await handlers[name]!(value as never) };
    } catch (error) {
      answer = { kind: 'answer', id, failure: error instanceof Error ? error.message : String(error) };
    }
    this.#post(answer);
  }

  #settle({ id, value, failure }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(failure));
  }
}
