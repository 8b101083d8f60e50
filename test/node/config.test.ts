// Settings: from the environment and a file, checked at once, secrets kept.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError, describeConfig, loadConfig } from '../../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ADMIN_TOKEN = 'an-admin-token-of-enough-length';
const AUTH_SECRET = 'a secret of enough length, with spaces';
const secrets = { ADMIN_TOKEN, AUTH_SECRET };

let files = 0;
function fileOf(content: string | object): string {
  const file = join(folder, `${++files}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

/** Every mistake as one line. */
function mistakesOf(
  environment: Record<string, string>,
  options: { demo?: boolean; file?: string } = {},
): string[] {
  try {
    loadConfig(environment, options);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.replace('  - ', ''));
  }
  return [];
}

test('the secrets are enough, everything else has a default', () => {
  const config = loadConfig(secrets, {});
  expect(config).toMatchObject({
    demo: false,
    port: 3_000,
    host: '0.0.0.0',
    dataDir: './data',
    databaseUrl: undefined,
    adminToken: ADMIN_TOKEN,
    authSecret: AUTH_SECRET,
    logLevel: 'info',
    shards: 256,
  });
  expect(config.workers).toBeGreaterThan(0);
  expect(config.nodeId).not.toBe('');
  expect(config.limits.pendingMax).toBeGreaterThan(0);
});

test('every limit arrives where it is meant', () => {
  const numbers = {
    PORT: '1',
    WORKERS: '2',
    SHARDS: '3',
    PROJECTION_WORKERS: '4',
    PROJECTION_RECORDS_MAX: '5',
    FEED_ACK_WAIT_MS: '6000',
    FEED_HEARTBEAT_MS: '1500',
    FEED_WORKING_MS_MAX: '5500',
    FEED_IN_FLIGHT_MAX: '7',
    JOURNAL_MEBIBYTES_MAX: '8',
    MAILBOX_ENTRIES_MAX: '9',
    PENDING_MAX: '10',
    COMMAND_TIMEOUT_MS: '1100',
    STREAMS_MAX: '12',
  };
  expect(loadConfig({ ...secrets, ...numbers }, {})).toMatchObject({
    port: 1,
    workers: 2,
    shards: 3,
    projection: { workers: 4, recordsMax: 5 },
    feed: { ackWaitMs: 6_000, heartbeatMs: 1_500, workingMsMax: 5_500, inFlightMax: 7 },
    journalBytesMax: 8 * 1024 * 1024,
    limits: { mailboxEntriesMax: 9, pendingMax: 10, commandTimeoutMs: 1_100 },
    http: { streamsMax: 12 },
  });
});

test('a password that would end the address of Postgres early is refused, and not told', () => {
  for (const password of ['s3cr#t', '12/34', '12?34']) {
    const mistakes = mistakesOf({ ...secrets, DATABASE_URL: `postgres://shop:${password}@db/shop` });
    expect(mistakes).toEqual([expect.stringMatching(/^DATABASE_URL must /)]);
    expect(mistakes.join()).not.toContain(password);
  }
  const escaped = 'postgres://shop:a%2Fb%3Fc%23d%40e@db/shop?sslmode=require';
  expect(loadConfig({ ...secrets, DATABASE_URL: escaped }, {}).databaseUrl).toBe(escaped);
});

test('proxies are addresses and networks', () => {
  const TRUSTED_PROXIES = '10.0.0.0/8, fd00::/8,192.0.2.1';
  expect(loadConfig({ ...secrets, TRUSTED_PROXIES }, {}).trustedProxies).toEqual([
    '10.0.0.0/8',
    'fd00::/8',
    '192.0.2.1',
  ]);
  for (const wrong of ['proxy.example', '10.0.0.0/33', '10.0.0.1,', '10.0.0.0/8/8', '10.0.0.0/'])
    expect(mistakesOf({ ...secrets, TRUSTED_PROXIES: wrong })).toEqual([
      expect.stringMatching(/^TRUSTED_PROXIES must be IP addresses or networks/),
    ]);
});

