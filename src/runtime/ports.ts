// Everything in the runtime that waits, sends, stores or draws a random number does so through one of these ports.
// main.ts and worker.ts give the real ones; the simulation gives a clock, a network and a journal that follow a seed.

import type { Command, Reply } from '../actors/index.ts';
import { ExpectedError } from './expected-error.ts';

export interface Clock {
  /** Epoch milliseconds, an integer; may jump. */
  now(): number;
  /** Milliseconds that never run backwards; their origin means nothing. */
  monotonic(): number;
}

export interface Timers {
  /** Calls back once, after at least `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back in this turn of the loop, after everything that has already arrived. */
  soon(callback: () => void): void;
  /**
   * For long work that others of this thread must not wait for: resolves at once while the work has taken little, later
   * when it is somebody else's turn. Called between two small steps.
   */
  giveWay(): Promise<void>;
}

export interface Random {
  /** One-byte characters, unpredictable. */
  characters(count: number): string;
}

/** Position of a record in the whole journal: above 0, rising, not contiguous within a shard. */
export type Sequence = number;

export interface StoredRecord {
  readonly sequence: Sequence;
  readonly shard: number;
  readonly bytes: Uint8Array;
}

/** A record, and what is wrong with it. */
export interface CheckedRecord extends StoredRecord {
  readonly damage?: string;
}

/** What became of an append. */
export type AppendResult =
  /** Durable at this sequence. */
  | { readonly kind: 'appended'; readonly sequence: Sequence }
  /** Surely not there, and never will be: somebody else appended to this shard. */
  | { readonly kind: 'fenced' }
  /** There or not. Only reading back after a claim of one's own tells. */
  | { readonly kind: 'unknown'; readonly cause: string };

/** The journal could not be read or reached just now: trying again can help. */
export class JournalUnavailable extends ExpectedError {
  override readonly name = 'JournalUnavailable';
}

/** The journal holds something else, or less, than was written: trying again cannot help, a person has to repair it. */
export class JournalDamaged extends Error {
  override readonly name = 'JournalDamaged';
}

/**
 * The durable log. A claim is an append like any other: it fences because every append expects the shard's newest
 * sequence, and the claim becomes just that.
 */
export interface Journal {
  /**
   * For so many milliseconds after a change of its leader `head` may tell a record that is not the newest any more.
   * Absent: it never does.
   */
  readonly headStaleMs?: number;
  /** The newest record of the shard; undefined when it has none. @throws JournalUnavailable @throws JournalDamaged */
  head(shard: number): Promise<StoredRecord | undefined>;
  /**
   * Resolves when the bytes are durable, or are surely refused, or when nobody can say. Takes the bytes over: the caller
   * must not touch them again.
   * @param expected the sequence of the shard's newest record, 0 for none
   */
  append(shard: number, bytes: Uint8Array<ArrayBuffer>, expected: Sequence): Promise<AppendResult>;
  /** Records of the shard in order, `from` and `to` included, in pieces of bounded size. @throws as `head` */
  replay(shard: number, from: Sequence, to: Sequence): AsyncIterable<readonly StoredRecord[]>;
}

/** Every record of a journal, for those who look at all of them. */
export interface RecordSource {
  /**
   * Records behind `after` in journal order, in pieces of bounded size, damaged ones as they are: all that are there when it
   * is asked.
   * @param known somebody knows of this record
   * @throws JournalDamaged where it cannot be read on @throws JournalUnavailable
   */
  behind(
    after: Sequence,
    known: Sequence,
  ): Iterable<readonly CheckedRecord[]> | AsyncIterable<readonly CheckedRecord[]>;
}

/** A snapshot by what it is: a shard's memory as of one record, and the sum of its bytes. */
export interface SnapshotName {
  readonly shard: number;
  /** Of the record that it goes up to. */
  readonly sequence: Sequence;
  /** Of that record. */
  readonly epoch: number;
  /** SHA-256 of the bytes, in hex. */
  readonly sum: string;
  readonly bytes: number;
}

/** These bytes are not what was written, or no snapshot of this journal. An older one, or the journal, takes its place. */
export class SnapshotDamaged extends Error {
  override readonly name = 'SnapshotDamaged';
}

