// The cluster's bucket on its servers, and one node's way to it: what jetstream/cluster-bucket.ts does, step by step, with
// every step lost, late, or done without an answer.

import { parseDocument, type ClusterDocument } from '../../../src/runtime/cluster/cluster-document.ts';
import {
  ClusterUnavailable,
  type Beat,
  type ClusterStore,
  type ClusterWatcher,
} from '../../../src/runtime/cluster/cluster-store.ts';
import type { World } from '../world.ts';
import type { Life } from './life.ts';
import type { Network } from './servers.ts';
import { LEASE_MS } from './settings.ts';

interface Entry {
  readonly key: string;
  readonly version: number;
  /** Undefined where something was and is no more. */
  readonly text: string | undefined;
  readonly storedAt: number;
}

const DOCUMENT = 'document';
const BEATS = 'beat.';
const ANSWER_MS_MAX = 1_000;
const LOOK_MS = 150;

export class Bucket {
  readonly #world: World;
  /** In the order in which they were written last. */
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Set<(key: string) => void>();
  #last = 0;
  changes = 0;
  readonly wrong: string[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** @returns undefined when something else was written before */
  put(key: string, text: string | undefined, after: number): number | undefined {
    if ((this.#entries.get(key)?.version ?? 0) !== after) return undefined;
    const version = ++this.#last;
    this.#entries.delete(key);
    this.#entries.set(key, { key, version, text, storedAt: this.#world.now() });
    if (key === DOCUMENT) this.changes++;
    for (const tell of this.#watchers) tell(key);
    return version;
  }

  behind(version: number): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.version > version);
  }

  onChange(tell: (key: string) => void): void {
    this.#watchers.add(tell);
  }

  get document(): ClusterDocument | undefined {
    const text = this.#entries.get(DOCUMENT)?.text;
    return text === undefined ? undefined : parseDocument(text);
  }
}

export class BucketLink implements ClusterStore {
  /** What was changed is seen so much later. */
  lagMs = 0;
  readonly #world: World;
  readonly #bucket: Bucket;
  readonly #network: Network;
  readonly #machine: string;
  readonly #life: Life;
  #watcher: ClusterWatcher | undefined;
  #seen = 0;
  #looksAt = Infinity;

  constructor(world: World, bucket: Bucket, network: Network, machine: string, life: Life) {
    this.#world = world;
    this.#bucket = bucket;
    this.#network = network;
    this.#machine = machine;
    this.#life = life;
  }

  async watch(watcher: ClusterWatcher): Promise<void> {
    this.#watcher = watcher;
    while (!(await this.#look())) await this.#life.pause(LOOK_MS);
    this.#bucket.onChange((key) => {
      const isTold = key === DOCUMENT && !this.#world.dice.chance(this.#network.roughness.lost);
      this.#lookIn(this.lagMs + this.#world.dice.next() * (isTold ? 10 : LOOK_MS));
    });
    this.#lookIn(LOOK_MS);
  }

  async change(
    change: (document: ClusterDocument | undefined) => ClusterDocument | undefined,
  ): Promise<ClusterDocument> {
    for (;;) {
      const entry = await this.#ask(() => this.#bucket.get(DOCUMENT));
      const present = entry?.text === undefined ? undefined : parseDocument(entry.text);
      const changed = change(present);
      if (changed === undefined) {
        if (present === undefined) throw new Error('there is no document to leave as it is');
        return present;
      }
      const text = JSON.stringify(changed);
      const version = await this.#ask(() => this.#bucket.put(DOCUMENT, text, entry?.version ?? 0));
      if (version !== undefined) return changed;
    }
  }

  async beat(beat: Beat, after: number): Promise<number | undefined> {
    const key = BEATS + beat.node;
    const text = JSON.stringify(beat);
    const version = await this.#ask(() => this.#bucket.put(key, text, after));
    if (version !== undefined) return version;
    const entry = await this.#ask(() => this.#bucket.get(key));
    if (entry === undefined) return undefined;
    if (entry.text === undefined)
      return after === 0 ? this.#ask(() => this.#bucket.put(key, text, entry.version)) : undefined;
    if ((JSON.parse(entry.text) as Beat).life !== beat.life) return undefined;
    return this.#ask(() => this.#bucket.put(key, text, entry.version));
  }

  async endBeat(node: string, version: number): Promise<boolean> {
    const ended = await this.#ask(() => this.#bucket.put(BEATS + node, undefined, version));
    // All of them were silent: each has a lease's time to beat again.
    if (ended !== undefined && node !== this.#machine && this.#network.isBackFor('bucket', LEASE_MS))
      this.#bucket.wrong.push(`${this.#machine} ended ${node} as soon as the servers were back`);
    return ended !== undefined;
  }

  #ask<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = this.#life.after(ANSWER_MS_MAX, () => reject(new ClusterUnavailable('no answer')));
      this.#network.request(this.#machine, 'bucket', run, (value) =>
        this.#life.reach(() => {
          giveUp();
          resolve(value);
        }),
      );
    });
  }

  /** However many changes there are, one look sees them. */
  #lookIn(delayMs: number): void {
    const at = this.#world.monotonic() + delayMs;
    if (at >= this.#looksAt) return;
    this.#looksAt = at;
    this.#world.at(delayMs, () => {
      if (this.#looksAt !== at) return;
      this.#looksAt = Infinity;
      this.#life.reach(() => void this.#lookAndGoOn());
    });
  }

  async #lookAndGoOn(): Promise<void> {
    const isDone = await this.#look();
    if (!isDone || this.#bucket.behind(this.#seen).length > 0) this.#lookIn(LOOK_MS);
  }

  async #look(): Promise<boolean> {
    let entries: Entry[];
    try {
      entries = await this.#ask(() => this.#bucket.behind(this.#seen));
    } catch {
      return false;
    }
    for (const entry of entries) {
      if (entry.version <= this.#seen) continue;
      this.#seen = entry.version;
      this.#tell(entry);
    }
    return true;
  }

  #tell({ key, text, version, storedAt }: Entry): void {
    const watcher = this.#watcher!;
    if (key === DOCUMENT) watcher.onDocument(parseDocument(text!));
    else if (text === undefined) watcher.onBeatGone(key.slice(BEATS.length));
    else watcher.onBeat({ ...(JSON.parse(text) as Beat), version, storedAt });
  }
}
