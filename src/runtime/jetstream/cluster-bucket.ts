// The cluster's document and its members' beats in a key-value bucket, so that people can look at them with `nats kv`.
//
//   document       the ClusterDocument, as JSON
//   beat.<node>    the last beat of a node; its name in base64url
//
// What changes is read from the stream's leader, one message after the other: no consumer has to be found again when a server
// is lost. Who changes the document tells the others at once; beats are seen at the next look.

import {
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  type StoredMsg,
} from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { Subscription } from '@nats-io/transport-node';
import { DocumentUnreadable, parseDocument, type ClusterDocument } from '../cluster/cluster-document.ts';
import {
  ClusterUnavailable,
  parseBeat,
  type Beat,
  type ClusterStore,
  type ClusterWatcher,
} from '../cluster/cluster-store.ts';
import type { Timers } from '../ports.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';

const DOCUMENT = 'document';
const BEATS = 'beat.';
const WRONG_LAST_SEQUENCE = 10071;
const WRITE_UNDER_WAY = 10164;

export class ClusterBucket implements ClusterStore {
  readonly #link: Link;
  readonly #names: JetStreamNames;
  readonly #timers: Pick<Timers, 'after'>;
  readonly #kv: KV;
  readonly #manager: JetStreamManager;
  readonly #stream: string;
  readonly #subjects: string;
  #seen = 0;
  #watcher: ClusterWatcher | undefined;
  #changes: Subscription | undefined;
  #isLooking = false;
  #mustLookAgain = false;
  #cancelLook: () => void = () => undefined;
  #isClosed = false;

  private constructor(
    link: Link,
    names: JetStreamNames,
    timers: Pick<Timers, 'after'>,
    kv: KV,
    manager: JetStreamManager,
  ) {
    this.#link = link;
    this.#names = names;
    this.#timers = timers;
    this.#kv = kv;
    this.#manager = manager;
    this.#stream = `KV_${names.clusterBucket}`;
    this.#subjects = `$KV.${names.clusterBucket}.>`;
  }

  /** The bucket is there. */
  static async open(
    link: Link,
    names: JetStreamNames,
    timers: Pick<Timers, 'after'>,
  ): Promise<ClusterBucket> {
    const { clusterAnswerMs: timeout } = JETSTREAM_LIMITS;
    const js = jetstream(link.connection, { timeout });
    const kv = await new Kvm(js).open(names.clusterBucket, { allow_direct: false, timeout });
    const manager = await jetstreamManager(link.connection, { checkAPI: false, timeout });
    return new ClusterBucket(link, names, timers, kv, manager);
  }

  async watch(watcher: ClusterWatcher): Promise<void> {
    this.#watcher = watcher;
    while (!(await this.#look())) await this.#pause();
    this.#changes = this.#link.connection.subscribe(this.#names.clusterChanges, {
      callback: () => void this.#lookNow(),
    });
    this.#lookLater();
  }

  async change(
    change: (document: ClusterDocument | undefined) => ClusterDocument | undefined,
  ): Promise<ClusterDocument> {
    for (;;) {
      const entry = await this.#asked(() => this.#kv.get(DOCUMENT));
      const present = entry?.operation === 'PUT' ? this.#read(entry.string()) : undefined;
      const changed = change(present);
      if (changed === undefined) {
        if (present === undefined) throw new Error('there is no document to leave as it is');
        return present;
      }
      const text = JSON.stringify(changed);
      const version = await this.#asked(() => this.#written(DOCUMENT, text, entry?.revision ?? 0));
      if (version === undefined) continue;
      this.#link.connection.publish(this.#names.clusterChanges);
      void this.#lookNow();
      return changed;
    }
  }

  async beat(beat: Beat, after: number): Promise<number | undefined> {
    const key = keyOf(beat.node);
    const text = JSON.stringify(beat);
    const version = await this.#asked(() => this.#written(key, text, after));
    if (version !== undefined) return version;
    // An earlier one may have been taken without our hearing of it.
    const entry = await this.#asked(() => this.#kv.get(key));
    if (entry === null) return undefined;
    if (entry.operation !== 'PUT')
      return after === 0 ? this.#asked(() => this.#written(key, text, entry.revision)) : undefined;
    if (parseBeat(beat.node, entry.string())?.life !== beat.life) return undefined;
    return this.#asked(() => this.#written(key, text, entry.revision));
  }

