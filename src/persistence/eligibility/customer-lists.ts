// Lists of customers who may enter a campaign. A new list is written beside the one in force and takes its place in one
// transaction, so nothing half-loaded ever counts.

import type { Pool } from 'pg';
import type { Clock, Random } from '../../runtime/ports.ts';
import type { CustomerList } from './customer-list.ts';
import type { CustomerKeys } from './door.ts';
import { readCurrentList, readKeys } from './list-rows.ts';

export interface ListPorts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly random: Random;
}

export class CustomerLists {
  readonly #ports: ListPorts;

  constructor(pool: Pool, clock: Clock, random: Random) {
    this.#ports = { pool, clock, random };
  }

  /** The list in force. */
  current(campaignId: string): Promise<CustomerList | undefined> {
    return readCurrentList(this.#ports.pool, campaignId);
  }

  /** Its keys, in shared memory. @returns undefined when it is no more: another one has taken its place */
  load(listId: string): Promise<CustomerKeys | undefined> {
    return readKeys(this.#ports.pool, listId);
  }
}
