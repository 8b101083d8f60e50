// docker-compose.yml, Dockerfile and .env.example, held against the published schema, the code and the servers' files. Each
// check takes a compose file and gives faults, so that it is also shown one that is wrong.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { describeConfig, loadClusterConfig, loadConfig } from '../../src/config.ts';
import { PROJECTION_LIMITS } from '../../src/persistence/projection-pump.ts';
import { inboxOf, NATS_USERS, type NatsUser } from '../servers/nats.ts';
import {
  composeText,
  namesIn,
  readCompose,
  readEnv,
  ROOT,
  type ComposeFile,
  type Service,
} from './compose-file.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const envText = execFileSync('sh', [join(ROOT, 'deploy/make-env.sh')], { encoding: 'utf8' });
const env = readEnv(envText);
const packageOf = JSON.parse(read('package.json')) as { version: string };

type Faults = (text: string) => string[];
const compose = (text: string): ComposeFile => readCompose(env, text);
const faultsOfEach =
  (faultsOf: (service: Service, name: string, all: ComposeFile) => string[]): Faults =>
  (text) => {
    const all = compose(text);
    return Object.entries(all.services).flatMap(([name, service]) =>
      faultsOf(service, name, all).map((fault) => `${name}: ${fault}`),
    );
  };

const isNode = ({ image }: Service): boolean => image.startsWith('doorbuster:');
const endsByItself = (name: string, all: ComposeFile): boolean =>
  Object.values(all.services).some(
    ({ depends_on: on }) => on?.[name]?.condition === 'service_completed_successfully',
  );

const validate = (() => {
  const { $schema: _, ...schema } = JSON.parse(read('test/deploy/compose-spec/compose-spec.json')) as {
    $schema: string;
  };
  // The schema writes its own language with another scheme than ajv knows it by; it is draft 7 either way.
  return new Ajv({ strict: false, allErrors: true }).compile(schema);
})();

const notInSchema: Faults = (text) => {
  validate(compose(text));
  return [
    ...new Set((validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)),
  ];
};

/** A tag that stays what it is: a full version, and the distribution below it. */
const isPinned = (image: string): boolean =>
  /^[a-z]+:(\d+\.\d+\.\d+(-[a-z]+[\d.]*)?|\d+\.\d+-[a-z]+[\d.]*)(-slim)?$/.test(image);
const notPinned = faultsOfEach(({ image }) => (isPinned(image) ? [] : [`${image} is no pinned tag`]));

const otherVersions = faultsOfEach(({ image }) => {
  const [name, tag = ''] = image.split(':');
  const [major = 0, minor = 0, patch = 0] = tag.split(/[.-]/).map(Number);
  if (name === 'doorbuster') return tag === packageOf.version ? [] : [`${image} is not ${packageOf.version}`];
  // Three copies: see what src/runtime/jetstream/server-check.ts tells of.
  const isSafe = major > 2 || minor > 12 || (minor === 12 && patch >= 3);
  return name !== 'nats' || isSafe ? [] : [`${image} is older than 2.12.3`];
});

/** Files of the project that the service mounts, by where they are in the container. */
const mountsOf = ({ volumes = [] }: Service): { source: string; target: string; mode: string }[] =>
  volumes.map((volume) => {
    const [source = '', target = '', mode = ''] = volume.split(':');
    return { source, target, mode };
  });

const missingFiles = faultsOfEach((service, _, all) => {
  const mounts = mountsOf(service);
  const bound = mounts.filter(({ source }) => source.startsWith('./'));
  const inside = [...(service.command ?? [])].flatMap((part) => part.match(/\/etc\/doorbuster\/\S+/g) ?? []);
  return [
    ...bound
      .filter(({ source }) => !existsSync(join(ROOT, source)))
      .map(({ source }) => `${source} is missing`),
    ...bound.filter(({ mode }) => mode !== 'ro').map(({ source }) => `${source} can be written`),
    ...mounts
      .filter(({ source }) => !source.startsWith('./') && !Object.hasOwn(all.volumes, source))
      .map(({ source }) => `${source} is no volume`),
    ...inside
      .filter((path) => {
        const mount = bound.find(({ target }) => path === target || path.startsWith(`${target}/`));
        return mount === undefined || !existsSync(join(ROOT, mount.source + path.slice(mount.target.length)));
      })
      .map((path) => `${path} is not mounted`),
  ];
});

const settings = new Set(Object.keys(describeConfig({}, {})));
const wrongSettings = faultsOfEach((service, name, all) => {
  const { environment = {} } = service;
  if (!isNode(service)) return [];
  const unknown = Object.keys(environment).filter((setting) => !settings.has(setting));
  try {
    if (endsByItself(name, all)) loadClusterConfig(environment);
    else loadConfig(environment, {});
  } catch (error) {
    return [...unknown, (error as Error).message];
  }
  return unknown.map((setting) => `${setting} is no setting`);
});

