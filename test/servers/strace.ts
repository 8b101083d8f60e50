// strace, which records what a process does to its files, and lets its calls fail.

import { spawnSync } from 'node:child_process';
import { installPackage } from './package.ts';

/** Installed when it is missing and that is possible. */
export function assertStrace(): void {
  if (!isThere())
    installPackage('strace', 'The tests of crashes and of failing disks need strace, and so Linux.');
  const { status, stderr } = spawnSync('strace', ['-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`strace is there, but may not trace a process here: ${stderr}`);
}

const isThere = (): boolean => spawnSync('strace', ['-V']).status === 0;
