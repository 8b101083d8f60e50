// Lists of customers who may enter a campaign. A new list is written beside the one in force and takes its place in one
// transaction, so nothing half-loaded ever counts: neither of a file that is cut off, nor of a node that dies.
//
//   file ──▶ thread of its own: lines, hashes, order ──▶ parts, each a statement ──▶ in force, one transaction ──▶ old parts go
//
// The engine is told nothing: who may enter is asked before an order is sent to its actor.

import type { Pool } from 'pg';
import { customerKeyOf, KEY_BYTES } from '../../actors/index.ts';
import type { Clock, Random } from '../../runtime/ports.ts';
import { holdCampaign, readCampaign } from '../catalogue/campaign-rows.ts';
import type { Campaign } from '../catalogue/campaign.ts';
import { NeedsPublisher, type Editor } from '../catalogue/outcome.ts';
import { randomName } from '../catalogue/product-id.ts';
import { writeTrail } from '../catalogue/trail.ts';
import { inTransaction } from '../transaction.ts';
import type { CustomerList, ListOutcome } from './customer-list.ts';
import { CustomerSet } from './customer-set.ts';
import type { CustomerKeys } from './door.ts';
import { LIST_LIMITS } from './list-limits.ts';
import { ListReader, ListTooLarge, type ListRead } from './list-reader.ts';
import * as rows from './list-rows.ts';

export interface LoadOptions {
  /** Takes the other lines when some are bad. */
  readonly skipBad: boolean;
}

const LIST_ID_CHARACTERS = 16;
const CANCELLED = 'This campaign was cancelled, and nothing of it changes any more.';
const EMPTY = 'The file has no customers. To let nobody in, remove the list.';
const INTERRUPTED =
  'Writing the list took so long that it was given up. The list in force is what it was. Try again.';

export class CustomerLists {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onChanged: () => void;
  #loads = 0;

  /** @param onChanged another list is in force, or none: this node need not wait until it looks by itself */
  constructor(pool: Pool, clock: Clock, random: Random, onChanged: () => void = () => undefined) {
    this.#pool = pool;
    this.#clock = clock;
    this.#random = random;
    this.#onChanged = onChanged;
  }

