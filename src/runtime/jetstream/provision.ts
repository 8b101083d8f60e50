// Makes the streams of the journal, or finds out whether those that are there keep what the journal promises. It changes
// nothing that is there: a setting that is wrong is named, and a person decides.

import { randomUUID } from 'node:crypto';
import {
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { ExpectedError } from '../expected-error.ts';
import { inboxDenied, isDenied } from './denied.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';
import { clusterOf, connectedServer } from './server-facts.ts';
import { faultsOf, JETSTREAM_FORMAT, NOTES, streamsOf, type Replicas, type WantedStream } from './streams.ts';

const NO_STREAM = 10059;

export interface ProvisionOptions {
  /** Fixed from then on. */
  readonly shards: number;
  /** As many as the streams that are there have, or as the servers can hold, when it is not said. */
  readonly replicas?: Replicas | undefined;
}

export interface Provisioned extends JetStreamFacts {
  /** Streams that were not there before. */
  readonly made: readonly string[];
  readonly found: readonly string[];
}

/** What the journal's stream says of itself. */
export interface JetStreamFacts {
  /** Drawn when the journal was made. */
  readonly id: string;
  readonly format: number;
  readonly shards: number;
  readonly replicas: Replicas;
}

/** The streams that are there are not those of this journal, or would lose records, or cannot be made. */
export class JetStreamMismatch extends ExpectedError {
  override readonly name = 'JetStreamMismatch';
  /** While servers choose a leader, or another node is making the streams: worth another look. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass = false, ...options }: ErrorOptions & { mayPass?: boolean } = {}) {
    super(message, options);
    this.mayPass = mayPass;
  }
}

/** This user may not do what it takes; another one may. */
export class NotPermitted extends JetStreamMismatch {
  constructor(what: string, cause: unknown) {
    super(
      inboxDenied(cause) ??
        `The NATS user may not ${what}. Run “npx doorbuster provision” with a user that may make streams, and see ` +
          '“Permissions” in docs/jetstream.md for what each of the others needs.',
      { cause },
    );
  }
}

/** Whoever else provisions at the same moment makes the same streams, and comes to the same id. @throws JetStreamMismatch */
export async function provision(
  link: Link,
  names: JetStreamNames,
  { shards, replicas: copies }: ProvisionOptions,
): Promise<Provisioned> {
  const manager = await jetstreamManager(link.connection, { checkAPI: false });
  const configs = await configsOf(manager, names);
  const found = [...configs.keys()];
  assertNotLost(names, configs);
  const replicas = copies ?? replicasOf(configs.get(names.journalStream)) ?? copiesFor(clusterOf(link));
  const made: string[] = [];
  const makeMissing = async (stream: WantedStream): Promise<void> => {
    if (configs.has(stream.name)) return;
    configs.set(stream.name, await make(manager, stream));
    made.push(stream.name);
  };
  await makeMissing(streamsOf(names, { id: randomUUID(), shards, replicas })[0]!);
  const id = configs.get(names.journalStream)!.metadata?.[NOTES.id] ?? '';
  const wanted = streamsOf(names, { id, shards, replicas });
  assertRight(configs, wanted);
  for (const stream of wanted) await makeMissing(stream);
  assertRight(configs, wanted);
  return { id, format: JETSTREAM_FORMAT, shards, replicas, made, found };
}

/** What is there, and nothing is made. @returns undefined when there is no journal @throws JetStreamMismatch */
export async function jetStreamFacts(link: Link, names: JetStreamNames): Promise<JetStreamFacts | undefined> {
  const manager = await jetstreamManager(link.connection, { checkAPI: false });
  const config = await configOf(manager, names.journalStream);
  const { metadata = {} } = config ?? {};
  const id = metadata[NOTES.id];
  if (config === undefined) return undefined;
  if (id === undefined) throw new JetStreamMismatch(`The stream ${config.name} is no journal of Doorbuster.`);
  const [format, shards] = [Number(metadata[NOTES.format]), Number(metadata[NOTES.shards])];
  return { id, format, shards, replicas: replicasOf(config)! };
}

/** How many copies there are, or would be made. @throws JetStreamMismatch */
export async function replicasFor(
  link: Link,
  names: JetStreamNames,
  { replicas }: Pick<ProvisionOptions, 'replicas'>,
): Promise<Replicas> {
  // Whether there is JetStream at all is told by whoever checks the servers.
  if (replicas !== undefined || !connectedServer(link).hasJetStream) return replicas ?? 1;
  const manager = await jetstreamManager(link.connection, { checkAPI: false });
  return replicasOf(await configOf(manager, names.journalStream)) ?? copiesFor(clusterOf(link));
}

/** A new journal in the place of one that was deleted would know nothing of what was sold. */
function assertNotLost(names: JetStreamNames, configs: ReadonlyMap<string, StreamConfig>): void {
  if (configs.size === 0 || configs.has(names.journalStream)) return;
  throw new JetStreamMismatch(
    `The stream ${names.journalStream} is gone, and ${[...configs.keys()].join(' and ')} are still there. Restore it from ` +
      'its backup, or give the journal another prefix: a new one in its place would know nothing of what was sold.',
  );
}

function assertRight(configs: ReadonlyMap<string, StreamConfig>, wanted: readonly WantedStream[]): void {
  const wrong = wanted.flatMap((stream) => {
    const found = configs.get(stream.name);
    const faults = found === undefined ? [] : faultsOf(found, stream);
    return faults.length === 0 ? [] : [`The stream ${stream.name} cannot be used: ${faults.join('; ')}.`];
  });
  if (wrong.length === 0) return;
  throw new JetStreamMismatch(`${wrong.join(' ')} Give the journal another prefix, or mend what is wrong.`);
}

/** 1 or 3; another number is found wrong when it is compared with 3. */
function replicasOf(config: StreamConfig | undefined): Replicas | undefined {
  if (config === undefined) return undefined;
  return config.num_replicas === 1 ? 1 : 3;
}

/** Three wherever there are three servers to hold them: nobody finds out too late that there is one copy. */
export function copiesFor({ cluster, known }: ReturnType<typeof clusterOf>): Replicas {
  if (known >= 3) return 3;
  if (cluster === undefined) return 1;
  throw new JetStreamMismatch(
    `The NATS server belongs to the cluster ${cluster} and tells of ${known} servers, so whether three can hold a copy is not ` +
      'known. Say how many copies there have to be, 1 or 3 (NATS_REPLICAS).',
  );
}

/** Two provisioners at once make the same stream; what differs is found when it is read. */
async function make(manager: JetStreamManager, wanted: WantedStream): Promise<StreamConfig> {
  try {
    return (await manager.streams.add(wanted)).config;
  } catch (error) {
    const made = await configOf(manager, wanted.name);
    if (made !== undefined) return made;
    if (isDenied(error)) throw new NotPermitted(`make the stream ${wanted.name}`, error);
    const why = (error as Error).message;
    throw new JetStreamMismatch(`The stream ${wanted.name} cannot be made: ${why}.`, {
      cause: error,
      mayPass: true,
    });
  }
}

/** Of those that are there. The journal's is looked for last, since it is made first. */
async function configsOf(
  manager: JetStreamManager,
  names: JetStreamNames,
): Promise<Map<string, StreamConfig>> {
  const configs = new Map<string, StreamConfig>();
  for (const name of [names.clusterStream, names.snapshotStream, names.journalStream]) {
    const config = await configOf(manager, name);
    if (config !== undefined) configs.set(name, config);
  }
  return configs;
}

async function configOf(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_STREAM) return undefined;
    if (isDenied(error)) throw new NotPermitted(`look at the stream ${name}`, error);
    const why = (error as Error).message;
    throw new JetStreamMismatch(`The stream ${name} cannot be looked at: ${why}.`, {
      cause: error,
      mayPass: true,
    });
  }
}
