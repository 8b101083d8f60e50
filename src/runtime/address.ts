// Addresses of worker threads in a cluster: the number of the node's membership, and the worker's own. A node by itself is
// member 0, so its addresses are its workers' numbers.

import type { Address } from './ports.ts';

/** As many as a node may have. */
export const WORKERS_MAX = 64;

/** Where a shard is that has no owner, and a command that waits for one. */
export const NOBODY: Address = -1;

export const addressOf = (member: number, worker: number): Address => member * WORKERS_MAX + worker;

export const memberOf = (address: Address): number => Math.floor(address / WORKERS_MAX);

export const workerOf = (address: Address): number => address % WORKERS_MAX;
