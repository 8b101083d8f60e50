// The demo's sandbox on a thread of its own: each payment waits for the disk, and the node's main thread must not.

import { parentPort, workerData } from 'node:worker_threads';
import { Sandbox } from './payments/sandbox/sandbox.ts';
import type { WebhookTarget } from './payments/index.ts';
import { systemClock, systemRandom, systemTimers } from './runtime/system.ts';

export interface SandboxThreadData {
  readonly path: string;
  readonly secret: string;
  readonly laterMs: number;
}

const sandbox = await Sandbox.open({
  ...(workerData as SandboxThreadData),
  host: '127.0.0.1',
  port: 0,
  webhooks: undefined,
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
});
parentPort!.on('message', (target: WebhookTarget) => sandbox.aim(target));
parentPort!.postMessage(sandbox.url);
