// CPU time of a process and of its threads, as Linux counts it. On a noisy machine it is steadier than any rate.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds by the thread's name; threads of one name are added up. */
export type CpuTime = ReadonlyMap<string, number>;

/** utime and stime are the 14th and 15th field; the name before them may hold spaces and brackets. */
const FIELDS_BEFORE_TIMES = 11;

let microsPerTick: number | undefined;

/** @returns an empty map where there is no /proc */
export function cpuTimeOf(pid: number): CpuTime {
  const times = new Map<string, number>();
  if (process.platform !== 'linux') return times;
  microsPerTick ??= 1_000_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[FIELDS_BEFORE_TIMES]) + Number(fields[FIELDS_BEFORE_TIMES + 1]);
    times.set(name, (times.get(name) ?? 0) + ticks * microsPerTick);
  }
  return times;
}

/** Of this very process, finer than the ticks that others show of theirs. @returns microseconds */
export function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

export function since(before: CpuTime, now: CpuTime): CpuTime {
  return new Map([...now].map(([name, micros]) => [name, micros - (before.get(name) ?? 0)]));
}

export function plus(one: CpuTime, other: CpuTime): CpuTime {
  const sum = new Map(one);
  for (const [name, micros] of other) sum.set(name, (sum.get(name) ?? 0) + micros);
  return sum;
}

export const total = (times: CpuTime): number => [...times.values()].reduce((sum, micros) => sum + micros, 0);
