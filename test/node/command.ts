// The command line as its users run it: a process of its own, what it printed, and how it ended.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const BIN = fileURLToPath(new URL('../../bin/doorbuster.js', import.meta.url));
const SYSTEM_NODE = '/usr/bin/node';

/** The machine's own Node, which may be too old to run the engine by itself. */
export const MACHINE_NODE = existsSync(SYSTEM_NODE) ? SYSTEM_NODE : process.execPath;

/** Settings of whoever runs the tests must not leak into the command. */
const SETTINGS = [
  'PORT',
  'DATA_DIR',
  'ADMIN_TOKEN',
  'AUTH_SECRET',
  'DATABASE_URL',
  'NATS_URL',
  'NATS_PREFIX',
  'NATS_REPLICAS',
  'NATS_MONITOR_URLS',
  'NATS_INBOX_PREFIX',
  'NODE_ID',
  'ROLES',
  'LEASE_MS',
  'REDIS_URL',
  'SHARDS',
];

export function doorbuster(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = process.cwd(),
): Promise<Ended> {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !SETTINGS.includes(name)));
  const child = spawn(MACHINE_NODE, [BIN, ...args], {
    env: { ...own, ...env },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
