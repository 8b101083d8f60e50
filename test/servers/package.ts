// A program that tests run and that npm does not bring: installed where that is possible, otherwise asked for by name.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** @param why the tests need it @throws where this process may not install packages */
export function installPackage(name: string, why: string): void {
  const isDebian = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
  if (!isDebian || process.getuid?.() !== 0) {
    throw new Error(`${why} Install the package "${name}" and run them again.`);
  }
  process.stderr.write(`Installing the package "${name}" for the tests\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', name]]) {
    const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`apt-get ${args.join(' ')} failed: ${stderr}`);
  }
}
