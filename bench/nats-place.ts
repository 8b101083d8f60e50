// JetStream as the place of a benchmark's journals: real nats-servers of the run's own, one or three, all on this machine, each
// message synced before it is acknowledged. Each journal is a stream with one copy for each server. The client runs on the
// thread that asks for the journal, as in a node. Ended by whoever started it.

import { jetstreamManager } from '@nats-io/jetstream';
import {
  JetStreamFeed,
  JetStreamJournal,
  JetStreamNames,
  Link,
  provision,
  systemClock as clock,
  systemTimers as timers,
  type JetStreamFeedOptions,
  type StoredRecord,
} from '../src/runtime/index.ts';
import { waitUntil } from '../test/harness/wait-until.ts';
import { startNats, type NatsCluster } from '../test/servers/nats.ts';
import type { BenchJournal, JournalPlace } from './bench-journal.ts';
import { cpuTimeOf, total } from './process-cpu.ts';

export interface NatsBenchJournal extends BenchJournal {
  /** Of a name of its own, from the first record on. It is closed before the journal is removed. */
  feed(
    options: Pick<JetStreamFeedOptions, 'name' | 'inFlightMax' | 'ackWaitMs' | 'prefetchMax'>,
  ): Promise<JetStreamFeed>;
}

const PROVISION_MS_MAX = 30_000;

export type Replicas = 1 | 3;

export class NatsPlace implements JournalPlace {
  readonly name: 'R1' | 'R3' | 'R1Lazy' | 'R3Lazy';
  readonly replicas: Replicas;
  readonly cluster: NatsCluster;
  #journals = 0;

  private constructor(replicas: Replicas, isLazy: boolean, cluster: NatsCluster) {
    this.name = `R${replicas}${isLazy ? 'Lazy' : ''}`;
    this.replicas = replicas;
    this.cluster = cluster;
  }

  /** With its line of progress. @param isLazy the servers sync every two minutes, as they do unless told otherwise */
  static async start(replicas: Replicas, say: (text: string) => void, isLazy = false): Promise<NatsPlace> {
    const servers = replicas === 1 ? 'one nats-server' : `${replicas} nats-servers`;
    const startedAt = performance.now();
    const options = { servers: replicas, ...(isLazy && { syncInterval: undefined }) };
    const place = new NatsPlace(replicas, isLazy, await startNats(options));
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    say(`  ${place.name}: ${servers} of version ${await place.version()}, ready after ${seconds} s`);
    return place;
  }

  async version(): Promise<string> {
    const link = await this.link();
    const version = link.connection.info?.version ?? 'unknown';
    await link.close();
    return version;
  }

  link(): Promise<Link> {
    return Link.open(this.cluster.connection, timers);
  }

  async make(_: string, shards: number): Promise<NatsBenchJournal> {
    const link = await this.link();
    const names = new JetStreamNames(`bench${++this.#journals}`);
    await provisioned(link, names, shards, this.replicas);
    const journal = new JetStreamJournal({ link, clock, timers, names });
    return {
      journal,
      finish: () => Promise.resolve(),
      records: () => recordsOf(journal, shards),
      feed: (options) =>
        JetStreamFeed.open({
          link,
          names,
          clock,
          timers,
          heartbeatMs: 3_000,
          workingMsMax: 60_000,
          ...options,
        }),
      async remove() {
        const { streams } = await jetstreamManager(link.connection);
        await streams.delete(names.journalStream);
        await streams.delete(names.snapshotStream);
        await link.close();
      },
    };
  }

  serverCpuMicros(): number {
    return this.cluster.servers.reduce((sum, { pid }) => sum + total(cpuTimeOf(pid)), 0);
  }

  stop(): Promise<void> {
    return this.cluster.stop();
  }
}

/** The servers of a cluster know of each other's JetStream a moment after they answer. */
async function provisioned(
  link: Link,
  names: JetStreamNames,
  shards: number,
  replicas: Replicas,
): Promise<void> {
  const make = async (): Promise<boolean> => {
    await provision(link, names, { shards, replicas });
    return true;
  };
  await waitUntil('the streams are made', make, undefined, PROVISION_MS_MAX);
}

/** Of all shards, one shard after the other. */
export async function* recordsOf(journal: JetStreamJournal, shards: number): AsyncIterable<StoredRecord> {
  for (let shard = 0; shard < shards; shard++) {
    const head = await journal.head(shard);
    if (head === undefined) continue;
    for await (const piece of journal.replay(shard, 1, head.sequence)) yield* piece;
  }
}