const notWatched = faultsOfEach(({ healthcheck }, name, all) => {
  if (endsByItself(name, all)) return [];
  const [kind, ...command] = healthcheck?.test ?? [];
  return ['CMD', 'CMD-SHELL'].includes(kind ?? '') && command.length > 0 ? [] : ['has no health check'];
});

/** Variables that a configuration file of NATS takes from its environment. */
const wanted = globSync('deploy/nats/*.conf', { cwd: ROOT }).flatMap((path) =>
  [...read(path).matchAll(/^[^#"]*?\$(NATS_[A-Z_]+)/gm)].map(([, name]) => name!),
);
const withoutVariable = faultsOfEach(({ image, environment = {} }) => {
  if (!image.startsWith('nats:')) return [];
  const names = Object.keys(environment);
  return [
    ...wanted.filter((name) => !names.includes(name)).map((name) => `${name} is missing`),
    ...names.filter((name) => !wanted.includes(name)).map((name) => `${name} is read by nobody`),
  ];
});

const ROLE_OF_USER: Readonly<Partial<Record<NatsUser, string>>> = {
  node: 'http,actors,projection',
  gateway: 'http',
  owner: 'actors',
  writer: 'projection',
};
const wrongUsers = faultsOfEach(({ environment: { NATS_URL, ROLES, NATS_INBOX_PREFIX } = {} }) => {
  const urls = (NATS_URL ?? '').split(',').filter((url) => url !== '');
  const users = [
    ...new Set(urls.map((url) => new URL(url)).map(({ username, password }) => `${username}:${password}`)),
  ];
  return users.flatMap((login) => {
    const [user, password] = login.split(':') as [NatsUser, string];
    if (!NATS_USERS.includes(user)) return [`there is no user ${user}`];
    if (password !== env[`NATS_${user.toUpperCase()}_PASSWORD`]) return [`${user} has another password`];
    if (ROLES !== ROLE_OF_USER[user]) return [`${user} has not the role ${ROLES}`];
    return NATS_INBOX_PREFIX === inboxOf(user) ? [] : [`${user} hears nothing on ${NATS_INBOX_PREFIX}`];
  });
});

const openToOthers = faultsOfEach(({ ports = [], networks = [] }, name, all) => {
  const isInside = networks.every((network) => all.networks[network]?.internal);
  if (networks.some((network) => !Object.hasOwn(all.networks, network))) return ['is in no network'];
  if (name !== 'gateway')
    return ports.length === 0 && isInside && networks.length > 0 ? [] : ['can be reached'];
  return ports.every((port) => port.startsWith('127.0.0.1:')) ? [] : ['can be reached from other machines'];
});

const seconds = (duration = '10s'): number => Number(/^(\d+)s$/.exec(duration)?.[1]);
const boundOf = (path: string, name: string): number =>
  Number(new RegExp(`const ${name} = ([\\d_]+)`).exec(read(path))![1]!.replaceAll('_', ''));
/** What the parts of a node that stops are given, one after the other. */
const STOP_MS =
  boundOf('src/cluster.ts', 'HAND_OVER_MS_MAX') +
  2 * boundOf('src/worker-pool.ts', 'STOP_STEP_MS_MAX') +
  boundOf('src/snapshot-host.ts', 'STOP_WAIT_MS_MAX') +
  PROJECTION_LIMITS.stopMsMax;
const stoppedTooSoon = faultsOfEach((service, name, all) => {
  if (!isNode(service) || endsByItself(name, all)) return [];
  const given = seconds(service.stop_grace_period);
  return given * 1_000 > STOP_MS ? [] : [`has ${given} s to stop and may need ${STOP_MS / 1_000} s`];
});

const notRestarted = faultsOfEach(({ restart }, name, all) =>
  restart === (endsByItself(name, all) ? 'on-failure' : 'unless-stopped') ? [] : [`restart: ${restart}`],
);

const withoutServer = faultsOfEach(({ depends_on: on = {} }, _, all) =>
  Object.keys(on)
    .filter((name) => !Object.hasOwn(all.services, name))
    .map((name) => `waits for ${name}, which is nobody`),
);

const otherNames: Faults = (text) => {
  const asked = namesIn(text);
  const known = Object.keys(env);
  return [
    ...asked.filter((name) => !known.includes(name)).map((name) => `.env.example lacks ${name}`),
    ...known.filter((name) => !asked.includes(name)).map((name) => `nobody asks for ${name}`),
  ];
};

const replace =
  (from: string, to: string) =>
  (text: string): string => {
    expect(text).toContain(from);
    return text.replace(from, to);
  };

test.each<[string, Faults, (text: string) => string]>([
  ['it fits the published schema', notInSchema, replace('restart: on-failure', 'restarts: on-failure')],
  ['all images are pinned', notPinned, replace('postgres:17.11-trixie', 'postgres:latest')],
  [
    'servers are new enough, the node is this version',
    otherVersions,
    replace('doorbuster:0.1.0', 'nats:2.11.9'),
  ],
  [
    'all files and volumes are there',
    missingFiles,
    replace('deploy/postgres/user.sql', 'deploy/postgres/users.sql'),
  ],
  ['nodes are given what they know', wrongSettings, replace('NODE_ID: b', 'NODE_NAME: b')],
  ['nodes can start with it', wrongSettings, replace('ROLES: http\n', 'ROLES: https\n')],
  ['everything that runs is watched', notWatched, replace("test: ['CMD', 'wget'", "tests: ['CMD', 'wget'")],
  [
    'NATS is given all that its files ask for',
    withoutVariable,
    replace('  NATS_STORE: /data\n', '  NATS_STOREHOUSE: /data\n'),
  ],
  ['each role is its own user of NATS', wrongUsers, replace('ROLES: http\n', 'ROLES: http,actors\n')],
  [
    'nobody outside reaches anything but the gateway',
    openToOthers,
    replace('127.0.0.1:${DOORBUSTER_PORT', '${DOORBUSTER_PORT'),
  ],
  [
    'nodes are given the time to stop',
    stoppedTooSoon,
    replace('stop_grace_period: 90s', 'stop_grace_period: 45s'),
  ],
  ['what ends is started again', notRestarted, replace('restart: on-failure', 'restart: "no"')],
  ['whoever is waited for is there', withoutServer, replace('nats-3: { condition', 'nats-4: { condition')],
  ['.env.example has all names, and no other', otherNames, replace('${LOG_LEVEL:-info}', 'info')],
])('%s', (_, faultsOf, breakIt) => {
  expect(faultsOf(composeText())).toEqual([]);
  expect(faultsOf(breakIt(composeText())).length, 'a wrong file').toBeGreaterThan(0);
});

test('the harness knows every user of the accounts, and each has a password of its own in the environment', () => {
  const logins = [...read('deploy/nats/accounts.conf').matchAll(/user: (\w+)[,\s]+password: (\S+)/g)];
  expect(logins.map(([, user]) => String(user)).toSorted()).toEqual([...NATS_USERS].toSorted());
  for (const [, user, password] of logins) expect(password).toBe(`$NATS_${user!.toUpperCase()}_PASSWORD`);
});

test('the documented command makes an .env that its owner alone reads, and leaves one that is there', () => {
  const commands = ['docker-compose.yml', '.env.example', 'deploy/make-env.sh', 'docs/deployment.md'].map(
    (path) => /^(?:# +)?(\S.*make-env\.sh > \.env\)?)/m.exec(read(path))?.[1],
  );
  expect(new Set(commands).size, 'one command everywhere').toBe(1);
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-env-'));
  try {
    cpSync(join(ROOT, '.env.example'), join(folder, '.env.example'));
    cpSync(join(ROOT, 'deploy/make-env.sh'), join(folder, 'deploy/make-env.sh'));
    const made = join(folder, '.env');
    const run = (): number | null => spawnSync('sh', ['-c', commands[0]!], { cwd: folder }).status;
    expect(run()).toBe(0);
    expect(statSync(made).mode & 0o777).toBe(0o600);
    const first = readFileSync(made, 'utf8');
    expect(readEnv(first)['AUTH_SECRET']).toMatch(/^s[0-9a-f]{40}$/);
    expect(run()).not.toBe(0);
    expect(readFileSync(made, 'utf8')).toBe(first);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('secrets are drawn anew each time, are words to NATS, and nothing else in the example is changed', () => {
  const again = readEnv(execFileSync('sh', [join(ROOT, 'deploy/make-env.sh')], { encoding: 'utf8' }));
  const example = readEnv(read('.env.example'));
  const secrets = Object.keys(example).filter((name) => example[name] === '');
  expect(secrets.length).toBeGreaterThan(15);
  for (const name of secrets) expect(env[name], name).toMatch(/^s[0-9a-f]{40}$/);
  expect(new Set([...secrets.map((name) => env[name]), ...secrets.map((name) => again[name])]).size).toBe(
    secrets.length * 2,
  );
  expect(Object.keys(env)).toEqual(Object.keys(example));
  for (const [name, value] of Object.entries(example)) if (value !== '') expect(env[name]).toBe(value);
  expect(() => readCompose({ ...env, AUTH_SECRET: '' })).toThrow('AUTH_SECRET is missing in .env');
});
