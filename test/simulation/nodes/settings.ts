// Of every simulated cluster.

import { DEFAULT_LIMITS } from '../../../src/runtime/limits.ts';

export const SHARDS = 6;
export const LEASE_MS = 3_000;
export const LIMITS = {
  ...DEFAULT_LIMITS,
  commandTimeoutMs: 2_000,
  expiryGraceMs: 1_000,
  flushCommandsMax: 8,
};