test('in a cluster, signs of life must come well before a record is given out again', () => {
  const cluster = { ...secrets, NATS_URL: 'nats://localhost', DATABASE_URL: 'postgres://localhost/shop' };
  const heartbeat = { FEED_ACK_WAIT_MS: '9000', FEED_HEARTBEAT_MS: '3001' };
  expect(mistakesOf({ ...cluster, ...heartbeat })).toEqual([
    expect.stringMatching(
      /^FEED_HEARTBEAT_MS is 3001, and must be at most a third of FEED_ACK_WAIT_MS, which is 9000/,
    ),
  ]);
  expect(mistakesOf({ ...cluster, ...heartbeat, FEED_HEARTBEAT_MS: '3000' })).toEqual([]);
  expect(mistakesOf({ ...secrets, ...heartbeat })).toEqual([]);
});

test('all mistakes are told at once, each by its name', () => {
  const file = fileOf({ prot: 3_000, workers: 0, colour: 'red' });
  const mistakes = mistakesOf(
    {
      PORT: '70000',
      SHARDS: 'many',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://localhost/shop',
      NATS_URL: 'nats://localhost,http://localhost',
      ROLES: 'http,cooking',
      NATS_REPLICAS: '2',
      REDIS_URL: 'redis+sentinel://localhost',
      AUTH_JWKS_URL: 'http://shop.example/jwks',
      ADMIN_TOKEN: 'short',
    },
    { file },
  );
  const told = mistakes.join('\n');
  for (const name of [
    'PORT must be a whole number from 0 to 65535',
    'SHARDS must be a whole number from 1 to 4096',
    'WORKERS must be a whole number from 1 to 64',
    'LOG_LEVEL ',
    'DATABASE_URL must be a postgres:// address',
    'NATS_URL must be nats://host:port or tls://host:port',
    'ROLES must be some of http, actors, projection',
    'NATS_REPLICAS must be 1 or 3',
    'REDIS_URL lacks the name of the primary behind the sentinels',
    'AUTH_JWKS_URL must be the address of the provider’s key set, beginning with https://',
    'ADMIN_TOKEN must have at least 16 characters',
    'PROT is not a setting',
    'COLOUR is not a setting',
  ]) {
    expect(told).toContain(name);
  }
  expect(mistakes).toHaveLength(13);
});

test('a missing secret says what it is for; demo mode makes both up, different at each start', () => {
  expect(mistakesOf({})).toEqual([
    expect.stringMatching(/^ADMIN_TOKEN is missing: the token that admins send .*start --demo/),
    expect.stringMatching(/^AUTH_SECRET is missing: /),
  ]);
  const [one, other] = [loadConfig({}, { demo: true }), loadConfig({}, { demo: true })];
  expect(one).toMatchObject({ demo: true, host: '127.0.0.1' });
  const made = [one.adminToken, one.authSecret, other.adminToken, other.authSecret];
  expect(new Set(made).size).toBe(4);
  for (const secret of made) expect(secret).toMatch(/^[\w-]{24}$/);
});

test('demo mode takes secrets and address when they are given', () => {
  const environment = { ...secrets, HOST: '0.0.0.0' };
  expect(loadConfig(environment, { demo: true })).toMatchObject({
    host: '0.0.0.0',
    adminToken: ADMIN_TOKEN,
    authSecret: AUTH_SECRET,
  });
  expect(mistakesOf({ ADMIN_TOKEN: 'short' }, { demo: true })).toHaveLength(1);
});

test('the environment comes before the file, and the file before the defaults', () => {
  const file = fileOf({
    port: 4_000,
    Workers: 3,
    SHARDS: '8',
    admin_token: ADMIN_TOKEN,
    auth_secret: AUTH_SECRET,
  });
  expect(loadConfig({}, { file })).toMatchObject({
    port: 4_000,
    workers: 3,
    shards: 8,
    adminToken: ADMIN_TOKEN,
  });
  expect(loadConfig({ PORT: '5000', WORKERS: '' }, { file })).toMatchObject({ port: 5_000, workers: 3 });
  expect(loadConfig({ PORT: '5000' }, { file, demo: true })).toMatchObject({
    adminToken: ADMIN_TOKEN,
    demo: true,
  });
});

test('what the environment holds for others is left alone', () => {
  expect(mistakesOf({ ...secrets, PATH: '/bin', port: 'lower case', DOORBUSTER: '1' })).toEqual([]);
});

