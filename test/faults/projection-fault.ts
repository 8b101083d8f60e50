// Preloaded into every thread of a node (NODE_OPTIONS=--import): a thread of the projection ends itself when it finds the
// file PROJECTION_FAULT, which it takes away first, so that its successor lives.

import { renameSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const LOOK_MS = 10;
const order = process.env['PROJECTION_FAULT'];
const isOfProjection = typeof workerData === 'object' && workerData !== null && 'connection' in workerData;

if (order !== undefined && isOfProjection) setInterval(follow, LOOK_MS, order).unref();

function follow(path: string): void {
  try {
    renameSync(path, `${path}.taken`);
  } catch {
    return;
  }
  process.exit(7);
}
