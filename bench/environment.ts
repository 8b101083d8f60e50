// What every figure must be read with: the machine, the versions, and how durable an answer was.

import { cpus, totalmem } from 'node:os';

export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
}

export function environment(): Environment {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
}

/** An answer leaves after SQLite's fsync (WAL, synchronous=FULL). */
export const EMBEDDED_MODE = 'embedded: fsync before each answer';
