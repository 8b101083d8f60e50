// The thread that owns the journal's file. Ended by `stop`; its death ends the process.

import { parentPort, workerData } from 'node:worker_threads';
import { CommitMeter } from '../commit-meter.ts';
import { FileGuard } from './file-guard.ts';
import { GroupCommit } from './group-commit.ts';
import { markPathOf } from './head-mark.ts';
import type { JournalThreadData, JournalThreadMessage, JournalThreadReport } from './protocol.ts';
import { SqliteStore } from './store.ts';

const GUARD_PERIOD_MS = 1_000;

const { path, guarded, committed, ...options } = workerData as JournalThreadData;
const report = (message: JournalThreadReport): void => parentPort!.postMessage(message);
const store = open();
const guard = new FileGuard([path, `${path}-wal`, markPathOf(path), ...guarded]);
const journal = store && new GroupCommit(store, guard, new CommitMeter(committed));
// Throws out of the thread, which ends the process.
setInterval(() => guard.check(), GUARD_PERIOD_MS).unref();

parentPort!.on('message', (message: JournalThreadMessage) => {
  switch (message.kind) {
    case 'connect':
      journal?.connect(message.port);
      break;
    case 'floor':
      journal?.saveFloor(message.name, message.floor);
      break;
    case 'refuse':
      store?.refuse(message.reasons, message.above);
      report({ kind: 'refused' });
      break;
    case 'stop':
      journal?.close();
      report({ kind: 'stopped' });
  }
});
if (store !== undefined) report({ kind: 'ready', extent: store.extent });

function open(): SqliteStore | undefined {
  try {
    return new SqliteStore(path, options);
  } catch (error) {
    report({ kind: 'mismatch', reason: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}