test.each([
  ['true', true],
  ['null', null],
  ['a list', [3]],
  ['an empty text', ''],
  ['a fraction', 1.5],
  ['a fraction as text', '1.5'],
  ['an exponent', '1e3'],
  ['a hexadecimal number', '0x10'],
  ['a number with a unit', '10ms'],
  ['a number among spaces', ' 10 '],
  ['a number below nothing', '-1'],
  ['more than the bound', 65],
])('%s is no number of workers', (_, value) => {
  const wrong = 'WORKERS must be a whole number from 1 to 64';
  expect(mistakesOf(secrets, { file: fileOf({ workers: value }) })).toEqual([wrong]);
});

test.each([
  ['is not there', join(folder, 'nothing.json'), /cannot be read as JSON: ENOENT/],
  ['is a folder', folder, /cannot be read as JSON: EISDIR/],
  ['is empty', fileOf(''), /cannot be read as JSON/],
  ['is not JSON', fileOf('PORT=3000'), /cannot be read as JSON/],
  ['holds null', fileOf('null'), /must hold a JSON object/],
  ['holds a list', fileOf([{ port: 1 }]), /must hold a JSON object/],
  ['holds a text', fileOf('"port"'), /must hold a JSON object/],
  ['names a setting twice', fileOf('{"port":1,"PORT":2}'), /PORT stands in .* twice/],
  ['names __proto__', fileOf('{"__proto__":{"port":1}}'), /__PROTO__ is not a setting/],
])('a file that %s is a mistake, by name', (_, file, told) => {
  expect(mistakesOf(secrets, { file }).join('\n')).toMatch(told);
});

test.each([
  ['a line end', `${ADMIN_TOKEN}\n`],
  ['a space at its end', `${ADMIN_TOKEN} `],
  ['a letter that headers cannot carry', `${ADMIN_TOKEN}ж`],
])('an admin token with %s, which no request could send, is a mistake', (_, token) => {
  expect(mistakesOf({ ...secrets, ADMIN_TOKEN: token })).toEqual([
    'ADMIN_TOKEN must be printable ASCII without spaces',
  ]);
});

test('the description shows every setting as it is in force, and no secret', () => {
  const environment = {
    ADMIN_TOKEN,
    AUTH_SECRET: 'too short',
    DATABASE_URL: 'postgres://shop:pass-of-postgres@db/shop',
    NATS_URL: 'nats://shop:pass-of-nats@nats',
    REDIS_URL: 'redis://:pass-of-redis@redis',
    PORT: 'x',
  };
  const file = fileOf({ workers: 3, colour: 'red' });
  const described = describeConfig(environment, { file });
  expect(described).toMatchObject({
    ADMIN_TOKEN: '(hidden)',
    AUTH_SECRET: '(hidden, wrong)',
    DATABASE_URL: '(hidden)',
    NATS_URL: '(hidden)',
    REDIS_URL: '(hidden)',
    AUTH_JWKS_URL: null,
    PORT: '(wrong) "x"',
    WORKERS: 3,
    HOST: '0.0.0.0',
    COLOUR: '(not a setting)',
  });
  const text = JSON.stringify(described);
  for (const secret of [ADMIN_TOKEN, 'too short', 'pass-of']) expect(text).not.toContain(secret);
  expect(describeConfig({}, { demo: true })).toMatchObject({ HOST: '127.0.0.1', ADMIN_TOKEN: '(hidden)' });
  expect(describeConfig({}, {})).toMatchObject({ ADMIN_TOKEN: '(missing)', NATS_URL: null });
  expect(() => describeConfig({}, { file: fileOf('{') })).toThrow(ConfigError);
});

test.each(['answers', 'INBOX', '_INBOX.', '_INBOX admin', 'doorbuster.journal'])(
  'answers of NATS on %j, which is no inbox, are a mistake',
  (inbox) => {
    expect(mistakesOf({ ...secrets, NATS_INBOX_PREFIX: inbox })[0]).toMatch(
      /^NATS_INBOX_PREFIX must begin with _INBOX, as _INBOX_admin/,
    );
  },
);

