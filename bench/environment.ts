// What every figure must be read with: the machine, the versions, and how durable an answer was.

import { cpus, release, totalmem } from 'node:os';

export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly sqlite: string;
}

export function environment(): Environment {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    sqlite: process.versions['sqlite'] ?? 'unknown',
  };
}

/** An answer leaves after SQLite's fsync (WAL, synchronous=FULL). */
export const EMBEDDED_MODE = 'embedded: fsync before each answer';

/** Whatever the number of servers, none of them answers before it has synced; a majority has to. */
export const JETSTREAM_MODE =
  'jetstream: sync_interval always, one copy (R1) and three (R3), all servers on this machine, beside the embedded journal';

export const HANDOVER_CLUSTER_MODE =
  'jetstream: sync_interval always, three servers and three copies, two nodes, all on this machine';

export const BULK_CLUSTER_MODE =
  'jetstream: sync_interval always, one server and one copy, one node, all on this machine';
