// docker-compose.yml, started without Docker: each service's own command, with its own environment, files and health check, in
// the order that its dependencies ask for. Where containers have names and addresses of their own, services have addresses of the
// loopback (all of 127.0.0.0/8 is this machine), so that ports stay as they are. What an image does before its command is done
// here for Postgres: making the data folder and running the scripts.
//
// Whoever starts it stops it.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { waitUntil } from '../harness/wait-until.ts';
import { natsBinary } from '../servers/nats-binary.ts';
import { postgresBinaries, unprivilegedUser } from '../servers/postgres.ts';
import { commandOfImage } from './image.ts';
import { ROOT, type ComposeFile, type Service } from './compose-file.ts';

const HEALTHY_MS_MAX = 110_000;
const CHECK_INTERVAL_MS = 400;

export class Stack {
  readonly #compose: ComposeFile;
  readonly #folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-stack-'));
  readonly #network = `127.${randomInt(1, 255)}.${randomInt(0, 255)}`;
  readonly #running = new Map<string, Promise<RunningService>>();
  /** Several wait for one service, and its check is asked once for all of them. */
  readonly #healthy = new Map<RunningService, Promise<void>>();
  readonly #children: RunningService[] = [];
  readonly #endWithProcess = (): void => {
    for (const { child } of this.#children) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  };

  constructor(compose: ComposeFile) {
    this.#compose = compose;
    // The Postgres of this machine runs as another user.
    chmodSync(this.#folder, 0o755);
    process.once('exit', this.#endWithProcess);
  }

  /** Everything, as `docker compose up --wait` does. @throws with what a service printed */
  async up(): Promise<void> {
    await Promise.all(
      Object.entries(this.#compose.services).map(async ([name, { healthcheck }]) => {
        const service = await this.start(name);
        await (healthcheck?.disable ? this.#whenCompleted(service) : this.#whenHealthy(service));
      }),
    );
  }

  /** When what it waits for is as it should be. */
  start(name: string): Promise<RunningService> {
    const known = this.#running.get(name);
    if (known !== undefined) return known;
    const started = this.#whenReady(name).then(() => this.#launch(name));
    this.#running.set(name, started);
    return started;
  }

  addressOf(name: string): string {
    const at = Object.keys(this.#compose.services).indexOf(name);
    if (at < 0) throw new Error(`there is no service ${name}`);
    return `${this.#network}.${10 + at}`;
  }

  /** By its own health check. */
  isHealthy(service: RunningService): Promise<boolean> {
    const [kind, ...command] = this.#compose.services[service.name]!.healthcheck!.test!;
    return service.check(kind === 'CMD-SHELL' ? ['sh', '-c', ...command] : command);
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#running.values());
    await Promise.all(this.#children.map((service) => service.end('SIGKILL')));
    process.removeListener('exit', this.#endWithProcess);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #whenReady(name: string): Promise<void> {
    const { depends_on: waited = {} } = this.#compose.services[name]!;
    await Promise.all(
      Object.entries(waited).map(async ([other, { condition }]) => {
        const service = await this.start(other);
        if (condition === 'service_healthy') await this.#whenHealthy(service);
        if (condition === 'service_completed_successfully') await this.#whenCompleted(service);
      }),
    );
  }

  #whenHealthy(service: RunningService): Promise<void> {
    const known = this.#healthy.get(service) ?? this.#untilHealthy(service);
    this.#healthy.set(service, known);
    return known;
  }

  async #untilHealthy(service: RunningService): Promise<void> {
    const isOver = async (): Promise<boolean> => {
      if (service.hasEnded || ((await this.#mayBeWell(service)) && (await this.isHealthy(service))))
        return true;
      // Most checks are processes of their own, which would take the CPU that the service needs to begin.
      await new Promise((resolve) => setTimeout(resolve, CHECK_INTERVAL_MS));
      return false;
    };
    await waitUntil(`${service.name} is healthy`, isOver, () => service.output, HEALTHY_MS_MAX);
    if (service.hasEnded) throw new Error(`${service.name} ended: ${service.output}`);
  }

  /** The check of a node is a Node of its own: none begins before there is something to find. */
  async #mayBeWell({ name }: RunningService): Promise<boolean> {
    if (!this.#compose.services[name]!.image.startsWith('doorbuster:')) return true;
    const answer = await fetch(`http://${this.addressOf(name)}:3000/readyz`).catch(() => undefined);
    return answer?.ok ?? false;
  }

  async #whenCompleted(service: RunningService): Promise<void> {
    const code = await service.ended;
    if (code !== 0) throw new Error(`${service.name} ended with ${code}: ${service.output}`);
  }

  async #launch(name: string): Promise<RunningService> {
    const service = this.#compose.services[name]!;
    const place = new Place(service, join(this.#folder, name), this.addressOf(name), (text) =>
      this.#named(text),
    );
    const running = await launch(name, service, place);
    this.#children.push(running);
    return running;
  }

  /** Names of services stand before a port, or are announced. */
  #named(text: string): string {
    const names = Object.keys(this.#compose.services).join('|');
    const before = new RegExp(`(?<![\\w-])(${names})(?=[: ]\\d)|(?<=announce-ip )(${names})$`, 'g');
    return text.replaceAll(before, (name) => this.addressOf(name));
  }
}

/** Where a service is on this machine: its address, and its folders. */
class Place {
  readonly folder: string;
  readonly address: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly #named: (text: string) => string;
  readonly #paths: readonly (readonly [inside: string, outside: string])[];

  constructor(service: Service, folder: string, address: string, named: (text: string) => string) {
    mkdirSync(folder);
    this.folder = folder;
    this.address = address;
    this.#named = named;
    const mounts = (service.volumes ?? []).map((volume): [string, string] => {
      const [source = '', target = ''] = volume.split(':');
      return [target, source.startsWith('./') ? join(ROOT, source) : join(folder, source)];
    });
    this.#paths = [
      ...mounts,
      ...(['/tmp', '/data'] as const)
        .filter((path) => !mounts.some(([target]) => target === path))
        .map((path): [string, string] => [path, join(folder, basename(path))]),
    ];
    for (const [, outside] of this.#paths) if (!existsSync(outside)) mkdirSync(outside);
    const { environment = {} } = service;
    this.environment = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, this.here(value)]),
    );
  }

  /** Text of the compose file as it is meant on this machine. */
  here(text: string): string {
    const own = this.#named(text).replaceAll(/(?<![\d.])(?:0\.0\.0\.0|127\.0\.0\.1)(?![\d.])/g, this.address);
    const inside = this.#paths.map(([path]) => RegExp.escape(path)).join('|');
    return own.replaceAll(new RegExp(`(?<=^|[ =])(?:${inside})(?=/|$)`, 'g'), (path) =>
      new Map(this.#paths).get(path)!,
    );
  }
}

export class RunningService {
  readonly name: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly #place: Place;
  readonly #env: Readonly<Record<string, string>>;
  #output = '';

  constructor(name: string, child: ChildProcess, place: Place, env: Readonly<Record<string, string>>) {
    this.name = name;
    this.child = child;
    this.#place = place;
    this.#env = env;
    const keep = (text: Buffer): void => void (this.#output = (this.#output + text.toString()).slice(-6_000));
    child.stdout!.on('data', keep);
    child.stderr!.on('data', keep);
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code));
    });
  }

  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Of a command inside. */
  async check(command: readonly string[]): Promise<boolean> {
    const [program, ...args] = command.map((part) => this.#place.here(part));
    // The image of NATS brings it; this machine need not have it.
    if (program === 'wget') return (await fetch(args.at(-1)!).catch(() => undefined))?.ok ?? false;
    const child = spawn(programOf(program!), args, { cwd: ROOT, env: this.#env, stdio: 'ignore' });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code === 0));
    });
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.hasEnded) this.child.kill(signal);
    return this.ended;
  }
}

const programOf = (name: string): string =>
  name === 'node' ? process.execPath : name === 'nats-server' ? natsBinary() : name;

async function launch(name: string, service: Service, place: Place): Promise<RunningService> {
  const [program, ...args] = (service.command ?? commandOfImage()).map((part) => place.here(part));
  const [image] = service.image.split(':');
  const path = [postgresBinaries(), process.env['PATH']].join(delimiter);
  const env: Record<string, string> = { ...place.environment, PATH: path };
  let user: { uid?: number; gid?: number } = {};
  // In a container these listen everywhere, and are alone there.
  if (image === 'doorbuster') env['HOST'] = place.address;
  if (image === 'doorbuster') env['DATA_DIR'] = place.here('/data');
  // As for all nodes of the tests; it changes nothing but how long they take to begin.
  const compiled = process.env['NODE_COMPILE_CACHE'];
  if (image === 'doorbuster' && compiled !== undefined) env['NODE_COMPILE_CACHE'] = compiled;
  if (image === 'redis') args.push(`bind ${place.address}`);
  if (image === 'postgres') {
    user = process.getuid?.() === 0 ? unprivilegedUser() : {};
    args.push(...makePostgres(service, place, env, user));
  }
  const child = spawn(programOf(program!), args, {
    cwd: image === 'postgres' ? place.folder : ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  const running = new RunningService(name, child, place, env);
  if (image === 'postgres') await runScripts(running, service, place, env);
  return running;
}

/** What the image of Postgres does first. @returns what the server has to be told of it */
function makePostgres(
  service: Service,
  place: Place,
  env: Readonly<Record<string, string>>,
  user: { uid?: number; gid?: number },
): string[] {
  const data = place.here('/var/lib/postgresql/data');
  const passwordFile = join(place.folder, 'password');
  writeFileSync(passwordFile, env['POSTGRES_PASSWORD']!);
  for (const path of [place.folder, data, passwordFile])
    if (user.uid !== undefined) chownSync(path, user.uid, user.gid!);
  const args = ['-D', data, '--username=postgres', `--pwfile=${passwordFile}`];
  const { POSTGRES_INITDB_ARGS: more = '' } = service.environment ?? {};
  const made = spawnSync('initdb', [...args, ...more.split(' ')], {
    env: { ...env },
    cwd: place.folder,
    encoding: 'utf8',
    ...user,
  });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  appendFileSync(join(data, 'pg_hba.conf'), 'host all all all scram-sha-256\n');
  // The checkout may be closed to that user: the file's bytes lie where it may read.
  const copy = join(place.folder, 'postgresql.conf');
  writeFileSync(copy, readFileSync(join(ROOT, 'deploy/postgres/postgresql.conf')), { mode: 0o644 });
  const settings = [`config_file=${copy}`, `listen_addresses=${place.address}`, 'shared_buffers=64MB'];
  return ['-D', data, '-k', place.folder, ...settings.flatMap((setting) => ['-c', setting])];
}

/** Those that are mounted for the image's first start, by the superuser over the socket. */
async function runScripts(
  { child }: RunningService,
  { volumes = [] }: Service,
  place: Place,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const psql = ['-X', '-q', '-h', place.folder, '-U', 'postgres', '-d', 'postgres'];
  const run = (args: readonly string[]): { status: number | null; stderr: string } =>
    spawnSync('psql', [...psql, ...args], { env: { ...env }, encoding: 'utf8' });
  await waitUntil('Postgres answers', () => child.exitCode !== null || run(['-c', 'SELECT 1']).status === 0);
  for (const script of volumes.filter((volume) => volume.includes('/docker-entrypoint-initdb.d/'))) {
    const { status, stderr } = run(['-f', join(ROOT, script.split(':')[0]!)]);
    if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
  }
}
