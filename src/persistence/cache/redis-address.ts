// REDIS_URL, read into its parts. Pure. What it says of a wrong one never repeats it, since it may hold a password.

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

interface Login {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export type RedisAddress = Login & {
  /** Also to the sentinels, and to every node of a cluster. */
  readonly tls: boolean;
} & (
    | ({ readonly kind: 'single'; readonly db: number } & RedisHost)
    | {
        readonly kind: 'sentinel';
        readonly sentinels: readonly RedisHost[];
        /** Of the primary, as the sentinels know it. */
        readonly name: string;
        readonly db: number;
        readonly sentinelPassword: string | undefined;
      }
    | { readonly kind: 'cluster'; readonly nodes: readonly RedisHost[] }
  );

export class RedisAddressWrong extends Error {
  override readonly name = 'RedisAddressWrong';
}

const FORMS =
  'redis://[user:password@]host:6379[/db], ' +
  'redis+sentinel://[user:password@]host:26379,host:26379/NAME[?db=0&sentinelPassword=…] or ' +
  'redis+cluster://[user:password@]host:6379,host:6379, each with rediss in place of redis for TLS';
const ADDRESS = /^([a-z+]+):\/\/(?:([^@/?#\s]*)@)?([^@/?#\s]+)(?:\/([^/?#\s]*))?(?:\?([^#\s]*))?$/;
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/;
const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;
const HOSTS_MAX = 100;
const DB_MAX = 1_000_000;

/** @throws RedisAddressWrong saying what would be right */
export function parseRedisAddress(text: string): RedisAddress {
  const [, scheme, login, hosts, path = '', query = ''] = ADDRESS.exec(text) ?? [];
  if (hosts === undefined) throw wrong('is no address of Redis');
  const who = loginOf(login);
  const parameters = new URLSearchParams(query);
  const tls = scheme!.startsWith('rediss');
  switch (tls ? scheme!.replace('rediss', 'redis') : scheme) {
    case 'redis': {
      allow(parameters, []);
      const [host, ...others] = hostsOf(hosts, REDIS_PORT);
      if (others.length > 0) throw wrong('names several hosts, but neither Sentinel nor Cluster');
      return { kind: 'single', tls, db: dbOf(path), ...host!, ...who };
    }
    case 'redis+sentinel': {
      allow(parameters, ['db', 'sentinelPassword']);
      if (path === '') throw wrong('lacks the name of the primary behind the sentinels');
      return {
        kind: 'sentinel',
        tls,
        sentinels: hostsOf(hosts, SENTINEL_PORT),
        name: decoded(path),
        db: dbOf(parameters.get('db') ?? ''),
        sentinelPassword: parameters.get('sentinelPassword') ?? undefined,
        ...who,
      };
    }
    case 'redis+cluster':
      allow(parameters, []);
      if (path !== '') throw wrong('names a database, and a Redis Cluster has only one');
      return { kind: 'cluster', tls, nodes: hostsOf(hosts, REDIS_PORT), ...who };
    default:
      throw wrong('begins with no scheme that is known here');
  }
}

const wrong = (what: string): RedisAddressWrong =>
  new RedisAddressWrong(
    `${what}: it must be ${FORMS}; other signs in names and passwords as %40 and the like`,
  );

function loginOf(text: string | undefined): Login {
  if (text === undefined || text === '') return { username: undefined, password: undefined };
  const colon = text.indexOf(':');
  if (colon < 0) throw wrong('has a user without a password');
  const username = decoded(text.slice(0, colon));
  return { username: username === '' ? undefined : username, password: decoded(text.slice(colon + 1)) };
}

function hostsOf(text: string, defaultPort: number): RedisHost[] {
  const hosts = text.split(',').map((part) => {
    const [, host, port = String(defaultPort)] = HOST.exec(part) ?? [];
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
      throw wrong('has a host or a port that is none');
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
  if (hosts.length > HOSTS_MAX) throw wrong(`names more than ${HOSTS_MAX} hosts`);
  return hosts;
}

function dbOf(text: string): number {
  if (text === '') return 0;
  if (!/^\d{1,7}$/.test(text) || Number(text) > DB_MAX) throw wrong('has a database that is no number');
  return Number(text);
}

function allow(parameters: URLSearchParams, names: readonly string[]): void {
  for (const name of parameters.keys())
    if (!names.includes(name)) throw wrong('has a parameter behind ? that is not known here');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('has a % that begins no sign');
  }
}
