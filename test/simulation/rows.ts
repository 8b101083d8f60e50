// Postgres as the simulated world has it: it follows the log, always a while behind, and answers for retired products.

import { orderIdText, STATUS_AFTER, acceptedStatus, holdExpiresAt } from '../../src/actors/index.ts';
import type { OrderReads, OrderRow, RetiredOrder, RetiredOrderName } from '../../src/persistence/index.ts';
import { recordsOf, type SimulatedLog, type World } from './world.ts';

const LAG_MS = 3_000;

export class SimulatedRows implements Pick<OrderReads, 'ofRetired'> {
  readonly #world: World;
  readonly #log: SimulatedLog;
  #position = 0;
  /** Questions that came too early, and questions that were answered. */
  readonly asked = { early: 0, answered: 0 };

  constructor(world: World, log: SimulatedLog) {
    this.#world = world;
    this.#log = log;
    this.#follow();
  }

  ofRetired(name: RetiredOrderName): Promise<RetiredOrder | undefined> {
    const rows = new Map<string, OrderRow & { readonly idempotencyKey: string }>();
    let isRetired = false;
    for (const { sequence, record } of recordsOf(this.#log)) {
      if (sequence > this.#position) break;
      for (const event of record.events) {
        if (event.kind === 'retired') isRetired ||= event.productId === name.productId;
        else if (event.kind === 'reserved') {
          const { productId, customerId, idempotencyKey, quantity, at: createdAt, terms } = event;
          const id = orderIdText(event.orderId);
          const price = { unitPrice: terms, holdExpiresAt: holdExpiresAt(createdAt, terms) };
          const order = { id, productId, customerId, idempotencyKey, quantity, createdAt };
          rows.set(id, { ...order, ...price, status: acceptedStatus(terms) });
        } else if (event.kind === 'holdExtended') {
          const id = orderIdText(event.orderId);
          rows.set(id, { ...rows.get(id)!, holdExpiresAt: event.until });
        } else if ('orderId' in event) {
          const id = orderIdText(event.orderId);
          rows.set(id, { ...rows.get(id)!, status: STATUS_AFTER[event.kind] });
        }
      }
    }
    this.asked[isRetired ? 'answered' : 'early']++;
    if (!isRetired) return Promise.resolve(undefined);
    const order = [...rows.values()].find((row) =>
      'id' in name
        ? row.id === name.id
        : row.customerId === name.customerId && row.idempotencyKey === name.idempotencyKey,
    );
    return Promise.resolve(order === undefined ? { order } : { order, version: this.#position });
  }

  #follow(): void {
    this.#position = this.#log.records.at(-1)?.sequence ?? 0;
    this.#world.at(this.#world.dice.next() * LAG_MS, () => this.#follow());
  }
}
