// What the shop makes of a product: its configuration, its stock, and whether it is for sale at this moment.

import type {
  ChangeStock,
  CheckStock,
  Configure,
  PauseOrResume,
  ProductConfiguration,
  ShowProduct,
} from './command.ts';
import { ACTOR_LIMITS, answer, refuse, type Decision } from './decision.ts';
import { gateOf, isSameGate, OPEN_GATE } from './gate.ts';
import { isSameTerms, termsOf } from './hold-terms.ts';
import { invariant } from './invariant.ts';
import type { Terms } from './order.ts';
import { NO_STOCK, readProduct, type Product } from './product.ts';

export function configure(product: Product | undefined, command: Configure, now: number): Decision {
  const { productId, expectedRevision } = command;
  const configuration = withoutOpenGate(command.configuration);
  assertConfiguration(configuration);
  const revision = product?.revision ?? 0;
  if (expectedRevision !== undefined && expectedRevision !== revision) return refuse('version_conflict');
  if (product !== undefined) {
    if (isSame(product.configuration, configuration)) {
      return answer({ outcome: 'configured', product: product.read(now), created: false });
    }
    const old = product.configuration;
    const changesPrice = old.amount !== configuration.amount || old.currency !== configuration.currency;
    if (changesPrice && now >= old.startsAt && !product.paused) return refuse('price_locked');
    const terms = termsOf(configuration);
    const changesTerms = !isSameList(termsOf(old), terms);
    if (changesTerms && product.terms.length + terms.length > ACTOR_LIMITS.termsMax)
      return refuse('overloaded');
  }
  const reading = readProduct({
    id: productId,
    configuration,
    revision: revision + 1,
    paused: product?.paused ?? false,
    stock: product?.stock ?? NO_STOCK,
    now,
  });
  return {
    reply: { outcome: 'configured', product: reading, created: product === undefined },
    event: { kind: 'configured', productId, at: now, configuration, revision: revision + 1 },
  };
}

function assertConfiguration(configuration: ProductConfiguration): void {
  const { startsAt, endsAt, amount, perCustomerLimit, holdSeconds } = configuration;
  const { openHoldsMax, coolDownSeconds, attemptsMax, shortestHoldSeconds } = gateOf(configuration);
  const ofGate = [openHoldsMax, coolDownSeconds, attemptsMax, shortestHoldSeconds];
  for (const value of [startsAt, endsAt, amount, perCustomerLimit, holdSeconds, ...ofGate]) {
    invariant(Number.isSafeInteger(value) && value >= 0, `a configuration holds integers, not ${value}`);
  }
  invariant(startsAt < endsAt, 'a sale ends after it starts');
}

const isSame = (one: ProductConfiguration, other: ProductConfiguration): boolean =>
  one.name === other.name &&
  one.description === other.description &&
  one.startsAt === other.startsAt &&
  one.endsAt === other.endsAt &&
  one.amount === other.amount &&
  one.currency === other.currency &&
  one.perCustomerLimit === other.perCustomerLimit &&
  one.holdSeconds === other.holdSeconds &&
  isSameGate(gateOf(one), gateOf(other));

const isSameList = (some: readonly Terms[], others: readonly Terms[]): boolean =>
  some.length === others.length && some.every((terms, at) => isSameTerms(terms, others[at]!));

/** A configuration that asks for nothing is written as it was before there were gates. */
function withoutOpenGate(configuration: ProductConfiguration): ProductConfiguration {
  const { gate, ...sale } = configuration;
  return gate === undefined || isSameGate(gate, OPEN_GATE) ? sale : configuration;
}

export function changeStock(product: Product, command: ChangeStock, now: number): Decision {
  const { kind, requestId, quantity } = command;
  const known = product.stockRequests.get(requestId);
  if (known !== undefined) {
    if (known.kind !== kind || known.quantity !== quantity) return refuse('idempotency_key_reused');
    return answer({ outcome: 'stock', productId: product.id, stock: { ...product.stock }, duplicate: true });
  }
  if (product.stockRequests.size >= ACTOR_LIMITS.stockRequestsMax) return refuse('overloaded');
  const stock = { ...product.stock };
  if (kind === 'loadStock') {
    stock.loaded += quantity;
    stock.available += quantity;
  } else {
    if (quantity > stock.available) return refuse('insufficient_stock');
    stock.available -= quantity;
    stock.withdrawn += quantity;
  }
  return {
    reply: { outcome: 'stock', productId: product.id, stock, duplicate: false },
    event: {
      kind: kind === 'loadStock' ? 'stockLoaded' : 'stockWithdrawn',
      productId: product.id,
      at: now,
      requestId,
      quantity,
    },
  };
}

/** `idempotency_key_reused` when one was counted otherwise; `duplicate` when all were counted. */
export function checkStock(product: Product, { change, changes }: CheckStock): Decision {
  let counted = 0;
  for (const { requestId, quantity } of changes) {
    const known = product.stockRequests.get(requestId);
    if (known === undefined) continue;
    if (known.kind !== change || known.quantity !== quantity) return refuse('idempotency_key_reused');
    counted++;
  }
  const stock = { ...product.stock };
  return answer({ outcome: 'stock', productId: product.id, stock, duplicate: counted === changes.length });
}

export function pauseOrResume(product: Product, command: PauseOrResume, now: number): Decision {
  const paused = command.kind === 'pause';
  if (product.paused === paused) return answer({ outcome: 'product', product: product.read(now) });
  return {
    reply: { outcome: 'product', product: readProduct({ ...product.parts, paused, now }) },
    event: { kind: paused ? 'paused' : 'resumed', productId: product.id, at: now },
  };
}

export function show(product: Product, { kind }: ShowProduct, now: number): Decision {
  if (kind === 'showProduct') return answer({ outcome: 'product', product: product.read(now) });
  const stock = { ...product.stock };
  return answer({ outcome: 'stock', productId: product.id, stock, duplicate: false });
}
