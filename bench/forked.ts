// A process of the benchmark's own that talks over a channel: one message for each that it is sent. Ended by `stop`.

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export class Forked {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  /** @param file beside this one */
  constructor(file: string, args: readonly string[] = []) {
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { serialization: 'advanced' });
    this.#ended = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  ask<T>(message: object): Promise<T> {
    const answer = this.next<T>();
    this.#child.send(message);
    return answer;
  }

  next<T>(): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const onExit = (code: number | null): void =>
      reject(new Error(`a benchmark’s process ended with code ${code}`));
    this.#child.once('exit', onExit);
    this.#child.once('message', (message) => {
      this.#child.off('exit', onExit);
      resolve(message as T);
    });
    return promise;
  }

  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }
}
