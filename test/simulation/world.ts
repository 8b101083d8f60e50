// A world of nodes in one thread: one clock, one network and one journal that all follow a seed. It runs the real shard,
// mailbox, claim and router, and breaks everything around them: appends whose answer is lost or late, messages that never
// arrive, nodes that die or freeze in the middle of a thought.

import { decodeRecord } from '../../src/actors/index.ts';
import {
  JournalUnavailable,
  type AppendResult,
  type Clock,
  type Journal,
  type Random,
  type StoredRecord,
  type Timers,
} from '../../src/runtime/ports.ts';
import type { RecordSize } from '../../src/runtime/snapshot-maker.ts';
import { Agenda } from './agenda.ts';

/** A small, fast generator (mulberry32); the whole world is a function of its seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}

export class World implements Clock {
  readonly dice: Dice;
  readonly #agenda = new Agenda();
  /** Looks at the world whenever something has happened. */
  afterEach: () => void = () => undefined;
  #time = 1_700_000_000_000;

  constructor(seed: number) {
    this.dice = new Dice(seed);
  }

  now(): number {
    return Math.floor(this.#time);
  }

  monotonic(): number {
    return this.#time;
  }

  /** @returns cancels it */
  at(delayMs: number, run: () => void): () => void {
    return this.#agenda.enter(this.#time + delayMs, run);
  }

  /** Lives on for so long. Promises settle between two happenings. */
  async live(durationMs: number): Promise<void> {
    const until = this.#time + durationMs;
    for (;;) {
      await settle();
      this.afterEach();
      const next = this.#agenda.take(until);
      if (next === undefined) break;
      this.#time = Math.max(this.#time, next.at);
      next.run();
    }
    this.#time = until;
  }
}

/** All promises that can settle without the world's time passing have settled after a few turns of the real loop. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** One node's share of the world: it stops with the node's death, and waits while the node is frozen. */
export class NodeTime implements Timers {
  readonly #world: World;
  /** What `soon` was asked for and has not been done yet. */
  readonly #due: (() => void)[] = [];
  #isDead = false;
  #frozenUntil = 0;

  constructor(world: World) {
    this.#world = world;
  }

  die(): void {
    this.#isDead = true;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  freeze(durationMs: number): void {
    this.#frozenUntil = this.#world.monotonic() + durationMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#world.at(delayMs, () => this.#run(callback));
  }

  soon(callback: () => void): void {
    this.#due.push(callback);
    this.#world.at(0.05, () => this.#run(() => this.#do(callback)));
  }

  /** Does now what `soon` was asked for, in the middle of a turn, as the real one. */
  catchUp(): void {
    for (let round = 0; round < 3; round++) for (const callback of this.#due.slice()) this.#do(callback);
  }

  #do(callback: () => void): void {
    const at = this.#due.indexOf(callback);
    if (at < 0) return;
    this.#due.splice(at, 1);
    callback();
  }

  giveWay(): Promise<void> {
    return new Promise((resolve) => this.soon(resolve));
  }

  /** Something from outside reaches the node. */
  reach(callback: () => void): void {
    this.#run(callback);
  }

  #run(callback: () => void): void {
    if (this.#isDead) return;
    const frozenMs = this.#frozenUntil - this.#world.monotonic();
    if (frozenMs > 0) this.#world.at(frozenMs, () => this.#run(callback));
    else callback();
  }
}

export interface Faults {
  /** The append lands, and its answer is lost. */
  readonly lostAnswer: number;
  /** The append does not land now; it may land later. */
  readonly lateAppend: number;
  /** The append never lands. */
  readonly lostAppend: number;
  /** A read fails. */
  readonly failedRead: number;
  /** A message between nodes is lost. */
  readonly lostMessage: number;
}

/** The log that all nodes share. */
export class SimulatedLog {
  readonly records: StoredRecord[] = [];
  readonly #heads = new Map<number, number>();
  #last = 0;

  append(shard: number, bytes: Uint8Array, expected: number): AppendResult {
    if ((this.#heads.get(shard) ?? 0) !== expected) return { kind: 'fenced' };
    const sequence = ++this.#last;
    this.records.push({ sequence, shard, bytes });
    this.#heads.set(shard, sequence);
    return { kind: 'appended', sequence };
  }

  sizes(after: number): readonly RecordSize[] {
    return this.records
      .filter(({ sequence }) => sequence > after)
      .map(({ sequence, shard, bytes }) => ({ sequence, shard, bytes: bytes.length }));
  }

  of(shard: number): readonly StoredRecord[] {
    return this.records.filter((record) => record.shard === shard);
  }
}

/** One node's connection to the log, with its faults. */
export class SimulatedJournal implements Journal {
  readonly #world: World;
  readonly #time: NodeTime;
  readonly #log: SimulatedLog;
  readonly #faults: Faults;

  constructor(world: World, time: NodeTime, log: SimulatedLog, faults: Faults) {
    this.#world = world;
    this.#time = time;
    this.#log = log;
    this.#faults = faults;
  }

  async head(shard: number): Promise<StoredRecord | undefined> {
    await this.#delay();
    if (this.#world.dice.chance(this.#faults.failedRead)) throw new JournalUnavailable('the read failed');
    return this.#log.of(shard).at(-1);
  }

  append(shard: number, bytes: Uint8Array<ArrayBuffer>, expected: number): Promise<AppendResult> {
    const { dice } = this.#world;
    const unknown: AppendResult = { kind: 'unknown', cause: 'the answer is lost' };
    return new Promise((resolve) => {
      const answer = (result: AppendResult) =>
        this.#world.at(dice.next() * 5, () => this.#time.reach(() => resolve(result)));
      this.#world.at(dice.next() * 5, () => {
        if (dice.chance(this.#faults.lostAppend)) return answer(unknown);
        if (dice.chance(this.#faults.lateAppend)) {
          this.#world.at(dice.next() * 3_000, () => void this.#log.append(shard, bytes, expected));
          return answer(unknown);
        }
        const result = this.#log.append(shard, bytes, expected);
        return answer(dice.chance(this.#faults.lostAnswer) ? unknown : result);
      });
    });
  }

  async *replay(shard: number, from: number, to: number): AsyncIterable<readonly StoredRecord[]> {
    const wanted = this.#log.of(shard).filter(({ sequence }) => sequence >= from && sequence <= to);
    for (let at = 0; at < wanted.length; at += 7) {
      await this.#delay();
      if (this.#world.dice.chance(this.#faults.failedRead)) throw new JournalUnavailable('the read failed');
      yield wanted.slice(at, at + 7);
    }
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => {
      this.#world.at(this.#world.dice.next() * 5, () => this.#time.reach(resolve));
    });
  }
}

export class SimulatedRandom implements Random {
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  characters(count: number): string {
    return String.fromCharCode(...Array.from({ length: count }, () => this.#dice.below(256)));
  }
}

export const recordsOf = (log: SimulatedLog) =>
  log.records.map(({ sequence, bytes }) => ({ sequence, record: decodeRecord(bytes) }));
