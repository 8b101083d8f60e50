// What all nodes share: the servers with the journal and the bucket, and the network to them and between the nodes. Machines
// are cut off from all of it and healed, the servers are away for a while as during an election, and everything is late now
// and then.

import { decodeRecord, decodeRecordHeader, type Event } from '../../../src/actors/index.ts';
import type { AppendResult, StoredRecord } from '../../../src/runtime/ports.ts';
import { SimulatedLog, type World } from '../world.ts';

export interface Roughness {
  /** What was asked is done, and the answer is lost. */
  readonly lostAnswer: number;
  /** Nothing is done now; it may be done later. */
  readonly late: number;
  /** Nothing is done. */
  readonly lost: number;
}

export const ROUGH: Roughness = { lostAnswer: 0.02, late: 0.02, lost: 0.02 };
export const CALM: Roughness = { lostAnswer: 0, late: 0, lost: 0 };

const LATE_MS_MAX = 3_000;

/** By machine. */
export class Network {
  roughness = ROUGH;
  readonly #world: World;
  readonly #cut = new Map<string, number>();
  #awayUntil = { journal: -Infinity, bucket: -Infinity };

  constructor(world: World) {
    this.#world = world;
  }

  cut(machine: string, durationMs: number): void {
    this.#cut.set(machine, this.#world.monotonic() + durationMs);
  }

  isCut(machine: string): boolean {
    return (this.#cut.get(machine) ?? -Infinity) > this.#world.monotonic();
  }

  /** The servers elect a leader. */
  elect(of: 'journal' | 'bucket', durationMs: number): void {
    this.#awayUntil[of] = this.#world.monotonic() + durationMs;
  }

  isAway(machine: string, of: 'journal' | 'bucket'): boolean {
    return this.isCut(machine) || this.#awayUntil[of] > this.#world.monotonic();
  }

  heal(): void {
    this.#cut.clear();
    this.#awayUntil = { journal: -Infinity, bucket: -Infinity };
    this.roughness = CALM;
  }

  get delayMs(): number {
    return this.#world.dice.next() * 4;
  }

  /** Asks the servers to do something. @param answer not called when nobody can say */
  request<T>(machine: string, of: 'journal' | 'bucket', run: () => T, answer: (value: T) => void): void {
    const { dice } = this.#world;
    const { lost, late, lostAnswer } = this.roughness;
    this.#world.at(this.delayMs, () => {
      const isAway = this.isAway(machine, of);
      if (isAway ? dice.chance(0.2) : dice.chance(late))
        return this.#world.at(dice.next() * LATE_MS_MAX, run);
      if (isAway || dice.chance(lost)) return;
      const value = run();
      if (dice.chance(lostAnswer)) return;
      return this.#world.at(this.delayMs, () => this.isAway(machine, of) || answer(value));
    });
  }

  /** From machine to machine: once, late, or never. */
  carry(from: string, to: string, arrive: () => void): void {
    const { dice } = this.#world;
    if (this.isCut(from) || dice.chance(this.roughness.lost)) return;
    const delayMs = dice.chance(this.roughness.late) ? dice.next() * LATE_MS_MAX : this.delayMs;
    this.#world.at(delayMs, () => this.isCut(to) || arrive());
  }
}

/** The journal, and when each of its records landed. */
export class SharedLog extends SimulatedLog {
  readonly landedAt: number[] = [];
  readonly wrong: string[] = [];
  readonly #byShard = new Map<number, StoredRecord[]>();
  readonly #world: World;
  readonly #newest = new Map<number, { readonly epoch: number; revision: number }>();
  claims = 0;
  onClaim: (what: string) => void = () => undefined;

  constructor(world: World) {
    super();
    this.#world = world;
  }

  override append(shard: number, bytes: Uint8Array, expected: number): AppendResult {
    const result = super.append(shard, bytes, expected);
    if (result.kind === 'appended') {
      this.landedAt.push(this.#world.monotonic());
      const before = this.#byShard.get(shard) ?? [];
      before.push({ sequence: result.sequence, shard, bytes });
      this.#byShard.set(shard, before);
      this.#follow(shard, bytes);
    }
    return result;
  }

  override of(shard: number): readonly StoredRecord[] {
    return this.#byShard.get(shard) ?? [];
  }

  epochOf(shard: number): number {
    return this.#newest.get(shard)?.epoch ?? 0;
  }

  get highestRevision(): number {
    return Math.max(0, ...[...this.#newest.values()].map(({ revision }) => revision));
  }

  *events(shard: number): Generator<{ readonly event: Event; readonly landedAt: number }> {
    for (const { sequence, bytes } of this.of(shard)) {
      const landedAt = this.landedAt[sequence - 1]!;
      for (const event of decodeRecord(bytes).events) yield { event, landedAt };
    }
  }

  #follow(shard: number, bytes: Uint8Array): void {
    const { epoch, number, revision } = decodeRecordHeader(bytes);
    if (number !== 0) return;
    this.claims++;
    this.onClaim(`shard ${shard} is claimed for epoch ${epoch} by revision ${revision}`);
    const before = this.#newest.get(shard);
    if (before !== undefined && epoch <= before.epoch)
      this.wrong.push(`shard ${shard} was claimed for epoch ${epoch} after ${before.epoch}`);
    if (before !== undefined && revision < before.revision)
      this.wrong.push(`shard ${shard} was claimed by revision ${revision} after ${before.revision}`);
    this.#newest.set(shard, { epoch, revision });
  }
}
