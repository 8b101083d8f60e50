// What TLS has against servers that the client of sentinels and Clusters only tells of as closed connections.

import { connect } from 'node:tls';
import { CACHE_LIMITS } from './cache.ts';
import type { RedisHost } from './redis-address.ts';

/** Asks one after the other. @returns undefined when nothing is wrong with the first that answers, or none does */
export async function tlsVerdict(hosts: readonly RedisHost[]): Promise<string | undefined> {
  for (const host of hosts) {
    const { isReached, error } = await greeted(host);
    if (isReached) return error?.message;
  }
  return undefined;
}

function greeted(to: RedisHost): Promise<{ readonly isReached: boolean; readonly error?: Error }> {
  return new Promise((resolve) => {
    let isReached = false;
    const socket = connect({ ...to, timeout: CACHE_LIMITS.connectMs });
    socket.once('connect', () => (isReached = true));
    socket.once('secureConnect', () => socket.destroy());
    socket.once('timeout', () => socket.destroy(new Error('no answer to the greeting of TLS')));
    socket.once('error', (error) => resolve({ isReached, error }));
    socket.once('close', () => resolve({ isReached }));
  });
}
