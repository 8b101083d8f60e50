// The invariants' one checker: audits, tests, simulations, fault runs and benchmarks all use it.
//
// It follows the journal with a model of its own, and holds it against Postgres's rows, against the live actors, and
// against what clients were told.

import type { Stock } from '../product.ts';
import type { JournalRecord } from '../record.ts';
import { Findings, INVARIANTS, type InvariantNumber, type Violation } from './findings.ts';
import { JournalModel, movementName } from './journal-model.ts';
import { PaymentsCheck, type LedgersPayment } from './payments-check.ts';
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
    readonly unitsWithdrawn: number;
    readonly rows: number;
    /** Of these, rows of products whose first records were not read: not compared. */
    readonly rowsUnseen: number;
    /** Records after the projection's positions. */
    readonly recordsNotProjected: number;
    readonly answers: number;
    /** At the payment provider: captured and not given back, given back, and captured but not settled yet. */
    readonly paymentsCaptured: number;
    readonly paymentsRefunded: number;
    readonly paymentsUnderWay: number;
  };
}

export class Checker {
  readonly #findings = new Findings();
  #rows = 0;
  #rowsUnseen = 0;
  #answers = 0;

  readonly #model = new JournalModel(this.#findings);
  readonly payments = new PaymentsCheck(
    this.#findings,
    this.#model.orders,
    () => this.#model.unseen.size > 0,
  );
  #paymentFigures = { captured: 0, refunded: 0, underWay: 0 };
  /** How far Postgres is, by shard; empty when there is none. */
  #positions: ReadonlyMap<number, number> = new Map();

  /**
   * The shard's records are read from behind `head` on, since those before are in an archive. Call before its records.
   * @param unseen products of which only a snapshot tells: neither their events nor their rows are looked at
   */
  begin(shard: number, head: number, unseen: Iterable<string>): void {
    this.#model.begin(shard, head, unseen);
  }

  isUnseen(productId: string): boolean {
    return this.#model.unseen.has(productId);
  }

  /** The journal's records, in journal order. */
  record(sequence: number, record: JournalRecord): void {
    this.#model.record(sequence, record);
  }

  /** How far Postgres is. Call after all records, before the rows. */
  projectedUpTo(positions: ReadonlyMap<number, number>): void {
    this.#positions = positions;
  }

  /** A row of Postgres's orders. */
  row(row: ProjectedOrder): void {
    this.#rows++;
    if (this.isUnseen(row.productId)) return void this.#rowsUnseen++;
    const order = this.#model.orders.get(row.id);
    const status = order?.status.asOf(this.#positionOf(order));
    const isThere = status !== undefined;
    if (!this.#findings.check(3, isThere, () => `row ${row.id} has no journal event`)) return;
    const { event, hasRow } = order!;
    this.#findings.check(3, !hasRow, () => `order ${row.id} has two rows`);
    order!.hasRow = true;
    this.#compare<ProjectedOrder>(`order ${row.id}`, row, {
      id: row.id,
      productId: event.productId,
      customerId: event.customerId,
      idempotencyKey: event.idempotencyKey,
      quantity: event.quantity,
      unitAmount: event.terms.amount,
      currency: event.terms.currency,
      status: status!.value,
      createdAt: event.at,
      holdExpiresAt: order!.holdExpiresAt.asOf(this.#positionOf(order))!.value,
      version: status!.sequence,
    });
  }

  /** A row of Postgres's products. */
  productRow(row: ProjectedProduct): void {
    if (this.isUnseen(row.id)) return;
    const product = this.#model.products.get(row.id);
    const sale = product?.sale.asOf(this.#positionOf(product));
    const isThere = sale !== undefined;
    if (!this.#findings.check(3, isThere, () => `product row ${row.id} has no journal event`)) return;
    product!.hasRow = true;
    this.#compare(`product ${row.id}`, row, sale!.value);
  }

  /** A row of Postgres's stock movements. */
  movementRow(row: ProjectedMovement): void {
    if (this.isUnseen(row.productId)) return;
    const movement = this.#model.movements.get(movementName(row.productId, row.requestId));
    const what = `stock movement ${row.requestId} of ${row.productId}`;
    const isThere = movement !== undefined && movement.sequence <= this.#positionOf(movement);
    if (!this.#findings.check(3, isThere, () => `${what} has no journal event`)) return;
    this.#findings.check(3, !movement!.hasRow, () => `${what} has two rows`);
    movement!.hasRow = true;
    const { productId, requestId, kind, quantity, at } = movement!;
    this.#compare<ProjectedMovement>(what, row, { productId, requestId, kind, quantity, at });
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

  /** Whether a snapshot is the same as the replay up to its record. */
  snapshot(name: string, isSame: boolean): void {
    this.#findings.check(7, isSame, () => `snapshot ${name} is not the replay up to its record`);
  }

  /** A damaged or foreign record, a product that no model can follow: anything that ends the reading. */
  broken(invariant: InvariantNumber, what: string): void {
    this.#findings.check(invariant, false, () => what);
  }

  /** The journal was read on after the provider and the ledger; @param since the ledger's first payment, epoch milliseconds */
  settlePayments(ledger: ReadonlyMap<string, LedgersPayment>, since: number): void {
    this.#paymentFigures = this.payments.settle(ledger, since);
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
        unitsWithdrawn: total('withdrawn'),
        rows: this.#rows,
        rowsUnseen: this.#rowsUnseen,
        recordsNotProjected: this.#model.recordsAfter(this.#positions),
        answers: this.#answers,
        paymentsCaptured: this.#paymentFigures.captured,
        paymentsRefunded: this.#paymentFigures.refunded,
        paymentsUnderWay: this.#paymentFigures.underWay,
      },
    };
  }

  /** Invariant 2, and the rows that are missing. */
  #settle(): void {
    const { orders, products, movements } = this.#model;
    for (const [id, order] of orders) {
      if (order.status.asOf(this.#positionOf(order)) === undefined) continue;
      this.#findings.check(3, order.hasRow, () => `order ${id} has no row`);
    }
    for (const movement of movements.values()) {
      if (movement.sequence > this.#positionOf(movement)) continue;
      const { requestId, productId, hasRow } = movement;
      this.#findings.check(3, hasRow, () => `stock movement ${requestId} of ${productId} has no row`);
    }
    const taken = this.#model.unitsTaken();
    for (const product of products.values()) {
      const { id, stock, sale, hasRow } = product;
      const free = stock.loaded - stock.withdrawn - (taken.get(id) ?? 0);
      this.#findings.check(
        2,
        stock.available === free,
        () => `${id}: ${free} free, ${stock.available} available`,
      );
      if (sale.asOf(this.#positionOf(product)) === undefined) continue;
      this.#findings.check(3, hasRow, () => `product ${id} has no row`);
    }
  }

  #positionOf(placed: { readonly shard: number } | undefined): number {
    return placed === undefined ? 0 : (this.#positions.get(placed.shard) ?? 0);
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
