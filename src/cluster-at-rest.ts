// A cluster of which no node runs, for as long as a command works on its journal: the command is a member of it itself, under
// a name that nodes do not join beside (membership.ts). Killed, it is over when its lease is.

import { randomUUID } from 'node:crypto';
import {
  ARCHIVER,
  ArchivingExcluded,
  ClusterBucket,
  firstDocument,
  highestRevision,
  Membership,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
} from './runtime/index.ts';
import type { ClusterAddress, OpenCluster } from './open-cluster.ts';

export interface ClusterAtRest extends OpenCluster {
  /** Resolves while no node can have joined. @throws ArchivingExcluded */
  readonly assertAtRest: () => Promise<void>;
}

const LOOK_MS = 20;

/** @throws ArchivingExcluded when a node runs, or joined meanwhile @throws ClusterUnavailable */
export async function whileAtRest<T>(
  cluster: OpenCluster,
  { leaseMs }: Pick<ClusterAddress, 'leaseMs'>,
  work: (cluster: ClusterAtRest) => Promise<T>,
): Promise<T> {
  const { link, names, shards } = cluster;
  const bucket = await ClusterBucket.open(link, names, timers);
  const own = { leaseUntil: 0, isOver: false };
  const membership = new Membership({
    store: bucket,
    clock,
    timers,
    random,
    node: ARCHIVER,
    workers: 1,
    projects: false,
    leaseMs,
    first: async () => firstDocument(shards, (await highestRevision(cluster)) + 1, randomUUID()),
    setLease: (until) => (own.leaseUntil = until),
    listener: {
      onDocument: () => Promise.resolve(),
      onDeclaredDead: () => (own.isOver = true),
      onClock: () => undefined,
      onRemoved: () => undefined,
    },
  });
  // Long work on one file keeps the signs of life back; the next one tells whether anybody took that for the end.
  const assertAtRest = async (): Promise<void> => {
    const giveUpAt = clock.monotonic() + leaseMs;
    while (!own.isOver && clock.monotonic() >= own.leaseUntil && clock.monotonic() < giveUpAt)
      await new Promise<void>((resolve) => void timers.after(LOOK_MS, resolve));
    if (!own.isOver && clock.monotonic() < own.leaseUntil) return;
    throw new ArchivingExcluded(
      'This command gave no sign of life for a lease (LEASE_MS), so a node may have joined. Nothing more was changed: stop the ' +
        'nodes, and run it again.',
    );
  };
  try {
    await membership.join();
    return await work({ ...cluster, assertAtRest });
  } finally {
    if (membership.isMember) await membership.leave();
    else membership.stop();
    bucket.close();
  }
}
