// Where the journal on NATS is, from the environment, for commands that work without a node.

import { loadClusterConfig } from '../config.ts';
import { DEFAULT_LIMITS, type JetStreamStoreOptions } from '../runtime/index.ts';

/** @returns undefined without NATS_URL: the journal is on this machine @throws ConfigError */
export function natsSettings(
  environment: Readonly<Record<string, string | undefined>>,
): JetStreamStoreOptions | undefined {
  const { cluster, shards } = loadClusterConfig(environment);
  return cluster && { ...cluster, shards, flushBytesMax: DEFAULT_LIMITS.flushBytesMax };
}
