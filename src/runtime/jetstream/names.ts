// What things are called on the NATS server. One stream holds the records of all shards, since a server carries few
// replicated streams and many subjects; a record's sequence is its place in that stream.
//
//   doorbuster-journal      doorbuster.journal.<shard>
//   doorbuster-snapshots    doorbuster.snapshots.…         see snapshots.ts
//   KV_doorbuster-cluster   the placement document and the members' leases
//                           doorbuster.cmd.<address>       commands for a worker thread (no stream, as those below)
//                           doorbuster.reply.<address>     its answers from others
//                           doorbuster.node.<member>       what nodes ask each other
//                           doorbuster.changes             the document was changed: look at it
//                           doorbuster.nodes               what one of them tells all others
//                           admin.stock.load, …            what admins ask; doorbuster-2.admin.stock.load with another prefix

import type { Address } from '../ports.ts';

export const DEFAULT_PREFIX = 'doorbuster';

const PREFIX = /^[A-Za-z0-9_-]{1,32}$/;

export class JetStreamNames {
  readonly journalStream: string;
  readonly snapshotStream: string;
  readonly clusterBucket: string;
  readonly #prefix: string;
  readonly #journal: string;
  readonly #snapshots: string;

  /** @throws when it cannot be part of a subject and of a stream's name */
  constructor(prefix = DEFAULT_PREFIX) {
    if (!PREFIX.test(prefix))
      throw new Error(`"${prefix}" is no prefix of subjects: letters, digits, _ and -`);
    this.journalStream = `${prefix}-journal`;
    this.snapshotStream = `${prefix}-snapshots`;
    this.clusterBucket = `${prefix}-cluster`;
    this.#prefix = prefix;
    this.#journal = `${prefix}.journal`;
    this.#snapshots = `${prefix}.snapshots`;
  }

  /** Of the bucket, by the client library's rule. */
  get clusterStream(): string {
    return `KV_${this.clusterBucket}`;
  }

  get clusterSubjects(): string {
    return `$KV.${this.clusterBucket}.>`;
  }

  get journalSubjects(): string {
    return `${this.#journal}.*`;
  }

  get snapshotSubjects(): string {
    return `${this.#snapshots}.>`;
  }

  journalOf(shard: number): string {
    return `${this.#journal}.${shard}`;
  }

  shardOf(journalSubject: string): number {
    return Number(journalSubject.slice(this.#journal.length + 1));
  }

  snapshotsOf(kind: string, shard: number | '*'): string {
    return `${this.#snapshots}.${kind}.${shard}`;
  }

  get clusterChanges(): string {
    return `${this.#prefix}.changes`;
  }

  commandsTo(address: Address): string {
    return `${this.#prefix}.cmd.${address}`;
  }

  repliesTo(address: Address): string {
    return `${this.#prefix}.reply.${address}`;
  }

  get nodes(): string {
    return `${this.#prefix}.nodes`;
  }

  nodeOf(member: number): string {
    return `${this.#prefix}.node.${member}`;
  }

  /** Without the prefix that clusters have by default, so that two clusters on one server do not answer for each other. */
  get adminPrefix(): string {
    return this.#prefix === DEFAULT_PREFIX ? 'admin' : `${this.#prefix}.admin`;
  }

  adminOf(call: string): string {
    return `${this.adminPrefix}.${call}`;
  }
}