  /** The list in force. */
  current(campaignId: string): Promise<CustomerList | undefined> {
    return rows.readCurrentList(this.#pool, campaignId);
  }

  /** Its keys, in shared memory. @returns undefined when it is no more: another one has taken its place */
  load(listId: string): Promise<CustomerKeys | undefined> {
    return rows.readKeys(this.#pool, listId);
  }

  /** @returns undefined when there is no list */
  async has(campaignId: string, customerId: string): Promise<boolean | undefined> {
    const list = await this.current(campaignId);
    if (list === undefined) return undefined;
    const key = customerKeyOf(customerId);
    const part = await rows.readPartOf(this.#pool, list.id, key);
    if (part === undefined) return false;
    const bytes = new SharedArrayBuffer(part.byteLength);
    new Uint8Array(bytes).set(part);
    return new CustomerSet({ listId: list.id, customers: part.byteLength / KEY_BYTES, bytes }).has(key);
  }

  /**
   * The whole list anew. Nothing of the file counts before all of it does.
   * @throws NeedsPublisher
   * @throws what the source throws, such as when the file is cut off
   */
  async replace(
    editor: Editor,
    campaignId: string,
    source: AsyncIterable<Uint8Array>,
    { skipBad }: LoadOptions,
  ): Promise<ListOutcome> {
    if (this.#loads >= LIST_LIMITS.loadsMax) return { outcome: 'busy' };
    this.#loads++;
    try {
      const campaign = await readCampaign(this.#pool, campaignId);
      if (campaign === undefined) return { outcome: 'not_found' };
      const fault = faultOf(campaign, editor);
      if (fault !== undefined) return fault;
      const seen = await this.current(campaignId);
      return await this.#read(source, async (read, parts) => {
        // When none is left, the bad ones say why.
        if (read.badLines.count > 0 && (!skipBad || read.customers === 0))
          return { outcome: 'refused', badLines: read.badLines, customers: read.customers };
        if (read.customers === 0) return { outcome: 'unusable', reason: EMPTY };
        return this.#write(editor, campaignId, seen, read, parts);
      });
    } finally {
      this.#loads--;
    }
  }

  /** Nobody may enter then, if the campaign asks for a list. @throws NeedsPublisher */
  async remove(editor: Editor, campaignId: string): Promise<'removed' | 'none' | 'not_found' | 'cancelled'> {
    const removed = await inTransaction(this.#pool, async (client) => {
      const campaign = await holdCampaign(client, campaignId, editor);
      if (campaign === undefined) return 'not_found';
      if (campaign.status === 'cancelled') return 'cancelled';
      const list = await rows.readCurrentList(client, campaignId);
      if (list === undefined) return 'none';
      await rows.putOutOfForce(client, list.id);
      const changes = [{ field: 'customers', from: `${list.customers}`, to: '' }];
      await writeTrail(client, editor, this.#clock.now(), {
        campaignId,
        action: 'customers_removed',
        changes,
      });
      return list;
    });
    if (typeof removed === 'string') return removed;
    this.#onChanged();
    await this.#tidy(removed.id);
    return 'removed';
  }

  /** Removes what loads left that died. */
  async sweep(): Promise<void> {
    for (const listId of await rows.leftOverLists(this.#pool, LIST_LIMITS.leftOverAfterMs))
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await rows.removeList(this.#pool, listId);
  }

  async #read(
    source: AsyncIterable<Uint8Array>,
    work: (read: ListRead, parts: AsyncIterable<Uint8Array>) => Promise<ListOutcome>,
  ): Promise<ListOutcome> {
    const reader = new ListReader();
    try {
      return await work(await reader.read(source), reader.parts());
    } catch (error) {
      if (error instanceof ListTooLarge) return { outcome: 'unusable', reason: error.message };
      throw error;
    } finally {
      await reader.end();
    }
  }

  async #write(
    editor: Editor,
    campaignId: string,
    seen: CustomerList | undefined,
    { customers, repeated, badLines }: ListRead,
    parts: AsyncIterable<Uint8Array>,
  ): Promise<ListOutcome> {
    const madeAt = this.#clock.now();
    const list = { id: this.#newId(), customers, madeAt, madeBy: editor.name };
    await rows.insertList(this.#pool, { ...list, campaignId });
    let outcome: ListOutcome | undefined;
    try {
      let number = 0;
      for await (const keys of parts)
        if (!(await rows.insertPart(this.#pool, list.id, number++, keys)))
          return (outcome = { outcome: 'unusable', reason: INTERRUPTED });
      const switched = await this.#switch(editor, campaignId, seen, list);
      if (switched === undefined) this.#onChanged();
      return (outcome = switched ?? { outcome: 'loaded', list, repeated, badLines });
    } finally {
      // What a lost connection leaves of an unknown switch is found by the sweep, if it does not count.
      if (outcome !== undefined) await this.#tidy(outcome.outcome === 'loaded' ? seen?.id : list.id);
    }
  }

  /** @returns why it did not come to it */
  #switch(
    editor: Editor,
    campaignId: string,
    seen: CustomerList | undefined,
    list: CustomerList,
  ): Promise<ListOutcome | undefined> {
    return inTransaction(this.#pool, async (client) => {
      const campaign = await holdCampaign(client, campaignId, editor);
      if (campaign === undefined) return { outcome: 'not_found' };
      const fault = faultOf(campaign, editor);
      if (fault !== undefined) return fault;
      const current = await rows.readCurrentList(client, campaignId);
      if (current?.id !== seen?.id) return { outcome: 'conflict', current };
      if (!(await rows.putInForce(client, list, current)))
        return { outcome: 'unusable', reason: INTERRUPTED };
      const from = current === undefined ? '' : `${current.customers}`;
      const changes = [{ field: 'customers', from, to: `${list.customers}` }];
      await writeTrail(client, editor, list.madeAt, { campaignId, action: 'customers_loaded', changes });
      return undefined;
    });
  }

  /** The switch is made or is not, whatever becomes of this: the sweep comes by again. */
  async #tidy(listId: string | undefined): Promise<void> {
    if (listId !== undefined) await rows.removeList(this.#pool, listId).catch(() => undefined);
  }

  #newId(): string {
    return randomName(this.#random, LIST_ID_CHARACTERS);
  }
}

/** @throws NeedsPublisher */
function faultOf({ status }: Campaign, { role }: Editor): ListOutcome | undefined {
  if (status !== 'draft' && role !== 'publisher') throw new NeedsPublisher();
  return status === 'cancelled' ? { outcome: 'unusable', reason: CANCELLED } : undefined;
}
