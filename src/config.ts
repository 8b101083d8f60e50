// Every setting with its unit and default, from the environment and from a file, checked once at the start: all mistakes
// are told together, and nothing that was set is silently ignored.

import { readFileSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import * as z from 'zod';
import {
  ASSET_SECRETS,
  ASSET_SETTINGS,
  assetContradictions,
  toAssetConfig,
  type AssetConfig,
} from './asset-config.ts';
import {
  DEFAULT_HTTP_LIMITS,
  DEMO_LIMITS,
  proxiesOf,
  type HttpLimits,
  type SignInSettings,
  type TicketSettings,
} from './http/index.ts';
import { parseRedisAddress, type RedisAddress } from './persistence/index.ts';
import { ExpectedError } from './runtime/expected-error.ts';
import { DEFAULT_LIMITS, DEFAULT_PREFIX, DEFAULT_SHARDS, type RuntimeLimits } from './runtime/index.ts';
import {
  PAYMENT_SECRETS,
  PAYMENT_SETTINGS,
  paymentContradictions,
  toPaymentConfig,
  type PaymentConfig,
} from './payment-config.ts';
import { RISK_SETTINGS, toRiskConfig, type RiskConfig } from './risk-config.ts';
import { SIGN_IN_SECRETS, SIGN_IN_SETTINGS, signInContradictions, toSignIn } from './sign-in-config.ts';
import { LIMIT_SETTINGS, toRateLimits, type RateLimitConfig } from './limit-config.ts';
import { TICKET_SETTINGS, toTicketSettings } from './ticket-config.ts';

/** A number, or its digits: the environment knows only text. Nothing else, since JavaScript takes `true` for 1. */
function integer(min: number, max: number) {
  const wanted = `must be a whole number from ${min} to ${max}`;
  const ofText = (value: unknown) =>
    typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return z.preprocess(ofText, z.number(wanted).int(wanted).min(min, wanted).max(max, wanted));
}

const secret = (what: string) =>
  z
    .string({ error: `is missing: ${what} (make one with: openssl rand -base64 24; or try start --demo)` })
    .min(16, 'must have at least 16 characters')
    .max(4_096);

/** It travels in a header, which would lose spaces at its ends and mangle what is not ASCII. */
const headerText = /^[\x21-\x7e]*$/;

const ROLES = ['http', 'actors', 'projection'] as const;

const roles = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').map((role) => role.trim()) : value),
  z
    .array(z.enum(ROLES, `must be some of ${ROLES.join(', ')}, separated by commas`))
    .min(1, `must be at least one of ${ROLES.join(', ')}`),
);

const natsAddresses = z.string().superRefine((text, context) => {
  const wrong = listOf(text).filter((address) => !isNatsAddress(address));
  if (wrong.length > 0)
    context.addIssue({
      code: 'custom',
      message:
        'must be nats://host:port or tls://host:port, with user:password@ before the host or not, separated by commas',
    });
});

const listOf = (text: string): string[] => (text === '' ? [] : text.split(',').map((part) => part.trim()));

function isNatsAddress(address: string): boolean {
  try {
    const { protocol, hostname } = new URL(address);
    return ['nats:', 'tls:'].includes(protocol) && hostname !== '';
  } catch {
    return false;
  }
}

