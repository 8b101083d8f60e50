// The invariants' one checker: audits, tests, simulations, fault runs and benchmarks all use it.
//
// It follows the journal with a model of its own, and holds it against Postgres's rows, against the live actors, and
// against what clients were told.

import { holdExpiresAt } from '../order.ts';
import type { Stock } from '../product.ts';
import type { JournalRecord } from '../record.ts';
import { Findings, INVARIANTS, type InvariantNumber, type Violation } from './findings.ts';
import { JournalModel, movementName } from './journal-model.ts';
import type { ProjectedMovement, ProjectedOrder, ProjectedProduct } from './projected.ts';

/** What one client was told about one key, at last. */
export interface Answer {
  readonly productId: string;
  readonly customerId: string;
  readonly idempotencyKey: string;
  /** The order's id as text; undefined: the client was told that there is none. */
  readonly orderId: string | undefined;
}

export interface Report {
  readonly ok: boolean;
  readonly invariants: readonly {
    readonly invariant: InvariantNumber;
    readonly title: string;
    readonly checks: number;
    readonly violations: number;
  }[];
  /** The first hundred. */
  readonly violations: readonly Violation[];
  readonly figures: {
    readonly records: number;
    readonly events: number;
    readonly products: number;
    readonly orders: number;
    readonly unitsLoaded: number;
    readonly unitsSold: number;
    readonly unitsReserved: number;
    readonly unitsAvailable: number;
    readonly rows: number;
    /** Records after the projection's positions. */
    readonly recordsNotProjected: number;
    readonly answers: number;
  };
}

export class Checker {
  readonly #findings = new Findings();
  readonly #model: JournalModel;
  #rows = 0;
  #answers = 0;

  /** @param positions how far Postgres is, by shard; without it no rows are expected */
  constructor(positions: ReadonlyMap<number, number> = new Map()) {
    this.#model = new JournalModel(positions, this.#findings);
  }

  /** The journal's records, in journal order. */
  record(sequence: number, record: JournalRecord): void {
    this.#model.record(sequence, record);
  }