  async endBeat(node: string, version: number): Promise<boolean> {
    return this.#asked(async () => {
      try {
        await this.#kv.purge(keyOf(node), { previousSeq: version });
        return true;
      } catch (error) {
        if (isOther(error)) return false;
        throw error;
      }
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelLook();
    this.#changes?.unsubscribe();
  }

  /** A person can mend it: the nodes live on by what they know. @throws ClusterUnavailable */
  #read(text: string): ClusterDocument {
    try {
      return parseDocument(text);
    } catch (error) {
      const bucket = this.#names.clusterBucket;
      const what = `The key ${DOCUMENT} of the bucket ${bucket} cannot be used: ${(error as Error).message}.`;
      const todo = `Write the last good one, or stop all nodes and delete it (nats kv del ${bucket} ${DOCUMENT}).`;
      throw new ClusterUnavailable(`${what} ${todo}`, { cause: error });
    }
  }

  /** @returns undefined when something else was written before */
  async #written(key: string, text: string, after: number): Promise<number | undefined> {
    const { clusterAnswerMs: timeout, clusterBusyMs, clusterBusyTries } = JETSTREAM_LIMITS;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#kv.put(key, text, { previousSeq: after, timeout });
      } catch (error) {
        if (isOther(error)) return undefined;
        if (!isBusy(error) || tries === clusterBusyTries) throw error;
      }
      await new Promise<void>((resolve) => void this.#timers.after(clusterBusyMs, resolve));
    }
  }

  /** @throws ClusterUnavailable */
  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await this.#link.whileUp(ask);
    } catch (error) {
      const why = `the bucket ${this.#names.clusterBucket} does not answer: ${(error as Error).message}`;
      throw new ClusterUnavailable(why, { cause: error });
    }
  }

  /** Somebody changed the document; whoever answers may know it a moment later. */
  async #lookNow(): Promise<void> {
    this.#mustLookAgain = true;
    if (this.#watcher === undefined || this.#isLooking || this.#isClosed) return;
    this.#cancelLook();
    await this.#look();
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#isClosed) return;
    this.#cancelLook = this.#timers.after(JETSTREAM_LIMITS.clusterLookMs, () => {
      void this.#look().then(() => this.#lookLater());
    });
  }

  /** Tells what is new. @returns whether everything was told */
  async #look(): Promise<boolean> {
    this.#isLooking = true;
    try {
      do {
        this.#mustLookAgain = false;
        for (;;) {
          const query = { seq: this.#seen + 1, next_by_subj: this.#subjects };
          const message = await this.#asked(() => this.#manager.streams.getMessage(this.#stream, query));
          if (message === null) break;
          this.#seen = message.seq;
          this.#tell(message);
        }
      } while (this.#mustLookAgain);
      return true;
    } catch (error) {
      if (!(error instanceof ClusterUnavailable)) throw error;
      return false;
    } finally {
      this.#isLooking = false;
    }
  }

  #tell(message: StoredMsg): void {
    const watcher = this.#watcher!;
    const key = message.subject.slice(this.#subjects.length - 1);
    const isThere = (message.header.get('KV-Operation') || 'PUT') === 'PUT';
    if (key === DOCUMENT) {
      if (isThere) this.#tellDocument(message.string());
    } else if (key.startsWith(BEATS)) {
      if (!isThere) return watcher.onBeatGone(nodeOf(key));
      const beat = parseBeat(nodeOf(key), message.string());
      // What is no beat is no sign of life.
      if (beat !== undefined)
        watcher.onBeat({ ...beat, version: message.seq, storedAt: message.time.getTime() });
    }
  }

  /** One that nobody can read changes nothing here; whoever is to change it is told. */
  #tellDocument(text: string): void {
    try {
      this.#watcher!.onDocument(parseDocument(text));
    } catch (error) {
      if (!(error instanceof DocumentUnreadable)) throw error;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#timers.after(JETSTREAM_LIMITS.clusterLookMs, resolve));
  }
}

const isOther = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE;

/** Another write of the same key is under way, and nobody knows yet what becomes of it. */
const isBusy = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === WRITE_UNDER_WAY;

const keyOf = (node: string): string => BEATS + Buffer.from(node).toString('base64url');
const nodeOf = (key: string): string => Buffer.from(key.slice(BEATS.length), 'base64url').toString();
