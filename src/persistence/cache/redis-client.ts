// A connection to Redis: to one server, to whatever its sentinels say is the primary, or to a cluster. Every wait is bounded,
// nothing is queued while it is away, and it comes back by itself, each time a little later.

import { Cluster, Redis, type RedisOptions, type Result } from 'ioredis';
import type { Clock } from '../../runtime/ports.ts';
import { Backoff } from '../backoff.ts';
import { CACHE_LIMITS } from './cache.ts';
import { FORMAT, VALUE_AT, VERSION_ENDS_AT } from './cache-entry.ts';
import { isReadOnly } from './cache-trouble.ts';
import type { RedisAddress } from './redis-address.ts';

export type RedisClient = Redis | Cluster;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** @param isStrict '1': what is there gives way only to a higher version, and not to the same one @returns 1 if written */
    putVersioned(
      key: string,
      entry: Buffer,
      lifetimeMs: number,
      isStrict: '0' | '1',
    ): Result<number, Context>;
    /** @param keysAndUnits all keys, then what is added to each @returns by how much each is ahead of now, in units of 10 µs */
    spendLimits(count: number, ...keysAndUnits: (string | number)[]): Result<number[], Context>;
  }
}

const { connectMs, silenceMs, retryFirstMs, retryMostMs } = CACHE_LIMITS;

// What is no entry, whatever its type, is overwritten. Versions are whole numbers that JavaScript can tell apart: what has a
// higher one, such as infinity, would else stay for good.
const PUT_VERSIONED = `
local stored = redis.pcall('GETRANGE', KEYS[1], 0, ${VALUE_AT - 1})
if type(stored) == 'string' and #stored == ${VALUE_AT} and string.byte(stored) == ${FORMAT} then
  local old = struct.unpack('>d', string.sub(stored, 2))
  local new = struct.unpack('>d', string.sub(ARGV[1], 2, ${VERSION_ENDS_AT}))
  if old <= ${Number.MAX_SAFE_INTEGER} and (old > new or (old == new and ARGV[3] == '1')) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** Of 10 µs. A bucket that seems to be further away from full than 3 hours was written by nobody who should. */
const AHEAD_UNITS_MAX = 2 ** 30;
const SPEND_LIMITS = `
local time = redis.call('TIME')
local now = time[1] * 100000 + math.floor(time[2] / 10)
local told = {}
for at, key in ipairs(KEYS) do
  local stored = redis.pcall('GETRANGE', key, 0, 20)
  local ahead = type(stored) == 'string' and tonumber(stored) or now
  ahead = ahead - now
  if not (ahead > 0) then ahead = 0 end
  if ahead > ${AHEAD_UNITS_MAX} then ahead = ${AHEAD_UNITS_MAX} end
  ahead = math.floor(ahead + tonumber(ARGV[at]))
  redis.call('SET', key, string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 100) + 1)
  told[at] = ahead
end
return told`;
const scripts = {
  putVersioned: { lua: PUT_VERSIONED, numberOfKeys: 1 },
  spendLimits: { lua: SPEND_LIMITS },
};

/** It connects at once, and without end. Whoever opened it disconnects it. */
export function openRedis(
  address: RedisAddress,
  clock: Pick<Clock, 'monotonic'>,
  enableAutoPipelining = true,
): RedisClient {
  const backoff = new Backoff(retryFirstMs, retryMostMs);
  const retry = (): number => backoff.nextMs();
  const { username, password, tls } = address;
  // Whom Node trusts is trusted: with NODE_EXTRA_CA_CERTS also an authority of one's own.
  const node = {
    ...(tls && { tls: {} }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    connectTimeout: connectMs,
    socketTimeout: silenceMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    reconnectOnError: leavingReadOnly(clock),
  } satisfies RedisOptions;
  const client =
    address.kind === 'cluster'
      ? new Cluster([...address.nodes], {
          redisOptions: node,
          scripts,
          enableAutoPipelining,
          enableOfflineQueue: false,
          // A reader waits no longer than for one look elsewhere.
          maxRedirections: 2,
          retryDelayOnFailover: 20,
          retryDelayOnClusterDown: 20,
          slotsRefreshTimeout: connectMs,
          slotsRefreshInterval: retryMostMs,
          clusterRetryStrategy: retry,
        })
      : new Redis({ ...node, ...placeOf(address), scripts, enableAutoPipelining, retryStrategy: retry });
  client.on('ready', () => backoff.reset());
  return client;
}

/** A primary whose place another one has taken is left. Where there is no other one that would be for nothing each time. */
function leavingReadOnly(clock: Pick<Clock, 'monotonic'>): (error: Error) => boolean {
  let notBefore = -Infinity;
  return ({ message }) => {
    const now = clock.monotonic();
    if (!isReadOnly(message) || now < notBefore) return false;
    notBefore = now + retryMostMs;
    return true;
  };
}

function placeOf(address: Exclude<RedisAddress, { kind: 'cluster' }>) {
  if (address.kind === 'single') {
    const { host, port, db } = address;
    return { host, port, db };
  }
  const { sentinels, name, db, sentinelPassword, tls } = address;
  const backoff = new Backoff(retryFirstMs, retryMostMs);
  return {
    sentinels: [...sentinels],
    name,
    db,
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls && { sentinelTLS: {}, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: connectMs,
    sentinelRetryStrategy: () => backoff.nextMs(),
  };
}
