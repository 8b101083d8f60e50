// The proof of work of shoppers and bots, on a thread of its own: a shopper's phone does not slow down the others.

import { Worker } from 'node:worker_threads';
import type { Challenge, Solution } from 'altcha-lib';

export type { Challenge } from 'altcha-lib';

export type WorkDone =
  | { readonly number: number; readonly solution: Solution }
  | { readonly number: number; readonly error: string };

interface Waiting {
  readonly resolve: (solution: Solution) => void;
  readonly reject: (error: Error) => void;
}

let worker: Worker | undefined;
let count = 0;
const waiting = new Map<number, Waiting>();

/** As a client sends it back: base64 of the challenge and its solution. @throws when it has no solution in time */
export async function solve(challenge: Challenge): Promise<string> {
  worker ??= start();
  const number = ++count;
  const solution = await new Promise<Solution>((resolve, reject) => {
    waiting.set(number, { resolve, reject });
    worker!.ref();
    worker!.postMessage({ number, challenge });
  });
  return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
}

function start(): Worker {
  const worker = new Worker(new URL('work-thread.ts', import.meta.url));
  worker.on('message', (done: WorkDone) => {
    const { resolve, reject } = waiting.get(done.number)!;
    waiting.delete(done.number);
    // It ends with the process, and without work keeps none alive.
    if (waiting.size === 0) worker.unref();
    if ('error' in done) reject(new Error(done.error));
    else resolve(done.solution);
  });
  return worker;
}
