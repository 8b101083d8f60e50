// What the streams of a journal have to be like, and what is wrong with those that are there.
//
// Purging stays allowed, because archives will need it, and a stream that once denies it can never allow it again: that
// nobody else purges is a matter of permissions (docs/jetstream.md).

import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { JetStreamNames } from './names.ts';

/** Servers that hold a copy of everything. */
export type Replicas = 1 | 3;

/** Of what is stored, not of the settings. */
export const JETSTREAM_FORMAT = 1;

/** Names in the metadata of each stream. */
export const NOTES = {
  id: 'doorbuster-id',
  format: 'doorbuster-format',
  shards: 'doorbuster-shards',
} as const;

export type WantedStream = Partial<StreamConfig> & { readonly name: string };

export interface StreamsOptions {
  /** Drawn when the journal is made. */
  readonly id: string;
  readonly shards: number;
  readonly replicas: Replicas;
}

/** The journal's own comes first: the others are made for it. */
export function streamsOf(names: JetStreamNames, { id, shards, replicas }: StreamsOptions): WantedStream[] {
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
    metadata: { [NOTES.id]: id, [NOTES.format]: String(JETSTREAM_FORMAT), [NOTES.shards]: String(shards) },
  };
  return [
    { ...common, name: names.journalStream, subjects: [names.journalSubjects] },
    { ...common, name: names.snapshotStream, subjects: [names.snapshotSubjects] },
    // A bucket as the client library makes them. Without direct reads, so that its leader alone answers.
    {
      ...common,
      name: names.clusterStream,
      subjects: [names.clusterSubjects],
      max_msgs_per_subject: 1,
      allow_direct: false,
      allow_rollup_hdrs: true,
    },
  ];
}

/** Each setting that is wrong, in words. */
export function faultsOf(found: StreamConfig, { metadata: noted = {}, ...settings }: WantedStream): string[] {
  const notes = Object.entries(noted).flatMap(([key, value]) => {
    const actual = found.metadata?.[key];
    if (actual === undefined) return [`its metadata lack ${key}`];
    if (actual === value) return [];
    const todo =
      key === NOTES.shards ? `: set SHARDS=${actual}, which is fixed once the journal is made` : '';
    return [`it was made with ${key} = ${actual}, and it is ${value} now${todo}`];
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
