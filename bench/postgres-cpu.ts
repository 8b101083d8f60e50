// The CPU time of a Postgres server on this machine: its processes, as it names them itself. The embedded one is a thread of the
// process that counts anyway.

import { readFileSync } from 'node:fs';
import type { Pool } from 'pg';
import { cpuTimeOf, total } from './process-cpu.ts';

/** @returns microseconds of those that live now; 0 of a server elsewhere */
export async function postgresCpuMicros(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  return rows.filter(isPostgres).reduce((sum, { pid }) => sum + total(cpuTimeOf(pid)), 0);
}

function isPostgres({ pid }: { readonly pid: number }): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres');
  } catch {
    return false;
  }
}