test.each(['_INBOX', '_INBOX_admin', '_INBOX.shop.admin'])('answers of NATS on %j are not', (inbox) => {
  const environment = {
    ...secrets,
    DATABASE_URL: 'postgres://db',
    NATS_URL: 'nats://n',
    NATS_INBOX_PREFIX: inbox,
  };
  expect(loadConfig(environment, {}).cluster).toMatchObject({ inboxPrefix: inbox });
});

test('settings that contradict each other are mistakes', () => {
  expect(mistakesOf({ ...secrets, NATS_URL: 'nats://localhost' })[0]).toMatch(/^DATABASE_URL is missing/);
  expect(mistakesOf({ ...secrets, ROLES: 'http' })).toEqual([
    'ROLES must be left out without NATS_URL: a node by itself does everything',
  ]);
});

test('a node of a cluster', () => {
  const environment = {
    ...secrets,
    NATS_URL: 'nats://shop:pass@n1:4222, tls://n2',
    NATS_MONITOR_URLS: 'http://n1:8222,http://n2:8222',
    ROLES: 'actors',
  };
  const { cluster, roles } = loadConfig(environment, {});
  expect(cluster).toEqual({
    servers: ['nats://shop:pass@n1:4222', 'tls://n2'],
    prefix: 'doorbuster',
    inboxPrefix: undefined,
    replicas: undefined,
    monitorUrls: ['http://n1:8222', 'http://n2:8222'],
    leaseMs: 3_000,
  });
  expect([...roles]).toEqual(['actors']);
  expect(loadConfig(secrets, {}).cluster).toBeUndefined();
});

test('no mistake repeats a secret', () => {
  const told = mistakesOf({
    ADMIN_TOKEN: 'tok en with spaces in it',
    AUTH_SECRET: 'abc-short',
    DATABASE_URL: 'mysql://shop:password-of-mysql@db',
    NATS_URL: 'nats://shop:password-of-nats@nats',
  }).join('\n');
  for (const secret of ['tok en', 'abc-short', 'password-of']) expect(told).not.toContain(secret);
});

test('what would let in somebody else’s customers, or send shoppers nowhere, is a mistake', () => {
  const provider = {
    OIDC_ISSUER: 'https://id.example',
    OIDC_CLIENT_ID: 'sale',
    PUBLIC_URL: 'https://sale.example',
  };
  const jwks = { ADMIN_TOKEN, AUTH_JWKS_URL: 'https://id.example/jwks' };
  const session = { SESSION_SECRET: 'a secret of enough length' };
  expect(mistakesOf({ ...secrets, ...provider, OIDC_CLIENT_SECRET: 'x' })).toEqual([]);
  expect(mistakesOf({ ...jwks, ...session, AUTH_AUDIENCE: 'sale' })).toEqual([]);
  expect(mistakesOf(jwks)).toEqual([
    expect.stringMatching(/^AUTH_AUDIENCE is missing: /),
    expect.stringMatching(/^SESSION_SECRET is missing: /),
  ]);
  const { PUBLIC_URL, OIDC_CLIENT_ID, ...issuerAlone } = provider;
  expect(mistakesOf({ ...secrets, ...issuerAlone })).toEqual([
    expect.stringMatching(/^OIDC_CLIENT_ID is missing: /),
    expect.stringMatching(/^PUBLIC_URL is missing: /),
  ]);
  expect(mistakesOf({ ...secrets, PUBLIC_URL, OIDC_CLIENT_ID })).toEqual([
    expect.stringMatching(/^OIDC_ISSUER is missing: /),
  ]);
  expect(mistakesOf({ ...secrets, ...provider, SIGN_IN_URL: 'https://shop.example/login' })).toEqual([
    expect.stringMatching(/^SIGN_IN_URL and OIDC_ISSUER are both set: /),
  ]);
});

