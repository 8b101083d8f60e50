// Brings one command of the outbox to the product's actor, however often it was sent before, and says in words what came of it.
//
// What makes repetition safe: a configuration names the revision that it follows, stock changes carry their requestId, and
// pauses and resumptions can be repeated until a later one was sent.

import {
  gateOf,
  isSameGate,
  type Command,
  type ProductConfiguration,
  type Refusal,
  type Reply,
  type Stock,
} from '../../actors/index.ts';
import type { ClaimedCommand } from './dispatch-queue.ts';
import type { EngineAnswer, EngineCommand } from './outbox.ts';

/** The router, as far as it is needed. */
export interface Engine {
  request(command: Command): Promise<Reply>;
}

/** `again`: nothing was done, or nobody knows; @param mayStill whether it is still this sender's turn */
export async function deliver(
  engine: Engine,
  claimed: ClaimedCommand,
  mayStill: () => Promise<boolean>,
): Promise<EngineAnswer | 'again'> {
  const { command, productId } = claimed;
  const delivery = new Delivery(engine, productId);
  if (claimed.isHeldBack && (command.kind === 'loadStock' || command.kind === 'resume')) return HELD_BACK;
  switch (command.kind) {
    case 'configure':
      return delivery.configure(command, claimed.revision, mayStill);
    case 'loadStock':
    case 'withdrawStock':
      return delivery.changeStock(command.kind, command.requestId, command.quantity);
    case 'withdrawAvailable':
      return delivery.withdrawAvailable(command.requestId);
    case 'pause':
    case 'resume':
      return delivery.switch(command.kind);
  }
}

class Delivery {
  readonly #engine: Engine;
  readonly #productId: string;

  constructor(engine: Engine, productId: string) {
    this.#engine = engine;
    this.#productId = productId;
  }

  async configure(
    { configuration, isForced }: Extract<EngineCommand, { kind: 'configure' }>,
    revision: number,
    mayStill: () => Promise<boolean>,
  ): Promise<EngineAnswer | 'again'> {
    let expectedRevision = revision;
    if (isForced) {
      const present = await this.#show();
      if (present === 'again') return present;
      // Whoever is late here overwrites nothing: either it is not its turn any more, or the revision has moved on.
      if (!(await mayStill())) return 'again';
      expectedRevision = present?.revision ?? 0;
    }
    const reply = await this.#engine.request({
      kind: 'configure',
      productId: this.#productId,
      configuration,
      expectedRevision,
    });
    if (reply.outcome === 'configured') return { kind: 'confirmed', revision: reply.product.revision };
    const refusal = refusalOf(reply);
    if (isUndecided(refusal) || (isForced && refusal === 'version_conflict')) return 'again';
    // An earlier try may have been accepted, and its answer lost.
    const present = await this.#show();
    if (present === 'again') return present;
    if (present !== undefined && differences(present.configuration, configuration).length === 0)
      return { kind: 'confirmed', revision: present.revision };
    if (refusal === 'version_conflict')
      return refused(changedElsewhere(present?.configuration, configuration));
    return refused(CONFIGURE_REFUSALS[refusal] ?? unexpected(refusal));
  }

  async changeStock(
    kind: 'loadStock' | 'withdrawStock',
    requestId: string,
    quantity: number,
  ): Promise<EngineAnswer | 'again'> {
    const reply = await this.#engine.request({ kind, productId: this.#productId, requestId, quantity });
    if (reply.outcome === 'stock') return { kind: 'confirmed', stock: reply.stock };
    const refusal = refusalOf(reply);
    if (isUndecided(refusal)) return 'again';
    if (refusal !== 'insufficient_stock') return refused(STOCK_REFUSALS[refusal] ?? unexpected(refusal));
    const stock = await this.#showStock();
    return stock === 'again' ? stock : refused(tooMany(quantity, stock));
  }

  /** How much that is was decided by the first try that got through. */
  async withdrawAvailable(requestId: string): Promise<EngineAnswer | 'again'> {
    const before = await this.#showStock();
    if (before === 'again') return before;
    if (before === undefined) return { kind: 'confirmed' };
    if (before.available === 0) return { kind: 'confirmed', stock: before };
    const answer = await this.#engine.request({
      kind: 'withdrawStock',
      productId: this.#productId,
      requestId,
      quantity: before.available,
    });
    if (answer.outcome === 'stock') return { kind: 'confirmed', stock: answer.stock };
    const refusal = refusalOf(answer);
    // Another quantity was withdrawn under this name: that was the first try.
    if (refusal === 'idempotency_key_reused' || refusal === 'sale_ended') {
      const after = await this.#showStock();
      return after === 'again' ? after : { kind: 'confirmed', ...(after && { stock: after }) };
    }
    // Of a product that is not paused yet, somebody bought some meanwhile.
    if (isUndecided(refusal) || refusal === 'insufficient_stock') return 'again';
    return refused(unexpected(refusal));
  }

  async switch(kind: 'pause' | 'resume'): Promise<EngineAnswer | 'again'> {
    const reply = await this.#engine.request({ kind, productId: this.#productId });
    if (reply.outcome === 'product') return { kind: 'confirmed' };
    const refusal = refusalOf(reply);
    if (isUndecided(refusal)) return 'again';
    // Nothing can be bought of what is closed or not there: it is paused, and it goes on as much as it ever will.
    if (refusal === 'sale_ended' || (kind === 'pause' && refusal === 'not_found'))
      return { kind: 'confirmed' };
    return refused(SWITCH_REFUSALS[refusal] ?? unexpected(refusal));
  }

  /** @returns undefined when there is no such product */
  async #show(): Promise<Extract<Reply, { outcome: 'product' }>['product'] | 'again' | undefined> {
    const reply = await this.#engine.request({ kind: 'showProduct', productId: this.#productId });
    if (reply.outcome === 'product') return reply.product;
    return refusalOf(reply) === 'not_found' ? undefined : 'again';
  }

  async #showStock(): Promise<Stock | 'again' | undefined> {
    const reply = await this.#engine.request({ kind: 'showStock', productId: this.#productId });
    if (reply.outcome === 'stock') return { ...reply.stock };
    return refusalOf(reply) === 'not_found' ? undefined : 'again';
  }
}

