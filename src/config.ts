// Every setting with its unit and default, from the environment and from a file, checked once at the start: all mistakes
// are told together, and nothing that was set is silently ignored.

import { readFileSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import * as z from 'zod';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from './http/index.ts';
import { DEFAULT_LIMITS, DEFAULT_SHARDS, type RuntimeLimits } from './runtime/index.ts';

function integer(min: number, max: number) {
  const wanted = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number(wanted).int(wanted).min(min, wanted).max(max, wanted);
}

const secret = (what: string) =>
  z
    .string({ error: `is missing: ${what}` })
    .min(16, 'must have at least 16 characters')
    .max(4_096);

const notYet = (what: string) =>
  z.undefined({ error: `is set, but ${what}: unset it, or nothing would be as it seems` }).optional();

const mebibytes = 1024 * 1024;

/** Names are those of the environment; in the file they are the same, in any case. */
const settings = z.strictObject({
  PORT: integer(0, 65_535).default(3_000).describe('TCP port; 0 takes a free one'),
  HOST: z.string().min(1).default('0.0.0.0').describe('address to listen on; 127.0.0.1 in demo mode'),
  WORKERS: integer(1, 64).default(availableParallelism()).describe('threads that serve HTTP and own shards'),
  DATA_DIR: z.string().min(1).default('./data').describe('folder of the journal and the embedded Postgres'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// address' })
    .optional()
    .describe('Postgres for orders; without it an embedded one'),
  NATS_URL: notYet('this version keeps its journal on this machine only'),
  REDIS_URL: notYet('this version has no shared cache'),
  AUTH_JWKS_URL: notYet('this version verifies HS256 tokens by AUTH_SECRET only'),
  NODE_ID: z.string().min(1).max(64).default(hostname().slice(0, 64)).describe('name of this node'),
  ADMIN_TOKEN: secret('the token that admins send').describe('bearer token of admin calls'),
  AUTH_SECRET: secret('the HS256 secret of the shop’s customer tokens').describe('verifies shoppers’ tokens'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  SHARDS: integer(1, 4_096).default(DEFAULT_SHARDS).describe('fixed when the journal is made'),
  PROJECTION_WORKERS: integer(1, 16).default(1).describe('threads that write orders to Postgres'),
  PROJECTION_RECORDS_MAX: integer(1, 10_000).default(200).describe('journal records in one transaction'),
  FEED_ACK_WAIT_MS: integer(1_000, 600_000).default(25_000).describe('after so long a record is given out again'),
  FEED_IN_FLIGHT_MAX: integer(1, 100_000).default(4_000).describe('records given out and not acknowledged'),
  JOURNAL_MEBIBYTES_MAX: integer(1, 1_048_576).default(65_536).describe('size at which the journal refuses orders'),
  MAILBOX_ENTRIES_MAX: integer(1, 1_000_000).default(DEFAULT_LIMITS.mailboxEntriesMax).describe('waiting commands, a shard'),
  PENDING_MAX: integer(1, 1_000_000).default(DEFAULT_LIMITS.pendingMax).describe('commands under way, a thread'),
  COMMAND_TIMEOUT_MS: integer(100, 60_000).default(DEFAULT_LIMITS.commandTimeoutMs).describe('from request to answer'),
  STREAMS_MAX: integer(1, 100_000).default(DEFAULT_HTTP_LIMITS.streamsMax).describe('open event streams, a thread'),
});

const SECRETS = new Set(['ADMIN_TOKEN', 'AUTH_SECRET', 'DATABASE_URL']);

export interface Config {
  readonly demo: boolean;
  readonly port: number;
  readonly host: string;
  readonly workers: number;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly nodeId: string;
  readonly adminToken: string;
  readonly authSecret: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly shards: number;
  readonly journalBytesMax: number;
  readonly projection: { readonly workers: number; readonly recordsMax: number };
  readonly feed: { readonly ackWaitMs: number; readonly inFlightMax: number };
  readonly limits: RuntimeLimits;
  readonly http: HttpLimits;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Source = Readonly<Record<string, unknown>>;

/**
 * @param environment names in capitals; others than the settings are somebody else's and left alone
 * @param file path of a JSON file; a name in it that is no setting is a mistake
 * @throws ConfigError naming every mistake
 */
export function loadConfig(environment: Source, { demo = false, file }: { demo?: boolean; file?: string | undefined }): Config {
  const { values, problems } = read(environment, file);
  if (demo) {
    values['HOST'] ??= '127.0.0.1';
    values['ADMIN_TOKEN'] ??= madeUp();
    values['AUTH_SECRET'] ??= madeUp();
  }
  const parsed = settings.safeParse(values);
  if (!parsed.success) {
    for (const { path, message, code, ...issue } of parsed.error.issues) {
      const names = code === 'unrecognized_keys' ? (issue as { keys: string[] }).keys : [path.join('.')];
      for (const name of names) problems.push(`${name} ${code === 'unrecognized_keys' ? 'is not a setting' : message}`);
    }
  }
  if (problems.length > 0 || !parsed.success) {
    throw new ConfigError(`The configuration has ${problems.length} mistake(s):\n  - ${problems.join('\n  - ')}`);
  }
  return toConfig(parsed.data, demo);
}

/** For people: every setting as it is in force, secrets hidden. */
export function describeConfig(environment: Source, file: string | undefined): Record<string, unknown> {
  const { values } = read(environment, file);
  return Object.fromEntries(
    Object.entries(settings.shape).map(([name, schema]) => {
      const parsed = schema.safeParse(values[name]);
      const value = parsed.success ? (parsed.data ?? null) : `(wrong) ${String(values[name] ?? 'missing')}`;
      return [name, SECRETS.has(name) && values[name] !== undefined ? '(hidden)' : value];
    }),
  );
}

function read(environment: Source, file: string | undefined): { values: Record<string, unknown>; problems: string[] } {
  const problems: string[] = [];
  const fromFile: Record<string, unknown> = {};
  if (file !== undefined) {
    try {
      for (const [name, value] of Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Source)) {
        fromFile[name.toUpperCase()] = value;
      }
    } catch (error) {
      problems.push(`${file} cannot be read as JSON: ${(error as Error).message}`);
    }
  }
  const known = Object.keys(settings.shape).filter((name) => environment[name] !== undefined && environment[name] !== '');
  return { values: { ...fromFile, ...Object.fromEntries(known.map((name) => [name, environment[name]])) }, problems };
}

function toConfig(values: z.output<typeof settings>, demo: boolean): Config {
  return {
    demo,
    port: values.PORT,
    host: values.HOST,
    workers: values.WORKERS,
    dataDir: values.DATA_DIR,
    databaseUrl: values.DATABASE_URL,
    nodeId: values.NODE_ID,
    adminToken: values.ADMIN_TOKEN,
    authSecret: values.AUTH_SECRET,
    logLevel: values.LOG_LEVEL,
    shards: values.SHARDS,
    journalBytesMax: values.JOURNAL_MEBIBYTES_MAX * mebibytes,
    projection: { workers: values.PROJECTION_WORKERS, recordsMax: values.PROJECTION_RECORDS_MAX },
    feed: { ackWaitMs: values.FEED_ACK_WAIT_MS, inFlightMax: values.FEED_IN_FLIGHT_MAX },
    limits: {
      ...DEFAULT_LIMITS,
      mailboxEntriesMax: values.MAILBOX_ENTRIES_MAX,
      pendingMax: values.PENDING_MAX,
      commandTimeoutMs: values.COMMAND_TIMEOUT_MS,
    },
    http: { ...DEFAULT_HTTP_LIMITS, streamsMax: values.STREAMS_MAX },
  };
}

const madeUp = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString('base64url');
