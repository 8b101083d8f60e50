// One side of an HTTP duel: what came of all its turns with one number of connections.

import type { CpuTime } from './process-cpu.ts';
import { round } from './scenario.ts';

export interface Side {
  counted: number;
  elapsedMs: number;
  all: number;
  others: number;
  latencies: number[];
  cpu: CpuTime;
  generatorMicros: number;
}

export const newSide = (): Side => ({
  counted: 0,
  elapsedMs: 0,
  all: 0,
  others: 0,
  latencies: [],
  cpu: new Map(),
  generatorMicros: 0,
});

export const rate = ({ counted, elapsedMs }: Pick<Side, 'counted' | 'elapsedMs'>): number =>
  Math.round(counted / (elapsedMs / 1_000));

export function percentileMs({ latencies }: Side, part: number): number {
  const sorted = Uint32Array.from(latencies).sort();
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]! / 1_000);
}
