// Where the journal on NATS is, from the environment, for commands that work without a node.

import { CommandError } from '../node-client.ts';
import {
  DEFAULT_LIMITS,
  DEFAULT_SHARDS,
  JetStreamNames,
  type JetStreamStoreOptions,
  type Replicas,
} from '../runtime/index.ts';

const SHARDS_MAX = 4_096;

/** @returns undefined without NATS_URL: the journal is on this machine @throws CommandError */
export function natsSettings(
  environment: Readonly<Record<string, string | undefined>>,
): JetStreamStoreOptions | undefined {
  const { NATS_URL, NATS_PREFIX, NATS_REPLICAS, NATS_MONITOR_URLS, NATS_INBOX_PREFIX, SHARDS } = environment;
  const servers = listOf(NATS_URL);
  if (servers.length === 0) return undefined;
  return {
    servers,
    prefix: prefixOf(NATS_PREFIX),
    inboxPrefix: NATS_INBOX_PREFIX || undefined,
    replicas: replicasOf(NATS_REPLICAS),
    monitorUrls: listOf(NATS_MONITOR_URLS),
    shards: shardsOf(SHARDS),
    flushBytesMax: DEFAULT_LIMITS.flushBytesMax,
  };
}

const listOf = (text = ''): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

function prefixOf(text = ''): string | undefined {
  if (text === '') return undefined;
  try {
    void new JetStreamNames(text);
    return text;
  } catch (error) {
    throw new CommandError(`NATS_PREFIX cannot be used: ${(error as Error).message}.`, { cause: error });
  }
}

function replicasOf(text = ''): Replicas | undefined {
  if (text === '') return undefined;
  if (text === '1') return 1;
  if (text === '3') return 3;
  throw new CommandError(`NATS_REPLICAS is ${text}, and must be 1 or 3.`);
}

function shardsOf(text = ''): number {
  if (text === '') return DEFAULT_SHARDS;
  const shards = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (shards >= 1 && shards <= SHARDS_MAX) return shards;
  throw new CommandError(`SHARDS is ${text}, and must be a whole number from 1 to ${SHARDS_MAX}.`);
}
