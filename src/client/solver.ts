// Where a proof of work is done: on a thread of its own where a page may have one, else here, in slices so short that
// nobody notices. A page of another origin than the shop's gets no thread from it, and neither does Node.

import { solve, type Challenge, type Solution } from './work.ts';

/** Of a page's time between two pictures. */
const SLICE_MS = 8;
/** Whatever takes longer is not worth the shopper's battery: waiting is open to them, too. */
export const WORK_MS_MAX = 60_000;

/** The few parts of a browser's thread that Node may lack. */
interface Thread {
  addEventListener(
    type: 'message' | 'error',
    listener: (event: { readonly data?: Solution | undefined }) => void,
  ): void;
  postMessage(message: unknown): void;
  terminate(): void;
}
type ThreadMaker = new (address: URL, options: { readonly type: 'module' }) => Thread;

/** @returns undefined when it could not be solved in time */
export async function solveBeside(challenge: Challenge): Promise<Solution | undefined> {
  const thread = openThread();
  if (thread === undefined) return solveHere(challenge);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => resolve(undefined), WORK_MS_MAX);
      thread.addEventListener('message', ({ data }) => resolve(data));
      thread.addEventListener('error', reject);
      thread.postMessage(challenge);
    });
  } catch {
    // The thread could not be loaded.
    return solveHere(challenge);
  } finally {
    clearTimeout(timer);
    thread.terminate();
  }
}

function solveHere(challenge: Challenge): Promise<Solution | undefined> {
  const rest = () => new Promise<void>((resolve) => setTimeout(resolve));
  return solve(challenge, { sliceMs: SLICE_MS, msMax: WORK_MS_MAX, rest });
}

function openThread(): Thread | undefined {
  const { Worker } = globalThis as unknown as { readonly Worker?: ThreadMaker };
  if (Worker === undefined) return undefined;
  try {
    return new Worker(new URL('./work-thread.js', import.meta.url), { type: 'module' });
  } catch {
    return undefined;
  }
}