const refused = (reason: string): EngineAnswer => ({ kind: 'refused', reason });

function refusalOf(reply: Reply): Refusal {
  if (reply.outcome === 'refused') return reply.refusal;
  throw new Error(`the engine answered a command of the catalogue with ${reply.outcome}`);
}

const isUndecided = (refusal: Refusal): boolean => refusal === 'overloaded' || refusal === 'outcome_unknown';

const CLOSED =
  'The sale ended long ago and is closed for good: nothing of it changes any more. Clone the campaign.';
const UNKNOWN = 'The engine does not know this product. Send it again.';

const HELD_BACK = refused(
  'It was not sent, since the engine refused the product as it was saved before. Send that again first.',
);

const CONFIGURE_REFUSALS: Partial<Record<Refusal, string>> = {
  price_locked:
    'The sale has begun, and its price cannot change while it runs. Pause the campaign, then send it again.',
  sale_ended: CLOSED,
};

const STOCK_REFUSALS: Partial<Record<Refusal, string>> = {
  not_found: UNKNOWN,
  sale_ended: CLOSED,
  idempotency_key_reused:
    'Another change of stock has the same name in the engine, with another number of units. Nothing was changed.',
};

const SWITCH_REFUSALS: Partial<Record<Refusal, string>> = { not_found: UNKNOWN };

const unexpected = (refusal: Refusal): string => `The engine refused it (${refusal}). Nothing was changed.`;

function tooMany(quantity: number, stock: Stock | undefined): string {
  if (stock === undefined) return UNKNOWN;
  const { loaded, withdrawn, sold, reserved, available } = stock;
  const told = (units: number): string => units.toLocaleString('en');
  return (
    `${told(quantity)} units cannot be withdrawn: of ${told(loaded - withdrawn)} on sale ${told(sold)} are sold and ` +
    `${told(reserved)} are held by orders that are not paid yet, so ${told(available)} can be withdrawn. Nothing was changed.`
  );
}

type Field = keyof ProductConfiguration;
const FIELDS: Readonly<Record<Field, string>> = {
  name: 'its name',
  description: 'its description',
  startsAt: 'its start',
  endsAt: 'its end',
  amount: 'its price',
  currency: 'its currency',
  perCustomerLimit: 'its limit per customer',
  holdSeconds: 'its hold time',
  gate: 'its gate',
};

const differences = (one: ProductConfiguration, other: ProductConfiguration): Field[] =>
  (Object.keys(FIELDS) as Field[]).filter((field) =>
    field === 'gate' ? !isSameGate(gateOf(one), gateOf(other)) : one[field] !== other[field],
  );

function changedElsewhere(present: ProductConfiguration | undefined, wanted: ProductConfiguration): string {
  if (present === undefined) return UNKNOWN;
  const told = differences(present, wanted).map((field) => FIELDS[field]);
  return (
    `Somebody changed this product in the engine, not through the catalogue; ${told.join(', ')} would change. Send it again to ` +
    'put the catalogue’s version over theirs.'
  );
}
