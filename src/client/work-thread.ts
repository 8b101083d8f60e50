// A thread of a page that works on one challenge, so that the page stays as quick as it is. Whoever started it ends it.

import { solve, type Challenge } from './work.ts';

/** The part of a worker's surroundings that this needs; a page's types know of none. */
interface Thread {
  addEventListener(type: 'message', listener: (message: { readonly data: Challenge }) => void): void;
  postMessage(message: unknown): void;
}

const thread = globalThis as unknown as Thread;

thread.addEventListener('message', ({ data }) => {
  const pace = { sliceMs: Infinity, msMax: Infinity, rest: async () => undefined };
  void solve(data, pace).then((solution) => thread.postMessage(solution));
});
