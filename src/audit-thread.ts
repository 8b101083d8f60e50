// Runs one audit on a thread of its own, since it reads everything and must not hold anybody up.

import { parentPort, workerData } from 'node:worker_threads';
import { audit, type AuditRequest } from './audit.ts';

parentPort!.postMessage(await audit(workerData as AuditRequest));
