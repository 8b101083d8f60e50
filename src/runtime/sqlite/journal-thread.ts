// The thread that owns the journal's file. It commits what all shards sent in one tick as one transaction: while the
// disk works, the next group gathers in the ports. Ended by `stop`; its death ends the process.

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { Sequence } from '../ports.ts';
import { FileGuard } from './file-guard.ts';
import type {
  AppendRequest,
  JournalThreadData,
  JournalThreadMessage,
  JournalThreadReport,
  Request,
  Response,
} from './protocol.ts';
import { SqliteStore } from './store.ts';

/** One transaction stays small enough for the next group to see the disk soon. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;

interface Waiting {
  readonly port: MessagePort;
  readonly append: AppendRequest;
}

const GUARD_PERIOD_MS = 1_000;

const { path, guarded, shards, bytesMax, commits } = workerData as JournalThreadData;
const commitCount = new Int32Array(commits);
const report = (message: JournalThreadReport): void => parentPort!.postMessage(message);
const store = open();
const guard = new FileGuard([path, `${path}-wal`, ...guarded]);
// Throws out of the thread, which ends the process.
setInterval(() => guard.check(), GUARD_PERIOD_MS).unref();
let waiting: Waiting[] = [];
let commitScheduled = false;
/** Saved with the next commit: a feed's floor may be old after a crash, since its records are only given out again. */
const floors = new Map<string, Sequence>();

parentPort!.on('message', (message: JournalThreadMessage) => {
  switch (message.kind) {
    case 'connect':
      message.port.on('message', (requests: readonly Request[]) => take(message.port, requests));
      break;
    case 'floor':
      floors.set(message.name, message.floor);
      break;
    case 'stop':
      do commitGroup();
      while (waiting.length > 0);
      store?.close();
      report({ kind: 'stopped' });
  }
});
if (store !== undefined) report({ kind: 'ready' });

function open(): SqliteStore | undefined {
  try {
    return new SqliteStore(path, { shards, bytesMax });
  } catch (error) {
    report({ kind: 'refused', reason: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

function take(port: MessagePort, requests: readonly Request[]): void {
  const answers: Response[] = [];
  for (const request of requests) {
    if (request.kind === 'append') waiting.push({ port, append: request });
    else answers.push(read(request));
  }
  if (answers.length > 0) port.postMessage(answers);
  scheduleCommit();
}

function read(request: Exclude<Request, AppendRequest>): Response {
  const { id, shard } = request;
  try {
    const head = store!.headOf(shard);
    const [from, to] = request.kind === 'head' ? [head, head] : [request.from, request.to];
    return { id, records: store!.read(shard, from, to) };
  } catch (error) {
    return { id, failure: error instanceof Error ? error.message : String(error) };
  }
}

function scheduleCommit(): void {
  if (commitScheduled || waiting.length === 0) return;
  commitScheduled = true;
  setImmediate(() => {
    commitScheduled = false;
    commitGroup();
    scheduleCommit();
  });
}

function commitGroup(): void {
  guard.check();
  let bytes = 0;
  let count = 0;
  while (count < waiting.length && bytes < GROUP_BYTES_MAX) bytes += waiting[count++]!.append.bytes.length;
  const group = waiting.slice(0, count);
  waiting = waiting.slice(count);
  const results = store!.commit(
    group.map(({ append }) => append),
    floors,
  );
  floors.clear();
  const answers = new Map<MessagePort, Response[]>();
  group.forEach(({ port, append: { id } }, at) => {
    const ofPort = answers.get(port) ?? [];
    ofPort.push({ id, result: results[at]! });
    answers.set(port, ofPort);
  });
  for (const [port, responses] of answers) port.postMessage(responses);
  Atomics.add(commitCount, 0, 1);
  Atomics.notify(commitCount, 0);
}
