// How a process stands, as the system tells it; needs Linux.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from './wait-until.ts';

const STOPPED = 'T';

/** Behind SIGSTOP: the signal takes a moment to stop all threads. */
export function whenAllThreadsStand(pid: number): Promise<true> {
  return waitUntil(`all threads of process ${pid} stand`, () =>
    threadStates(pid).every((state) => state === STOPPED),
  );
}

function threadStates(pid: number): string[] {
  const tasks = `/proc/${pid}/task`;
  // The name of a thread, in parentheses, comes before its state.
  return readdirSync(tasks).map(
    (task) => readFileSync(join(tasks, task, 'stat'), 'utf8').split(') ')[1]![0]!,
  );
}
