// The nats-server that tests run: the one on the PATH when it is new enough, otherwise the one of Debian's unstable
// distribution, which apt fetches and whose signature apt checks. It is unpacked into a folder of its own beside the user's
// other caches, and nothing is installed: neither the package nor its distribution becomes part of the machine.

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Three servers keep the journal's fence from 2.9.21 on, and their promises since this one. */
const MAJOR = 2;
const MINOR_MIN = 12;
const NEEDED = `These tests need nats-server ${MAJOR}.${MINOR_MIN} or later`;
const ON_PATH = 'nats-server';
const KEYRINGS = ['gpg', 'pgp'].map((ending) => `/usr/share/keyrings/debian-archive-keyring.${ending}`);

/** Path, or name on the PATH. @throws with what to install */
export function natsBinary(): string {
  if (isNewEnough(ON_PATH)) return ON_PATH;
  const unpacked = join(cacheFolder(), 'nats-server', 'usr', 'sbin', 'nats-server');
  if (!isNewEnough(unpacked)) unpackFromDebian(join(cacheFolder(), 'nats-server'));
  if (isNewEnough(unpacked)) return unpacked;
  throw new Error(`${NEEDED}; Debian's unstable distribution has none.`);
}

function isNewEnough(binary: string): boolean {
  const { stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  const [, major, minor] = /v(\d+)\.(\d+)\.\d+/.exec(stdout ?? '') ?? [];
  return Number(major) > MAJOR || (Number(major) === MAJOR && Number(minor) >= MINOR_MIN);
}

function cacheFolder(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'doorbuster');
  mkdirSync(folder, { recursive: true });
  return folder;
}

function unpackFromDebian(target: string): void {
  const tools = ['apt-get', 'dpkg-deb'].every((name) => spawnSync(name, ['--version']).status === 0);
  const keyring = KEYRINGS.find((path) => existsSync(path));
  const isRoot = process.getuid?.() === 0;
  const mirror = tools && isRoot && keyring !== undefined ? debianMirror() : undefined;
  if (mirror === undefined) {
    throw new Error(
      `${NEEDED} on the PATH: see https://docs.nats.io/running-a-nats-service/introduction/installation. ` +
        'As root on Debian they fetch it themselves.',
    );
  }
  process.stderr.write(`Unpacking Debian's nats-server into ${target} for the tests; it is not installed\n`);
  const folder = mkdtempSync(join(cacheFolder(), 'fetching-'));
  try {
    fetchPackage(folder, `deb [signed-by=${keyring}] ${mirror} sid main`);
    const [package_] = globSync(join(folder, '*.deb'));
    run('dpkg-deb', ['-x', package_!, join(folder, 'unpacked')], folder);
    rmSync(target, { recursive: true, force: true });
    renameSync(join(folder, 'unpacked'), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The mirror that this machine's own sources name, so that none is chosen for it. */
function debianMirror(): string | undefined {
  const find = (): string | undefined => {
    const format = '$(CREATED_BY)|$(ORIGIN)|$(RELEASE)|$(REPO_URI)';
    const { stdout } = spawnSync('apt-get', ['indextargets', '--format', format], { encoding: 'utf8' });
    const targets = (stdout ?? '').split('\n').map((line) => line.split('|'));
    const isMain = ([by, origin, release]: string[]): boolean =>
      by === 'Packages' && origin === 'Debian' && !release!.includes('security');
    return targets.find(isMain)?.[3];
  };
  const known = find();
  if (known !== undefined) return known;
  // An image without package lists does not know yet whose its sources are.
  spawnSync('apt-get', ['update']);
  return find();
}

/** With lists, state and cache of its own: what the machine knows of packages stays as it is. */
function fetchPackage(folder: string, source: string): void {
  writeFileSync(join(folder, 'sources.list'), `${source}\n`);
  mkdirSync(join(folder, 'state', 'lists', 'partial'), { recursive: true });
  mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  const settings = [
    `Dir::Etc::sourcelist=${join(folder, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    // Installed preferences could hold a newer distribution back.
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    `Dir::State=${join(folder, 'state')}`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${join(folder, 'cache')}`,
    'Acquire::Languages=none',
    'Acquire::AllowInsecureRepositories=false',
    'APT::Get::AllowUnauthenticated=false',
    // The folder may belong to root alone, where apt's own user cannot write.
    'APT::Sandbox::User=root',
  ].flatMap((setting) => ['-o', setting]);
  run('apt-get', [...settings, 'update', '--error-on=any'], folder);
  run('apt-get', [...settings, 'download', 'nats-server'], folder);
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`${NEEDED}, and ${command} could not bring it: ${stderr || String(error)}`);
}
