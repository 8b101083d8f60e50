// Postgres as a witness at a claim: its positions say what the projection was given, and only durable records are. Many
// shards are claimed at one moment, so those who ask meanwhile share one look. When Postgres does not answer it knows
// nothing: sales go on without it.

import type { Pool } from 'pg';
import type { Sequence, Witness } from '../runtime/ports.ts';
import { readPositions } from './positions.ts';

/** For Postgres to answer. */
const WITNESS_MS_MAX = 2_000;

export class PositionsWitness {
  readonly #pool: Pool;
  #look: Promise<ReadonlyMap<number, Sequence>> | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** As the port of a shard's owner. */
  readonly of = async (shard: number): Promise<Witness | undefined> => {
    this.#look ??= this.#read().finally(() => (this.#look = undefined));
    const sequence = (await this.#look).get(shard);
    return sequence === undefined ? undefined : { what: 'Postgres has', sequence };
  };

  async #read(): Promise<ReadonlyMap<number, Sequence>> {
    const { promise: late, resolve } = Promise.withResolvers<ReadonlyMap<number, Sequence>>();
    const timer = setTimeout(resolve, WITNESS_MS_MAX, new Map());
    try {
      return await Promise.race([readPositions(this.#pool), late]);
    } catch {
      return new Map();
    } finally {
      clearTimeout(timer);
    }
  }
}
