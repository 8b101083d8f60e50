// Adds the events of a batch up to the rows that they change: one row an order, however much happened to it.
//
//   reserved a, reserved b, paid a, paid x, cancelled x   ──▶   insert a (paid), b (reserved)   update x (cancelled)
//
// Records are added in the order of the journal. It decides nothing: the actor has decided.

import {
  acceptedStatus,
  holdExpiresAt,
  orderIdText,
  STATUS_AFTER,
  type Configured,
  type Event,
  type HoldExtended,
  type JournalRecord,
  type Key,
  type OrderChanged,
  type OrderStatus,
  type Reserved,
  type StockChanged,
} from '../actors/index.ts';
import type { Sequence } from '../runtime/ports.ts';
import { quoted } from './array-literal.ts';

/** Columns hold elements of array literals: numbers, and texts already quoted where they need it. */
export class RowFold {
  readonly orders = {
    ids: [] as string[],
    productIds: [] as string[],
    customerIds: [] as string[],
    idempotencyKeys: [] as string[],
    quantities: [] as number[],
    amounts: [] as number[],
    currencies: [] as string[],
    statuses: [] as OrderStatus[],
    createdAts: [] as number[],
    holdExpiresAts: [] as (number | 'NULL')[],
    versions: [] as Sequence[],
    shards: [] as number[],
  };
  /** Of orders that were there before this batch. */
  readonly changes = {
    ids: [] as string[],
    /** NULL: as it was. */
    statuses: [] as (OrderStatus | 'NULL')[],
    /** Epoch milliseconds; NULL: as it was. */
    holdExpiresAts: [] as (number | 'NULL')[],
    versions: [] as Sequence[],
  };
  /** The last configuration of each product. */
  readonly configurations = new Map<string, { event: Configured; version: Sequence; shard: number }>();
  /** Whether each product was last paused or resumed. */
  readonly switches = new Map<string, { paused: boolean; version: Sequence }>();
  /** When each product was retired, epoch milliseconds. */
  readonly retirements = new Map<string, { at: number; version: Sequence }>();
  readonly movements: { event: StockChanged; version: Sequence }[] = [];

  /** Key of an order → its row in `orders`. */
  readonly #inserted = new Map<Key, number>();
  /** Key of an order → its row in `changes`. */
  readonly #changed = new Map<Key, number>();
  #sequence: Sequence = 0;
  #shard = 0;
  // Consecutive orders share their product and terms, so the texts are quoted once for all of them.
  #productId = '';
  #quotedProductId = quoted('');
  #currency = '';
  #quotedCurrency = quoted('');

  add(sequence: Sequence, record: JournalRecord): void {
    this.#sequence = sequence;
    this.#shard = record.shard;
    for (const event of record.events) this.#addEvent(event);
  }

  #addEvent(event: Event): void {
    switch (event.kind) {
      case 'reserved':
        this.#reserved(event);
        break;
      case 'configured':
        this.configurations.set(event.productId, { event, version: this.#sequence, shard: this.#shard });
        break;
      case 'paused':
      case 'resumed':
        this.switches.set(event.productId, { paused: event.kind === 'paused', version: this.#sequence });
        break;
      case 'retired':
        this.retirements.set(event.productId, { at: event.at, version: this.#sequence });
        break;
      case 'stockLoaded':
      case 'stockWithdrawn':
        this.movements.push({ event, version: this.#sequence });
        break;
      case 'paymentPending':
      case 'inReview':
      case 'paid':
      case 'cancelled':
      case 'expired':
      case 'refundDue':
      case 'refunded':
      case 'paymentDeclined':
      case 'denied':
        this.#orderChanged(event);
        break;
      case 'holdExtended':
        this.#holdExtended(event);
        break;
    }
  }

  #reserved(event: Reserved): void {
    const { orders } = this;
    const { terms } = event;
    if (event.productId !== this.#productId) {
      this.#productId = event.productId;
      this.#quotedProductId = quoted(event.productId);
    }
    if (terms.currency !== this.#currency) {
      this.#currency = terms.currency;
      this.#quotedCurrency = quoted(terms.currency);
    }
    this.#inserted.set(event.orderId, orders.ids.length);
    orders.ids.push(orderIdText(event.orderId));
    orders.productIds.push(this.#quotedProductId);
    orders.customerIds.push(quoted(event.customerId));
    orders.idempotencyKeys.push(quoted(event.idempotencyKey));
    orders.quantities.push(event.quantity);
    orders.amounts.push(terms.amount);
    orders.currencies.push(this.#quotedCurrency);
    orders.statuses.push(acceptedStatus(terms));
    orders.createdAts.push(event.at);
    orders.holdExpiresAts.push(holdExpiresAt(event.at, terms) ?? 'NULL');
    orders.versions.push(this.#sequence);
    orders.shards.push(this.#shard);
  }

  #orderChanged({ kind, orderId }: OrderChanged): void {
    const status = STATUS_AFTER[kind];
    const inserted = this.#inserted.get(orderId);
    if (inserted !== undefined) {
      this.orders.statuses[inserted] = status;
      this.orders.versions[inserted] = this.#sequence;
      return;
    }
    this.changes.statuses[this.#changedRow(orderId)] = status;
  }

  #holdExtended({ orderId, until }: HoldExtended): void {
    const inserted = this.#inserted.get(orderId);
    if (inserted === undefined) {
      this.changes.holdExpiresAts[this.#changedRow(orderId)] = until;
    } else {
      this.orders.holdExpiresAts[inserted] = until;
      this.orders.versions[inserted] = this.#sequence;
    }
  }

  /** The row in `changes`, of this version from now on. */
  #changedRow(orderId: Key): number {
    const { changes } = this;
    let row = this.#changed.get(orderId);
    if (row === undefined) {
      row = changes.ids.length;
      this.#changed.set(orderId, row);
      changes.ids.push(orderIdText(orderId));
      changes.statuses.push('NULL');
      changes.holdExpiresAts.push('NULL');
    }
    changes.versions[row] = this.#sequence;
    return row;
  }
}
