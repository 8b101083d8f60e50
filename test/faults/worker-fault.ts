// Preloaded into every thread of a node (NODE_OPTIONS=--import): a worker thread does to itself what it finds in a file named
// by its number in the folder WORKER_FAULTS. The file is taken away first, so that the thread's successor lives. What it finds
// under `.first` it does before it loads anything else.

import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';

const LOOK_MS = 10;
const folder = process.env['WORKER_FAULTS'];
const worker = (workerData as { worker?: number } | null)?.worker;

if (folder !== undefined && worker !== undefined) {
  const order = join(folder, `${worker}`);
  follow(`${order}.first`);
  setInterval(() => follow(order), LOOK_MS).unref();
}

function follow(order: string): void {
  if (!existsSync(order)) return;
  const fault = readFileSync(order, 'utf8');
  renameSync(order, `${order}.taken`);
  if (fault === 'exit') process.exit(7);
  if (fault === 'throw') throw new Error('thrown by the test');
  if (fault === 'spin') spin();
  // It hangs just as well, and leaves the processor to the others.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** By itself, so that a profile shows who called it. */
function spin(): never {
  for (;;);
}
