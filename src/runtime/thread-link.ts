// Questions and answers between the main thread and a worker thread: rare ones, about the node. Commands never go here.

import type { EventEmitter } from 'node:events';
import type { MessagePort, Transferable, Worker } from 'node:worker_threads';

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

export interface AskOptions {
  /** Without it the question waits as long as the other side lives. */
  readonly withinMs?: number;
  readonly transfer?: readonly Transferable[];
}

export class ThreadLink {
  readonly #post: (message: unknown, transfer?: readonly Transferable[]) => void;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #lastId = 0;
  #gone: Error | undefined;

  /** @param handlers what the other side may ask */
  constructor(other: Worker | MessagePort, handlers: Handlers) {
    const port = other as { postMessage(message: unknown, transfer?: readonly Transferable[]): void };
    this.#post = (message, transfer) => port.postMessage(message, transfer);
    (other as unknown as EventEmitter).on('message', (message: Question | Answer) => {
      if (message.kind === 'answer') this.#settle(message);
      else void this.#answer(message, handlers);
    });
  }

  /** @throws when the other side fails, is gone, or says nothing within the time */
  ask<T>(name: string, value?: unknown, { withinMs, transfer }: AskOptions = {}): Promise<T> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#post({ kind: 'question', id, name, value } satisfies Question, transfer);
    if (withinMs !== undefined) {
      const late = setTimeout(() => this.#giveUp(id, name, withinMs), withinMs);
      void promise.finally(() => clearTimeout(late)).catch(() => undefined);
    }
    return promise as Promise<T>;
  }

  /** The other side is gone. */
  fail(error: Error): void {
    this.#gone = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #giveUp(id: number, name: string, withinMs: number): void {
    this.#waiting.get(id)?.reject(new Error(`no answer to "${name}" within ${withinMs} ms`));
    this.#waiting.delete(id);
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
