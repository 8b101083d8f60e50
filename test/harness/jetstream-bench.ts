// NATS servers that the tests of one file share, started when the first of them asks, and the connections that each test
// makes. Every test gets streams of its own.

import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import {
  JetStreamFeed,
  JetStreamJournal,
  JetStreamNames,
  JetStreamSnapshots,
  Link,
  provision,
  systemClock,
  systemRandom,
  systemTimers,
  type JetStreamFeedOptions,
  type JetStreamJournalOptions,
  type JetStreamSnapshotsOptions,
} from '../../src/runtime/index.ts';
import { startNats, type NatsCluster, type NatsOptions } from '../servers/nats.ts';
import { waitUntil } from './wait-until.ts';

export const SHARDS = 8;

type Connection = Parameters<typeof Link.open>[0];

export class JetStreamBench {
  readonly #options: NatsOptions;
  #cluster: Promise<NatsCluster> | undefined;
  #links: Link[] = [];
  #streams = 0;

  constructor(options: NatsOptions = {}) {
    this.#options = options;
  }

  get cluster(): Promise<NatsCluster> {
    this.#cluster ??= startNats(this.#options);
    return this.#cluster;
  }

  async link(connection: Connection = {}): Promise<Link> {
    const link = await Link.open({ ...(await this.cluster).connection, ...connection }, systemTimers);
    this.#links.push(link);
    return link;
  }

  /** Provisioned, and empty. */
  async stream(): Promise<JetStreamNames> {
    const names = new JetStreamNames(`test${++this.#streams}`);
    const replicas = this.#options.servers ?? 1;
    const link = await this.link();
    // The servers of a cluster know of each other's JetStream a moment after they answer.
    await waitUntil(
      'the streams are made',
      async () => {
        await provision(link, names, { shards: SHARDS, replicas });
        return true;
      },
      undefined,
      30_000,
    );
    return names;
  }

  async journal(
    names: JetStreamNames,
    options: Partial<JetStreamJournalOptions> = {},
    connection: Connection = {},
  ): Promise<JetStreamJournal> {
    const link = options.link ?? (await this.link(connection));
    return new JetStreamJournal({ clock: systemClock, timers: systemTimers, names, ...options, link });
  }

  async snapshots(
    names: JetStreamNames,
    onSetAside?: JetStreamSnapshotsOptions['onSetAside'],
    link?: Link,
  ): Promise<JetStreamSnapshots> {
    return new JetStreamSnapshots({
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      names,
      link: link ?? (await this.link()),
      ...(onSetAside && { onSetAside }),
    });
  }

  async feed(names: JetStreamNames, options: Partial<JetStreamFeedOptions> = {}): Promise<JetStreamFeed> {
    return JetStreamFeed.open({
      clock: systemClock,
      timers: systemTimers,
      names,
      name: 'projection',
      inFlightMax: 100,
      ackWaitMs: 25_000,
      heartbeatMs: 500,
      workingMsMax: 60_000,
      ...options,
      link: options.link ?? (await this.link()),
    });
  }

  async manager(): Promise<JetStreamManager> {
    return jetstreamManager((await this.link()).connection);
  }

  async restart(signal?: NodeJS.Signals): Promise<void> {
    await this.closeLinks();
    await (await this.cluster).restart(signal);
  }

  async closeLinks(): Promise<void> {
    await Promise.all(this.#links.splice(0).map((link) => link.close()));
  }

  async stop(): Promise<void> {
    await this.closeLinks();
    await (await this.#cluster)?.stop();
  }
}
