// The chain of records of each shard: each names the one before it, is its owner's, and epochs rise. Invariant 6.

import type { JournalRecord } from '../record.ts';
import type { Findings } from './findings.ts';

interface Chain {
  epoch: number;
  owner: string;
  number: number;
  head: number;
  /** Its first record follows one that is not read: whose it was is not known. */
  beginsInside: boolean;
  /** Of all its records. */
  readonly sequences: number[];
}

export class ChainModel {
  readonly #findings: Findings;
  readonly #chains = new Map<number, Chain>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** The shard's records are read from behind `head` on. */
  begin(shard: number, head: number): void {
    this.#chains.set(shard, { ...emptyChain(), head, beginsInside: true });
  }

  follow(sequence: number, record: JournalRecord): void {
    const chain = this.#chains.get(record.shard) ?? emptyChain();
    this.#chains.set(record.shard, chain);
    chain.sequences.push(sequence);
    const where = `record ${sequence} of shard ${record.shard}`;
    const follows = record.previous === chain.head;
    this.#findings.check(6, follows, () => `${where} names ${record.previous} before it, not ${chain.head}`);
    if (chain.beginsInside) {
      chain.beginsInside = false;
    } else if (record.number === 0) {
      const rises = record.epoch > chain.epoch;
      this.#findings.check(6, rises, () => `${where} claims epoch ${record.epoch} after ${chain.epoch}`);
    } else {
      const isOwners = record.epoch === chain.epoch && record.owner === chain.owner;
      this.#findings.check(6, isOwners, () => `${where} is not the owner's`);
      const isNext = record.number === chain.number + 1;
      this.#findings.check(6, isNext, () => `${where} is number ${record.number}`);
    }
    Object.assign(chain, { epoch: record.epoch, owner: record.owner, number: record.number, head: sequence });
  }

  /** Records behind the positions. */
  recordsAfter(positions: ReadonlyMap<number, number>): number {
    let count = 0;
    for (const [shard, { sequences }] of this.#chains) {
      const position = positions.get(shard) ?? 0;
      for (let at = sequences.length - 1; at >= 0 && sequences[at]! > position; at--) count++;
    }
    return count;
  }
}

const emptyChain = (): Chain => ({
  epoch: 0,
  owner: '',
  number: 0,
  head: 0,
  beginsInside: false,
  sequences: [],
});