  /** A row of Postgres's orders. Call after all records. */
  row(row: ProjectedOrder): void {
    this.#rows++;
    const order = this.#model.orders.get(row.id);
    if (!this.#findings.check(3, order?.projected !== undefined, () => `row ${row.id} has no journal event`))
      return;
    const { event, projected } = order!;
    this.#findings.check(3, !order!.hasRow, () => `order ${row.id} has two rows`);
    order!.hasRow = true;
    this.#compare<ProjectedOrder>(`order ${row.id}`, row, {
      id: row.id,
      productId: event.productId,
      customerId: event.customerId,
      idempotencyKey: event.idempotencyKey,
      quantity: event.quantity,
      unitAmount: event.terms.amount,
      currency: event.terms.currency,
      status: projected!.status,
      createdAt: event.at,
      holdExpiresAt: holdExpiresAt(event.at, event.terms),
      version: projected!.version,
    });
  }

  /** A row of Postgres's products. Call after all records. */
  productRow(row: ProjectedProduct): void {
    const expected = this.#model.products.get(row.id)?.projected;
    if (!this.#findings.check(3, expected !== undefined, () => `product row ${row.id} has no journal event`))
      return;
    this.#model.products.get(row.id)!.hasRow = true;
    this.#compare(`product ${row.id}`, row, expected!);
  }

  /** A row of Postgres's stock movements. Call after all records. */
  movementRow(row: ProjectedMovement): void {
    const name = movementName(row.productId, row.requestId);
    const what = `stock movement ${row.requestId} of ${row.productId}`;
    const expected = this.#model.movements.get(name);
    if (!this.#findings.check(3, expected !== undefined, () => `${what} has no journal event, or two rows`))
      return;
    this.#model.movements.delete(name);
    this.#compare(what, row, expected!);
  }

  /** What a client was told. Call after all records. */
  answer({ productId, customerId, idempotencyKey, orderId }: Answer): void {
    this.#answers++;
    const journaled = this.#model.orderOf(productId, customerId, idempotencyKey);
    const who = `${customerId} with key ${idempotencyKey}`;
    if (orderId === undefined) {
      this.#findings.check(
        9,
        journaled === undefined,
        () => `${who} was refused at last, but has order ${journaled}`,
      );
    } else {
      this.#findings.check(
        10,
        journaled !== undefined,
        () => `${who} was told of ${orderId}, which is not in the journal`,
      );
      this.#findings.check(
        4,
        journaled === orderId,
        () => `${who} was told of ${orderId}, but the order is ${journaled}`,
      );
    }
  }

  /** The live actor's own counters, as of the last record that was followed. */
  live(productId: string, stock: Stock): void {
    const expected = this.#model.products.get(productId)?.stock;
    if (expected === undefined) return this.broken(7, `${productId} is live, but not in the journal`);
    this.#compare(`stock of ${productId}`, stock, expected, 7, 'the actor');
  }

  /** Whether the replayed and the live fingerprint of a product are the same. */
  fingerprint(productId: string, isSame: boolean): void {
    this.#findings.check(7, isSame, () => `the live state of ${productId} is not its replay`);
  }

  /** A damaged or foreign record, a product that no model can follow: anything that ends the reading. */
  broken(invariant: InvariantNumber, what: string): void {
    this.#findings.check(invariant, false, () => what);
  }

  report(): Report {
    this.#settle();
    const total = (field: keyof Stock) =>
      [...this.#model.products.values()].reduce((sum, { stock }) => sum + stock[field], 0);
    return {
      ok: this.#findings.isClean,
      invariants: Object.keys(INVARIANTS).map((name) => {
        const invariant = Number(name) as InvariantNumber;
        return {
          invariant,
          title: INVARIANTS[invariant],
          checks: this.#findings.checksOf(invariant),
          violations: this.#findings.brokenOf(invariant),
        };
      }),
      violations: this.#findings.violations,
      figures: {
        records: this.#model.records,
        events: this.#model.events,
        products: this.#model.products.size,
        orders: this.#model.orders.size,
        unitsLoaded: total('loaded'),
        unitsSold: total('sold'),
        unitsReserved: total('reserved'),
        unitsAvailable: total('available'),
        rows: this.#rows,
        recordsNotProjected: this.#model.recordsNotProjected,
        answers: this.#answers,
      },
    };
  }

  /** Invariant 2, and the rows that are missing. */
  #settle(): void {
    const taken = this.#model.unitsTaken();
    for (const [id, { projected, hasRow }] of this.#model.orders) {
      if (projected !== undefined) this.#findings.check(3, hasRow, () => `order ${id} has no row`);
    }
    for (const { productId, requestId } of this.#model.movements.values()) {
      this.#findings.broken(3, `stock movement ${requestId} of ${productId} has no row`);
    }
    for (const { id, stock, projected, hasRow } of this.#model.products.values()) {
      if (projected !== undefined) this.#findings.check(3, hasRow, () => `product ${id} has no row`);
      const free = stock.loaded - stock.withdrawn - (taken.get(id) ?? 0);
      this.#findings.check(
        2,
        stock.available === free,
        () => `${id}: ${free} units free, ${stock.available} available`,
      );
    }
  }

  /** Field by field, so that a difference names itself. */
  #compare<T extends object>(
    what: string,
    found: T,
    expected: T,
    invariant: InvariantNumber = 3,
    who = 'Postgres',
  ): void {
    for (const field of Object.keys(expected) as (keyof T & string)[]) {
      const [told, journaled] = [found[field], expected[field]];
      const says = (): string =>
        `${what}: ${who} says ${field} = ${String(told)}, the journal ${String(journaled)}`;
      this.#findings.check(invariant, told === journaled, says);
    }
  }
}
