// Makes the streams of the journal, or finds out whether those that are there keep what the journal promises. It changes
// nothing that is there: a setting that is wrong is named, and a person decides.
//
// Purging stays allowed, because archives will need it, and a stream that once denies it can never allow it again: that
// nobody else purges is a matter of permissions (docs/jetstream.md).

import {
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';

const NO_STREAM = 10059;

/** Of what is stored, not of the settings. */
const FORMAT = 1;

export interface ProvisionOptions {
  /** Fixed from then on. */
  readonly shards: number;
  /** Servers that hold a copy of everything. */
  readonly replicas: 1 | 3;
}

/** The streams that are there are not those of this journal, or would lose records. */
export class JetStreamMismatch extends Error {
  override readonly name = 'JetStreamMismatch';
}

/** @throws JetStreamMismatch */
export async function provision(link: Link, names: JetStreamNames, options: ProvisionOptions): Promise<void> {
  const manager = await jetstreamManager(link.connection, { checkAPI: false });
  for (const wanted of streamsOf(names, options)) {
    const found = (await configOf(manager, wanted.name)) ?? (await make(manager, wanted));
    const faults = faultsOf(found, wanted);
    if (faults.length === 0) continue;
    throw new JetStreamMismatch(
      `The stream ${wanted.name} cannot be used: ${faults.join('; ')}. Give the journal another prefix, or mend the stream.`,
    );
  }
}

/** Two provisioners at once make the same stream; what differs is found when it is read. */
async function make(manager: JetStreamManager, wanted: Wanted): Promise<StreamConfig> {
  try {
    return (await manager.streams.add(wanted)).config;
  } catch (error) {
    const made = await configOf(manager, wanted.name);
    if (made !== undefined) return made;
    const why = (error as Error).message;
    throw new JetStreamMismatch(`The stream ${wanted.name} cannot be made: ${why}.`, { cause: error });
  }
}

async function configOf(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_STREAM) return undefined;
    throw error;
  }
}

type Wanted = Partial<StreamConfig> & { readonly name: string };

function streamsOf(names: JetStreamNames, { shards, replicas }: ProvisionOptions): Wanted[] {
  const common = {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    num_replicas: replicas,
    max_age: 0,
    max_bytes: -1,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    no_ack: false,
    sealed: false,
    allow_direct: true,
    allow_rollup_hdrs: false,
    allow_msg_ttl: false,
    deny_delete: true,
    deny_purge: false,
    duplicate_window: nanos(JETSTREAM_LIMITS.duplicateWindowMs),
    metadata: { 'doorbuster-format': String(FORMAT), 'doorbuster-shards': String(shards) },
  };
  return [
    { ...common, name: names.journalStream, subjects: [names.journalSubjects] },
    { ...common, name: names.snapshotStream, subjects: [names.snapshotSubjects] },
  ];
}

function faultsOf(found: StreamConfig, wanted: Wanted): string[] {
  const { metadata: noted = {}, ...settings } = wanted;
  const notes = Object.entries(noted).flatMap(([key, value]) => {
    const actual = found.metadata?.[key];
    return actual === value
      ? []
      : [`it was made with ${key} = ${actual ?? 'nothing'}, and it is ${value} now`];
  });
  const faults = Object.entries(settings).flatMap(([key, value]) => {
    const actual = JSON.stringify(found[key as keyof StreamConfig] ?? defaultOf(value));
    const needed = JSON.stringify(value);
    return actual === needed ? [] : [`${key} is ${actual} and has to be ${needed}`];
  });
  const foreign = FOREIGN.filter((key) => !isNothing(found[key])).map((key) => `it has ${key}`);
  const lazy =
    found.persist_mode === 'async' ? ['persist_mode is async: it acknowledges what it has not written'] : [];
  return [...notes, ...faults, ...foreign, ...lazy];
}

/** What would bring in messages that nobody appended, or change those that were. */
const FOREIGN = ['mirror', 'sources', 'subject_transform'] as const;

const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

/** What a server leaves out of its answer. */
const defaultOf = (value: unknown): unknown => (typeof value === 'boolean' ? false : undefined);