/** Where snapshots are kept. They never change; only those count that were read back after they were written. */
export interface Snapshots {
  /** Newest first. @throws JournalUnavailable */
  list(shard: number): Promise<readonly SnapshotName[]>;
  /** In pieces that belong to the reader. @throws SnapshotDamaged behind the last piece, when the sum is another */
  read(name: SnapshotName): AsyncIterable<Uint8Array>;
  /** Resolves when it is durable and was read back. */
  write(
    place: Pick<SnapshotName, 'shard' | 'sequence' | 'epoch'>,
    pieces: Iterable<Uint8Array>,
  ): Promise<SnapshotName>;
  remove(name: SnapshotName): Promise<void>;
  /** Takes a damaged one out of the list, keeps it for people to look at, and says so in the log. */
  setAside(name: SnapshotName, why: string): Promise<void>;
}

export interface FeedRecord extends StoredRecord {
  /** 1 when this is the first time that it is handed out since the feed began. */
  readonly deliveries: number;
  /** It is not what was written, and this is what is wrong with it. */
  readonly damage?: string;
}

/** What a pull brought. */
export interface Pulled {
  /** In journal order. */
  readonly records: readonly FeedRecord[];
  /** Others are there already: whoever pulls on gets them, once there is room among those that are handed out. */
  readonly hasMore: boolean;
}

/**
 * The journal's durable queue of records that somebody has yet to work off: at least once, acknowledged one by one,
 * given out again when no acknowledgement comes in time. Bounded in what is handed out at once.
 */
export interface Feed {
  /** Waits a moment when there are no records, then resolves empty. */
  pull(recordsMax: number): Promise<Pulled>;
  ack(sequences: readonly Sequence[]): void;
  /** Gives records back before their time is up. */
  nak(sequences: readonly Sequence[]): void;
  /**
   * Records of this shard, from this one on, are handed out no more, whatever their number, and do not count as handed out.
   * They stay unacknowledged: the next feed begins with them again.
   */
  setAside(shard: number, from: Sequence): void;
}

/** Where a message goes: a worker thread of this node, or (in a cluster) of another (address.ts). */
export type Address = number;

/** Unreliable, unordered between pairs, and as fast as it can be: loss shows as a missed deadline. */
export interface Transport {
  send(to: Address, message: Message): void;
}

/** One message per tick and destination. */
export interface Message {
  readonly from: Address;
  readonly commands: readonly CommandEnvelope[];
  readonly replies: readonly ReplyEnvelope[];
}

export interface CommandEnvelope {
  readonly id: number;
  readonly shard: number;
  /** A deadline travels as time left: clocks of two machines do not agree on an hour. */
  readonly timeLeftMs: number;
  readonly command: Command;
}

export interface ReplyEnvelope {
  readonly id: number;
  readonly reply: ShardReply;
}

/** What a shard answers: the actor's reply, or that it is not the owner (any more) and decided nothing. */
export type ShardReply = Reply | { readonly outcome: 'moved' };

/** What a thread knows of who owns what. A node by itself has one document for ever, and a lease that never ends. */
export interface Ownership {
  /** Of the newest placement document that is known here. */
  readonly revision: number;
  /**
   * Whether nobody else can have taken the shard over: it is this thread's by placement, and the lease is valid, which counts
   * on the monotonic clock from the moment at which its renewal was sent. Nothing that is sold rests on it, since the journal
   * fences; only answers that need no append do.
   * @param claimedUnder the revision under which it was claimed: it may have been somebody else's since
   */
  holds(shard: number, claimedUnder: number): boolean;
}

/** What somebody beside the journal knows of a shard: this record was durable, and everything before it. */
export interface Witness {
  /** Who, and a verb: “Postgres has”. */
  readonly what: string;
  readonly sequence: Sequence;
}

/** What a shard's owner needs of the world. */
export interface ShardPorts {
  /** Without it the shard is this thread's for ever. */
  readonly ownership?: Ownership;
  readonly journal: Journal;
  /** Without them every claim reads the whole journal of the shard. */
  readonly snapshots?: Snapshots;
  /** Asked before each claim. One that cannot be reached knows nothing: sales do not wait for it. */
  readonly witness?: (shard: number) => Promise<Witness | undefined>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}