const redisAddress = z.string().superRefine((text, context) => {
  try {
    parseRedisAddress(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

const mebibytes = 1024 * 1024;

/** Names are those of the environment; in the file they are the same, in any case. */
const settings = z.strictObject({
  PORT: integer(0, 65_535).default(3_000).describe('TCP port; 0 takes a free one'),
  HOST: z.string().min(1).default('0.0.0.0').describe('address to listen on; 127.0.0.1 in demo mode'),
  WORKERS: integer(1, 64).default(availableParallelism()).describe('threads that serve HTTP and own shards'),
  DATA_DIR: z.string().min(1).default('./data').describe('folder of the journal and the embedded Postgres'),
  DATABASE_URL: z
    .string()
    // Read as an address it would end early, and parts of the password would be taken for a host and a database.
    .refine((address) => !/#|[/?].*@/.test(address.slice(address.indexOf('//') + 2)), {
      error: 'must have the characters / ? # @ of a password written as %2F %3F %23 %40',
    })
    .pipe(z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// address' }))
    .optional()
    .describe('Postgres for orders; without it an embedded one'),
  NATS_URL: natsAddresses
    .optional()
    .describe(
      'NATS servers, separated by commas: the node is one of a cluster, with the journal on JetStream',
    ),
  NATS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, 'must be 1 to 32 letters, digits, _ and -')
    .default(DEFAULT_PREFIX)
    .describe('of the names of streams and subjects: another cluster has another'),
  NATS_INBOX_PREFIX: z
    .string()
    .regex(
      /^_INBOX[A-Za-z0-9_-]{0,64}(\.[A-Za-z0-9_-]{1,64})*$/,
      'must begin with _INBOX, as _INBOX_admin: nodes answer to inboxes alone. Letters, digits, _ and -, and dots between',
    )
    .optional()
    .describe('of the subjects on which NATS answers; permissions may allow each user its own'),
  NATS_REPLICAS: integer(1, 3)
    .refine((copies) => copies !== 2, 'must be 1 or 3')
    .optional()
    .describe('copies of the journal; by default 3 where three servers are one cluster, else 1'),
  NATS_MONITOR_URLS: z
    .string()
    .regex(
      /^https?:\/\/[^\s,]+(\s*,\s*https?:\/\/[^\s,]+)*$/,
      'must be http:// addresses, separated by commas',
    )
    .optional()
    .describe('monitoring addresses of the NATS servers: they alone tell whether a server syncs'),
  LEASE_MS: integer(500, 60_000)
    .default(3_000)
    .describe('a node of a cluster without a sign of life for so long is replaced'),
  ROLES: roles
    .default([...ROLES])
    .describe('what the node does: http, actors, projection, separated by commas'),
  REDIS_URL: redisAddress
    .optional()
    .describe('Redis for what is read again: one server, Sentinel or Cluster'),
  NODE_ID: z.string().min(1).max(64).default(hostname().slice(0, 64)).describe('name of this node'),
  ADMIN_TOKEN: secret('the token that admins send')
    .regex(headerText, 'must be printable ASCII without spaces')
    .describe('bearer token of admin calls'),
  AUTH_SECRET: z
    .string()
    .min(16, 'must have at least 16 characters')
    .max(4_096)
    .optional()
    .describe('verifies shoppers’ tokens; needed without AUTH_JWKS_URL'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  SHARDS: integer(1, 4_096).default(DEFAULT_SHARDS).describe('fixed when the journal is made'),
  PROJECTION_WORKERS: integer(1, 16).default(1).describe('threads that write orders to Postgres'),
  PROJECTION_RECORDS_MAX: integer(1, 10_000).default(200).describe('journal records in one transaction'),
  FEED_ACK_WAIT_MS: integer(1_000, 600_000)
    .default(25_000)
    .describe('after so long without a sign of life a record is given out again'),
  FEED_HEARTBEAT_MS: integer(500, 30_000)
    .default(3_000)
    .describe('between two signs of life of feed and NATS server to each other'),
  FEED_WORKING_MS_MAX: integer(5_000, 3_600_000)
    .default(60_000)
    .describe('one batch may be worked on for so long; then its thread is ended, and it is tried again'),
  FEED_IN_FLIGHT_MAX: integer(1, 100_000).default(4_000).describe('records given out and not acknowledged'),
  JOURNAL_MEBIBYTES_MAX: integer(1, 1_048_576)
    .default(65_536)
    .describe('size at which the journal refuses orders'),
  MAILBOX_ENTRIES_MAX: integer(1, 1_000_000)
    .default(DEFAULT_LIMITS.mailboxEntriesMax)
    .describe('waiting commands, a shard'),
  PENDING_MAX: integer(1, 1_000_000)
    .default(DEFAULT_LIMITS.pendingMax)
    .describe('commands under way, a thread'),
  COMMAND_TIMEOUT_MS: integer(100, 60_000)
    .default(DEFAULT_LIMITS.commandTimeoutMs)
    .describe('from request to answer'),
  WORKER_STALL_MS: integer(1_000, 600_000)
    .default(DEFAULT_LIMITS.workerStallMs)
    .describe('a worker thread without progress for so long is ended'),
  WORKER_START_MS: integer(1_000, 600_000)
    .default(DEFAULT_LIMITS.workerStartMs)
    .describe('a worker thread without a sign of life for so long after its start is ended'),
  ORDERS_KEPT_SECONDS: integer(1, 100_000_000)
    .default(DEFAULT_LIMITS.ordersKeptMs / 1_000)
    .describe('orders and keys stay in memory for so long after their sale'),
  STREAMS_MAX: integer(1, 100_000)
    .default(DEFAULT_HTTP_LIMITS.streamsMax)
    .describe('open event streams, a thread'),
  SAMPLE_CAMPAIGNS: z
    .preprocess(
      (value) => (typeof value === 'boolean' ? String(value) : value),
      z.enum(['true', 'false'], 'must be true or false'),
    )
    .default('true')
    .describe('demo mode makes its sample campaigns; nothing outside of it'),
  TRUSTED_PROXIES: z
    .string()
    .max(4_096)
    .refine((text) => proxiesOf(listOf(text)) !== undefined, {
      error: 'must be IP addresses or networks such as 10.0.0.0/8, separated by commas',
    })
    .optional()
    .describe('proxies whose X-Forwarded-For says where requests come from'),
  ...SIGN_IN_SETTINGS,
  ...ASSET_SETTINGS,
  ...RISK_SETTINGS,
  ...TICKET_SETTINGS,
  ...PAYMENT_SETTINGS,
  ...LIMIT_SETTINGS,
});

const STORAGE_SETTINGS = {
  NATS_URL: true,
  NATS_PREFIX: true,
  NATS_INBOX_PREFIX: true,
  NATS_REPLICAS: true,
  NATS_MONITOR_URLS: true,
  LEASE_MS: true,
  SHARDS: true,
} as const;

/** Addresses may carry passwords. */
const SECRETS = new Set([
  'ADMIN_TOKEN',
  'AUTH_SECRET',
  'DATABASE_URL',
  'NATS_URL',
  'REDIS_URL',
  ...SIGN_IN_SECRETS,
  ...ASSET_SECRETS,
  ...PAYMENT_SECRETS,
]);

export type Role = (typeof ROLES)[number];

export interface ClusterConfig {
  /** `nats://` addresses. */
  readonly servers: readonly string[];
  readonly prefix: string;
  readonly inboxPrefix: string | undefined;
  /** Of the journal; undefined: as the servers allow. */
  readonly replicas: 1 | 3 | undefined;
  readonly monitorUrls: readonly string[];
  readonly leaseMs: number;
}

export interface Config {
  readonly demo: boolean;
  /** Made at the start of a demo. */
  readonly hasSampleCampaigns: boolean;
  readonly port: number;
  readonly host: string;
  readonly workers: number;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  /** Without Redis each worker thread has a cache of its own. */
  readonly cache: { readonly redis: RedisAddress | undefined; readonly prefix: string };
  /** Undefined for a node by itself. */
  readonly cluster: ClusterConfig | undefined;
  readonly roles: ReadonlySet<Role>;
  readonly nodeId: string;
  readonly adminToken: string;
  /** Of the shop's HS256 tokens; undefined: there are none. */
  readonly authSecret: string | undefined;
  /** Of the provider's tokens; undefined: there are none. */
  readonly jwksUrl: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly sessionSecret: string;
  readonly sessionMs: number;
  readonly signIn: SignInSettings;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly shards: number;
  readonly journalBytesMax: number;
  readonly projection: { readonly workers: number; readonly recordsMax: number };
  readonly feed: {
    readonly ackWaitMs: number;
    readonly heartbeatMs: number;
    readonly workingMsMax: number;
    readonly inFlightMax: number;
  };
  readonly limits: RuntimeLimits;
  readonly http: HttpLimits;
  /** Addresses and networks. */
  readonly trustedProxies: readonly string[];
  readonly assets: AssetConfig;
  readonly risk: RiskConfig;
  readonly tickets: TicketSettings;
  readonly payments: PaymentConfig;
  /** Undefined: requests are not limited. */
  readonly rateLimits: RateLimitConfig | undefined;
}

export class ConfigError extends ExpectedError {
  override readonly name = 'ConfigError';
}

type Source = Readonly<Record<string, unknown>>;

export interface ConfigOptions {
  readonly demo?: boolean;
  /** Path of a JSON file; a name in it that is no setting is a mistake. */
  readonly file?: string | undefined;
}

/**
 * @param environment names in capitals; others than the settings are somebody else's and left alone
 * @throws ConfigError naming every mistake
 */
export function loadConfig(environment: Source, options: ConfigOptions): Config {
  const { values, problems } = read(environment, options);
  const parsed = settings.safeParse(values);
  if (!parsed.success) {
    for (const { path, message, code, ...issue } of parsed.error.issues) {
      const names = code === 'unrecognized_keys' ? (issue as { keys: string[] }).keys : [String(path[0])];
      for (const name of names)
        problems.push(`${name} ${code === 'unrecognized_keys' ? 'is not a setting' : message}`);
    }
  }
  if (isMissingSecret(values)) problems.push(`AUTH_SECRET ${NO_AUTH_SECRET}`);
  if (parsed.success) problems.push(...contradictions(parsed.data));
  if (problems.length > 0 || !parsed.success) throw mistakes(problems);
  return toConfig(parsed.data, options.demo ?? false);
}

/** Where the journal on NATS is, for commands that work without a node. @throws ConfigError naming every mistake */
export function loadClusterConfig(environment: Source): {
  cluster: ClusterConfig | undefined;
  shards: number;
} {
  const { values } = read(environment, {});
  const parsed = settings
    .pick(STORAGE_SETTINGS)
    .safeParse(Object.fromEntries(Object.keys(STORAGE_SETTINGS).map((name) => [name, values[name]])));
  if (!parsed.success)
    throw mistakes(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`));
  return { cluster: clusterOf(parsed.data), shards: parsed.data.SHARDS };
}

/** For people: every setting as it is in force, secrets hidden. @throws ConfigError when the file cannot be read */
export function describeConfig(environment: Source, options: ConfigOptions): Record<string, unknown> {
  const { values, problems } = read(environment, options);
  if (problems.length > 0) throw mistakes(problems);
  const described: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(settings.shape)) {
    const value = values[name];
    const { success, data } = schema.safeParse(value);
    if (name === 'AUTH_SECRET' && isMissingSecret(values)) described[name] = '(missing)';
    else if (SECRETS.has(name) && value !== undefined)
      described[name] = success ? '(hidden)' : '(hidden, wrong)';
    else if (success) described[name] = data ?? null;
    else described[name] = value === undefined ? '(missing)' : `(wrong) ${JSON.stringify(value)}`;
  }
  for (const name of Object.keys(values)) described[name] ??= '(not a setting)';
  return described;
}

const NO_AUTH_SECRET =
  'is missing: the HS256 secret of the shop’s customer tokens, or AUTH_JWKS_URL instead (make one with: openssl rand -base64 24; or try start --demo)';

/** Shoppers' tokens could not be told from anybody's. */
const isMissingSecret = (values: Record<string, unknown>): boolean =>
  values['AUTH_SECRET'] === undefined && values['AUTH_JWKS_URL'] === undefined;

const mistakes = (problems: readonly string[]): ConfigError =>
  new ConfigError(`The configuration has ${problems.length} mistake(s):\n  - ${problems.join('\n  - ')}`);

interface Read {
  readonly values: Record<string, unknown>;
  readonly problems: string[];
}

function read(environment: Source, { demo = false, file }: ConfigOptions): Read {
  const { values, problems } = file === undefined ? { values: {}, problems: [] } : readSettings(file);
  for (const name of Object.keys(settings.shape)) {
    if (environment[name] !== undefined && environment[name] !== '') values[name] = environment[name];
  }
  if (demo) {
    values['HOST'] ??= '127.0.0.1';
    values['ADMIN_TOKEN'] ??= madeUp();
    values['AUTH_SECRET'] ??= madeUp();
    for (const [name, wide] of Object.entries(DEMO_LIMITS)) values[name] ??= wide;
  }
  return { values, problems };
}

function readSettings(file: string): Read {
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return { values: {}, problems: [`${file} cannot be read as JSON: ${(error as Error).message}`] };
  }
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    return { values: {}, problems: [`${file} must hold a JSON object of settings`] };
  }
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(written)) {
    const capitals = name.toUpperCase();
    if (Object.hasOwn(values, capitals))
      problems.push(`${capitals} stands in ${file} twice, in different cases`);
    values[capitals] = value;
  }
  return { values, problems };
}

/** What is right by itself, and not together. */
function contradictions(values: z.output<typeof settings>): string[] {
  const { NATS_URL, DATABASE_URL, ROLES: has, FEED_ACK_WAIT_MS, FEED_HEARTBEAT_MS } = values;
  const problems = [
    ...assetContradictions(values),
    ...paymentContradictions(values),
    ...signInContradictions(values, values.AUTH_SECRET !== undefined),
  ];
  if (NATS_URL === undefined && has.length < ROLES.length)
    problems.push('ROLES must be left out without NATS_URL: a node by itself does everything');
  if (
    NATS_URL !== undefined &&
    DATABASE_URL === undefined &&
    (has.includes('http') || has.includes('projection'))
  )
    problems.push(
      'DATABASE_URL is missing: nodes of a cluster (NATS_URL) write orders to one Postgres and read lists from it; only a node ' +
        'with ROLES=actors does without',
    );
  if (NATS_URL !== undefined && FEED_HEARTBEAT_MS > FEED_ACK_WAIT_MS / 3)
    problems.push(
      `FEED_HEARTBEAT_MS is ${FEED_HEARTBEAT_MS}, and must be at most a third of FEED_ACK_WAIT_MS, which is ${FEED_ACK_WAIT_MS}: else ` +
        'records in work are given out again when a sign of life is late',
    );
  return problems;
}

function clusterOf(
  values: Pick<z.output<typeof settings>, keyof typeof STORAGE_SETTINGS>,
): ClusterConfig | undefined {
  const { NATS_URL: addresses, NATS_PREFIX: prefix, NATS_REPLICAS: replicas, LEASE_MS: leaseMs } = values;
  if (addresses === undefined) return undefined;
  return {
    servers: listOf(addresses),
    prefix,
    inboxPrefix: values.NATS_INBOX_PREFIX,
    replicas: replicas as 1 | 3 | undefined,
    monitorUrls: listOf(values.NATS_MONITOR_URLS ?? ''),
    leaseMs,
  };
}

function toConfig(values: z.output<typeof settings>, demo: boolean): Config {
  return {
    demo,
    hasSampleCampaigns: demo && values.SAMPLE_CAMPAIGNS === 'true',
    port: values.PORT,
    host: values.HOST,
    workers: values.WORKERS,
    dataDir: values.DATA_DIR,
    databaseUrl: values.DATABASE_URL,
    cache: {
      redis: values.REDIS_URL === undefined ? undefined : parseRedisAddress(values.REDIS_URL),
      prefix: values.NATS_PREFIX,
    },
    cluster: clusterOf(values),
    roles: new Set(values.ROLES),
    nodeId: values.NODE_ID,
    adminToken: values.ADMIN_TOKEN,
    authSecret: values.AUTH_SECRET,
    jwksUrl: values.AUTH_JWKS_URL,
    issuer: values.AUTH_ISSUER,
    audience: values.AUTH_AUDIENCE,
    // Without one of them the configuration was refused.
    sessionSecret: (values.SESSION_SECRET ?? values.AUTH_SECRET)!,
    sessionMs: values.SESSION_SECONDS * 1_000,
    signIn: toSignIn(values),
    logLevel: values.LOG_LEVEL,
    shards: values.SHARDS,
    journalBytesMax: values.JOURNAL_MEBIBYTES_MAX * mebibytes,
    projection: { workers: values.PROJECTION_WORKERS, recordsMax: values.PROJECTION_RECORDS_MAX },
    feed: {
      ackWaitMs: values.FEED_ACK_WAIT_MS,
      heartbeatMs: values.FEED_HEARTBEAT_MS,
      workingMsMax: values.FEED_WORKING_MS_MAX,
      inFlightMax: values.FEED_IN_FLIGHT_MAX,
    },
    limits: {
      ...DEFAULT_LIMITS,
      mailboxEntriesMax: values.MAILBOX_ENTRIES_MAX,
      pendingMax: values.PENDING_MAX,
      commandTimeoutMs: values.COMMAND_TIMEOUT_MS,
      ordersKeptMs: values.ORDERS_KEPT_SECONDS * 1_000,
      workerStallMs: values.WORKER_STALL_MS,
      workerStartMs: values.WORKER_START_MS,
    },
    http: { ...DEFAULT_HTTP_LIMITS, streamsMax: values.STREAMS_MAX },
    trustedProxies: listOf(values.TRUSTED_PROXIES ?? ''),
    assets: toAssetConfig(values),
    risk: toRiskConfig(values),
    tickets: toTicketSettings(values),
    payments: toPaymentConfig(values),
    rateLimits: toRateLimits(values, demo),
  };
}

const madeUp = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString('base64url');
