// The journal of a cluster as a command finds it that makes nothing there.

import { StartError } from './start-error.ts';
import {
  JetStreamNames,
  jetStreamFacts,
  openLink,
  systemTimers as timers,
  type JetStreamFacts,
  type Link,
  type NatsConnectionSettings,
} from './runtime/index.ts';

export interface ClusterAddress extends NatsConnectionSettings {
  readonly prefix?: string | undefined;
  readonly leaseMs: number;
}

export interface OpenCluster extends JetStreamFacts {
  readonly link: Link;
  readonly names: JetStreamNames;
}

/** @throws NatsUnreachable @throws StartError when there is no journal */
export async function withCluster<T>(
  address: ClusterAddress,
  work: (cluster: OpenCluster) => Promise<T>,
): Promise<T> {
  const { servers, inboxPrefix, prefix } = address;
  const names = new JetStreamNames(prefix);
  const link = await openLink({ servers, inboxPrefix }, timers);
  try {
    const facts = await jetStreamFacts(link, names);
    if (facts !== undefined) return await work({ ...facts, link, names });
    throw new StartError(
      `There is no stream ${names.journalStream} on NATS_URL: nothing was journaled there.`,
    );
  } finally {
    await link.close();
  }
}
