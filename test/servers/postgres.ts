// The real Postgres for tests: a server of its own, on a free loopback port, in a temporary folder, with the configuration that
// is shipped (deploy/postgres), and fsync on as there. Postgres refuses to run as root, so there it runs as the user that its package made.
//
// Whoever starts it stops it; should the process end before, the server ends with it. The folder goes with the server.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client } from 'pg';
import { freePort } from './free-port.ts';
import { installPackage } from './package.ts';
import { readableShippedFile } from './shipped-file.ts';

export interface PostgresServer {
  readonly connection: { host: string; port: number; database: string; user: string };
  /** An orderly end; the data stays until `stop`. */
  halt(): Promise<void>;
  /** SIGKILL, as when the machine dies. */
  kill(): Promise<void>;
  /** Starts again on the same port with the same data. */
  restart(): Promise<void>;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

const START_MS_MAX = 60_000;
/** A variable of the environment, since benchmarks and clusters that tests start are processes of their own. */
const POSTGRES_DATA_TEMPLATE = 'TEST_POSTGRES_DATA_TEMPLATE';
const PACKAGES_ROOT = '/usr/lib/postgresql';

/** @param settings beside those that are shipped */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const binaries = postgresBinaries();
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-pg-'));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    makeData(data, user);
  } catch (error) {
    removeFolder();
    throw error;
  }

  const configuration = readableShippedFile('postgres/postgresql.conf', folder);
  const port = await freePort();
  const connection = { host: '127.0.0.1', port, database: 'postgres', user: 'postgres' };
  let server: ChildProcess | undefined;
  let output = '';
  const endWithProcess = (): void => {
    server?.kill('SIGKILL');
    removeFolder();
  };
  process.once('exit', endWithProcess);

  const start = async (): Promise<void> => {
    // Many of them run at once, so each has less memory than what is shipped.
    const all = { listen_addresses: '127.0.0.1', shared_buffers: '64MB', ...settings };
    const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(
      join(binaries, 'postgres'),
      ['-D', data, '-c', `config_file=${configuration}`, '-p', String(port), '-k', folder, ...options],
      { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    server = child;
    child.stderr.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-4_000)));
    const deadline = Date.now() + START_MS_MAX;
    while (!(await answers(connection))) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`Postgres does not start: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const child = server;
    server = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await exited;
  };

  await start();
  return {
    connection,
    halt: () => end('SIGINT'), // a fast shutdown: clients are cut off, the data is checkpointed
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGINT');
      await start();
    },
    stop: async () => {
      await end('SIGINT');
      process.removeListener('exit', endWithProcess);
      removeFolder();
    },
  };
}

type User = ReturnType<typeof unprivilegedUser> | undefined;

/** What `initdb` leaves, copied where it was made before: that takes a fifth of the time. */
function makeData(data: string, user: User): void {
  const template = process.env[POSTGRES_DATA_TEMPLATE];
  if (template === undefined) initdb(data, user);
  else run('cp', ['-R', '-p', template, data], user);
}

function initdb(data: string, user: User): void {
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'];
  run(join(postgresBinaries(), 'initdb'), args, user);
}

function run(command: string, args: readonly string[], user: User): void {
  const { status, stderr, error } = spawnSync(command, args, { ...user, cwd: tmpdir(), encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${stderr || String(error)}`);
}

/** For all servers that this process and its children start from now on. @returns what removes it */
export function makePostgresDataTemplate(): () => void {
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-template-pg-'));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  initdb(data, user);
  process.env[POSTGRES_DATA_TEMPLATE] = data;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** The folder of the server's binaries, installed when they are missing and that is possible. */
export const postgresBinaries = (): string => findBinaries() ?? installBinaries();

/** The folder of the newest server's binaries. */
function findBinaries(): string | undefined {
  const versions = existsSync(PACKAGES_ROOT) ? readdirSync(PACKAGES_ROOT) : [];
  const packaged = versions
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(PACKAGES_ROOT, version, 'bin'));
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  return [...packaged, ...onPath].find((folder) =>
    ['postgres', 'initdb'].every((name) => existsSync(join(folder, name))),
  );
}

function installBinaries(): string {
  const toWhere = `its initdb and postgres must be on the PATH or in ${PACKAGES_ROOT}/*/bin`;
  installPackage('postgresql', `These tests need a Postgres server (${toWhere}).`);
  stopPackagedClusters();
  const binaries = findBinaries();
  if (binaries === undefined) throw new Error('The package "postgresql" is installed, but brought no server');
  return binaries;
}

/** The package makes a cluster and may have started it on port 5432. Before the package there was none, so all are its own. */
function stopPackagedClusters(): void {
  const { stdout } = spawnSync('pg_lsclusters', ['--no-header'], { encoding: 'utf8' });
  for (const line of (stdout ?? '').split('\n')) {
    const [version, name, , status] = line.split(/\s+/);
    if (version && name && status?.startsWith('online')) spawnSync('pg_ctlcluster', [version, name, 'stop']);
  }
}

/** Whom the server's package made to run it. */
export function unprivilegedUser(): { uid: number; gid: number } {
  const id = (flag: string): number => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' });
    if (status !== 0)
      throw new Error('Postgres does not run as root, and there is no user "postgres" to run it as');
    return Number(stdout);
  };
  return { uid: id('-u'), gid: id('-g') };
}

async function answers(connection: PostgresServer['connection']): Promise<boolean> {
  const client = new Client({ ...connection, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
