// The journal's place on NATS as a node's main thread finds it at its start: the connection, servers that can keep what is
// promised, and streams that are right, or are made. Whoever opened it closes the link.

import type { Timers } from '../ports.ts';
import { openLink, type NatsConnectionSettings } from './connection.ts';
import type { Link } from './link.ts';
import { JetStreamNames } from './names.ts';
import {
  JetStreamMismatch,
  provision,
  replicasFor,
  type Provisioned,
  type ProvisionOptions,
} from './provision.ts';
import { checkServer } from './server-check.ts';

/** At streams that nobody tells of: servers may be choosing a leader. */
const LOOKS_MAX = 5;
const LOOK_AGAIN_MS = 1_000;

export interface JetStreamStoreOptions extends NatsConnectionSettings, ProvisionOptions {
  readonly prefix?: string | undefined;
  /** Of the servers, `http://host:8222`. */
  readonly monitorUrls: readonly string[];
  /** The largest record. */
  readonly flushBytesMax: number;
}

export interface JetStreamStore extends Provisioned {
  readonly link: Link;
  readonly names: JetStreamNames;
  /** What an operator should know. */
  readonly warnings: readonly string[];
}

/**
 * Streams that are missing are made, if the user may make them.
 * @throws NatsUnreachable @throws ServerUnfit @throws JetStreamMismatch
 */
export async function openJetStream(
  options: JetStreamStoreOptions,
  timers: Pick<Timers, 'after'>,
): Promise<JetStreamStore> {
  const names = new JetStreamNames(options.prefix);
  const link = await openLink(options, timers);
  let first: Provisioned | undefined;
  for (let looks = 1; ; looks++) {
    try {
      const replicas = await replicasFor(link, names, options);
      const warnings = await checkServer(link, { ...options, replicas });
      const provisioned = await provision(link, names, { ...options, replicas });
      first ??= provisioned;
      if (provisioned.made.length === 0) return { link, names, warnings, ...first };
      // They choose a leader now, and are found when they have one.
      continue;
    } catch (error) {
      if (!(error instanceof JetStreamMismatch && error.mayPass && looks < LOOKS_MAX)) {
        await link.close();
        throw error;
      }
    }
    await new Promise<void>((resolve) => void timers.after(LOOK_AGAIN_MS, resolve));
  }
}