test.each([
  ['SIGN_IN_URL', 'http://shop.example/login'],
  ['SIGN_IN_URL', 'javascript:alert(1)'],
  ['SIGN_IN_URL', '/login'],
  ['SIGN_IN_URL', 'https://user:password@shop.example/'],
  ['OIDC_ISSUER', 'http://id.example'],
  ['OIDC_ISSUER', 'http://127.0.0.1.evil.example'],
  ['AUTH_JWKS_URL', 'http://id.example/jwks'],
  ['AUTH_JWKS_URL', 'file:///etc/jwks'],
  ['SHOP_ORIGINS', 'https://shop.example/'],
  ['SHOP_ORIGINS', 'https://shop.example,*'],
  ['SHOP_ORIGINS', 'null'],
  ['SHOP_ORIGINS', 'https://SHOP.example'],
  ['PUBLIC_URL', 'https://sale.example/shop'],
  ['PUBLIC_URL', 'http://sale.example'],
  ['OIDC_SCOPES', 'profile'],
  ['SESSION_SECONDS', '86400'],
  ['SESSION_SECRET', 'short'],
  ['AUTH_AUDIENCE', 'with space'],
])('%s=%s is a mistake', (name, value) => {
  const mistakes = mistakesOf({ ...secrets, [name]: value });
  expect(mistakes).toContainEqual(expect.stringMatching(new RegExp(`^${name} must`)));
});

test('where shoppers come from is what is set, and no secret of it is shown', () => {
  const environment = {
    ...secrets,
    SIGN_IN_URL: 'http://localhost:8080/login',
    SHOP_ORIGINS: 'https://shop.example, https://www.shop.example',
    SESSION_SECRET: 'the secret of all sessions',
  };
  const { signIn, sessionSecret, sessionMs } = loadConfig(environment, {});
  expect(signIn).toMatchObject({
    signInUrl: 'http://localhost:8080/login',
    shopOrigins: ['https://shop.example', 'https://www.shop.example', 'http://localhost:8080'],
    provider: undefined,
  });
  expect([sessionSecret, sessionMs]).toEqual(['the secret of all sessions', 43_200_000]);
  expect(loadConfig(secrets, {}).sessionSecret).toBe(AUTH_SECRET);
  const described = describeConfig({ ...environment, OIDC_CLIENT_SECRET: 'of-the-client' }, {});
  expect(JSON.stringify(described)).not.toMatch(/the secret of all sessions|of-the-client/);
});

test.each([
  '*',
  'null',
  'https://shop.example/',
  'https://shop.example/sale',
  'http://shop.example',
  'shop.example',
  'https://shop.example https://other.example',
])('%j is no origin that may read answers', (origins) => {
  const [mistake, ...more] = mistakesOf({ ...secrets, CORS_ORIGINS: `https://one.example, ${origins}` });
  expect(mistake).toMatch(/^CORS_ORIGINS must be origins such as https:\/\/shop\.example/);
  expect(more).toEqual([]);
});

test('origins that may read answers are those that are named, and none by default', () => {
  const named = loadConfig({ ...secrets, CORS_ORIGINS: 'https://one.example, http://127.0.0.1:5173' }, {});
  expect(named.signIn.corsOrigins).toEqual(['https://one.example', 'http://127.0.0.1:5173']);
  expect(loadConfig(secrets, {}).signIn.corsOrigins).toEqual([]);
});

test('limits of requests are read, each with what it leaves out, and a wrong one is refused by its name', () => {
  const { rateLimits } = loadConfig({ ...secrets, LIMIT_PURCHASE: 'customer 3/10s, address off' }, {});
  expect(rateLimits?.policy.purchase).toEqual({
    customer: { count: 3, windowMs: 10_000 },
    address: undefined,
    anonymous: { count: 100, windowMs: 10_000 },
  });
  expect(loadConfig({}, { demo: true }).rateLimits?.policy.purchase.address).toEqual({
    count: 100_000,
    windowMs: 1_000,
  });
  expect(loadConfig({ ...secrets, RATE_LIMITS: 'off' }, {}).rateLimits).toBeUndefined();
  const wrong = { ...secrets, LIMIT_READ: '20 a second', RATE_LIMITS: 'maybe', RATE_LIMIT_SYNC_MS: '1' };
  expect(() => loadConfig(wrong, {})).toThrow(
    /3 mistake[^]*LIMIT_READ must say how many[^]*RATE_LIMITS must be on or off|3 mistake[^]*RATE_LIMITS must be on or off[^]*LIMIT_READ must say how many/,
  );
});
