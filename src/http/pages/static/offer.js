// What a product's stub says and offers, as a pure function of everything known: the product, the shop's time, the
// shopper's order, and the purchase under way. Whether something is sold is never decided here.

import { formatMoment, formatPrice, formatTimeLeft, formatTimeLeftInWords } from './format.js';

const stateNames = {
  upcoming: 'Opens soon',
  on_sale: 'On sale',
  sold_out: 'Sold out',
  paused: 'Paused',
  ended: 'Ended',
};

const refusals = {
  sold_out: 'Someone was faster: none was left when your order arrived. A unit can still come back.',
  limit_reached: 'You already have as many as one customer may buy.',
  sale_not_started: 'Too early by a moment: the door was not open yet when your order arrived.',
  sale_ended: 'The sale had ended when your order arrived.',
  sale_paused: 'The shop has paused this sale. Nothing was ordered.',
  insufficient_stock: 'There are fewer left than you asked for. Nothing was ordered.',
  overloaded: 'Very many people are at the door. Your order was not taken.',
  rate_limited: 'That was too many tries in a row. Your order was not taken.',
  shutting_down: 'The shop is just restarting. Your order was not taken.',
  unreachable: 'The shop cannot be reached. Nothing was sent.',
  never_arrived: 'Your last try never reached the shop. Nothing was ordered.',
  too_many_holds: 'Pay or cancel what you have reserved first.',
  payment_declined: 'The card was declined. Your reservation still stands.',
  order_state_conflict: 'This order had already changed. This is how it stands now.',
};

/** The state by the shop's clock: a door opens at its second even when the news of it is still on its way. */
export function stateAt(product, now) {
  const { state, available } = product.sale;
  if (now >= Date.parse(product.endsAt)) return 'ended';
  if (state === 'upcoming' && now >= Date.parse(product.startsAt))
    return available > 0 ? 'on_sale' : 'sold_out';
  return state;
}

export function stateName(state) {
  return stateNames[state];
}

export function refusalText({ code, detail }) {
  return refusals[code] ?? detail ?? 'The shop refused this without a reason.';
}

/** The news, when a sale goes over to this state; nothing for a state that no sale goes over to. */
export function stateNews(state) {
  return { on_sale: 'is on sale now.', sold_out: 'is sold out.', paused: 'is paused.', ended: 'has ended.' }[
    state
  ];
}

/** How many more this shopper may ask for now. */
export function quantityMax(product, unitsHeld) {
  return Math.max(0, Math.min(product.perCustomerLimit - unitsHeld, product.sale.available));
}

/**
 * Gives `{kind, headline, leftMs, holdMs, text, problem, mild, held, buy, again, pay, cancel, announcement}`. The buttons are
 * `{label, enabled}` or absent; `kind` changes exactly when the shopper's situation does.
 */
export function offerFor(situation) {
  const { purchase, entry } = situation;
  if (purchase.phase === 'sending') return sending();
  if (purchase.phase === 'checking') return checking();
  if (entry?.order.status === 'reserved') return reserved(situation);
  if (entry?.order.status === 'payment_pending' || entry?.order.status === 'in_review')
    return paymentPending(entry);
  if (entry?.order.status === 'paid') return paid(situation);
  return selling(situation);
}

function sending() {
  return { kind: 'sending', headline: 'Sending your order', buy: { label: 'Sending…', enabled: false } };
}

function checking() {
  return {
    kind: 'checking',
    headline: 'Checking your order',
    text: 'The answer got lost on its way, so we are asking the shop whether your order went through. You cannot be sold it twice, and you may close this page: we ask again when you return.',
    buy: { label: 'Checking…', enabled: false },
    announcement: 'Checking whether your order went through.',
  };
}

function reserved({ entry, now }) {
  const { order, deed, problem } = entry;
  const hold = holdOf(order, now);
  const overdue = hold.leftMs <= 0;
  return {
    ...hold,
    kind: overdue ? 'overdue' : 'reserved',
    headline: overdue ? 'Time to pay is up' : `${order.quantity} reserved for you`,
    text: overdue ? 'The shop is about to put this back on sale.' : 'Pay in time, or it goes back on sale.',
    problem: problem && refusalText({ code: problem }),
    pay: { label: deed === 'paying' ? 'Paying…' : `Pay ${orderTotal(order)}`, enabled: !deed },
    cancel: { label: deed === 'cancelling' ? 'Cancelling…' : 'Cancel', enabled: !deed },
    announcement: overdue ? 'The time to pay is up.' : 'Reserved for you. ' + timeToPay(hold),
  };
}

/** Nothing for a reservation that does not end by itself. */
function holdOf({ createdAt, holdExpiresAt }, now) {
  if (!holdExpiresAt) return {};
  const expiresAt = Date.parse(holdExpiresAt);
  return { leftMs: Math.max(0, expiresAt - now), holdMs: expiresAt - Date.parse(createdAt) };
}

function timeToPay({ leftMs }) {
  return leftMs === undefined ? 'Please pay.' : `${formatTimeLeftInWords(leftMs)} left to pay.`;
}

function paymentPending({ order }) {
  return {
    kind: 'pending',
    headline: 'Payment under way',
    text: `${orderTotal(order)} is with the bank. Your ${order.quantity === 1 ? 'unit is' : 'units are'} kept until it answers.`,
    announcement: 'Your payment is under way.',
  };
}

function paid({ entry, product, now, unitsHeld }) {
  const { order } = entry;
  const more = stateAt(product, now) === 'on_sale' && quantityMax(product, unitsHeld) > 0;
  return {
    kind: 'paid',
    headline: order.quantity === 1 ? 'Paid. It’s yours.' : `Paid. All ${order.quantity} are yours.`,
    text: `Order ${order.id} · ${orderTotal(order)}`,
    again: more ? { label: 'Buy another', enabled: true } : undefined,
    announcement: 'Paid. It is yours.',
  };
}

function selling(situation) {
  const { product, now, purchase, unitsHeld } = situation;
  const state = stateAt(product, now);
  const busyMs = purchase.refusal?.until ? purchase.refusal.until - now : 0;
  const problem =
    busyMs > 0 || !purchase.refusal?.until ? (purchase.refusal ?? endOf(situation.entry)) : null;
  return {
    kind: busyMs > 0 ? 'busy' : problem ? `${state}:${problem.code}` : state,
    ...sellingIn[state](situation, busyMs),
    problem: problem && (problem.text ?? refusalText(problem)),
    mild: problem?.text !== undefined,
    held: unitsHeld > 0 ? `You have ${unitsHeld} of ${product.perCustomerLimit}.` : null,
    announcement: problem && (problem.text ?? refusalText(problem)),
  };
}

const sellingIn = {
  upcoming: ({ product, now }) => ({
    headline: `Opens ${formatMoment(product.startsAt, now)}`,
    leftMs: Date.parse(product.startsAt) - now,
    buy: { label: 'Not open yet', enabled: false },
  }),
  on_sale: ({ product, now, unitsHeld, quantity }, busyMs) => ({
    headline: closing(product, now),
    buy: buyButton(product, unitsHeld, quantity, busyMs),
  }),
  sold_out: ({ product }) => ({
    headline: 'All gone',
    text:
      product.holdSeconds > 0
        ? 'A unit comes back when somebody does not pay in time. This page will show it.'
        : null,
    buy: { label: 'Sold out', enabled: false },
  }),
  paused: () => ({
    headline: 'Paused by the shop',
    text: 'Nobody can buy right now, and reservations stay as they are.',
    buy: { label: 'Paused', enabled: false },
  }),
  ended: ({ product, now }) => ({
    headline: `Ended ${formatMoment(product.endsAt, now)}`,
    buy: { label: 'Sale ended', enabled: false },
  }),
};

function closing(product, now) {
  const leftMs = Date.parse(product.endsAt) - now;
  return leftMs < 86_400_000
    ? `Closes in ${formatTimeLeft(leftMs)}`
    : `Closes ${formatMoment(product.endsAt, now)}`;
}

function buyButton(product, unitsHeld, quantity, busyMs) {
  if (busyMs > 0) return { label: `Busy: try again in ${Math.ceil(busyMs / 1_000)} s`, enabled: false };
  if (unitsHeld >= product.perCustomerLimit) return { label: 'Limit reached', enabled: false };
  const total = formatPrice({ ...product.price, amount: product.price.amount * quantity });
  return { label: quantity === 1 ? `Buy for ${total}` : `Buy ${quantity} for ${total}`, enabled: true };
}

function endOf(entry) {
  switch (entry?.order.status) {
    case 'cancelled':
      return { code: 'cancelled', text: 'Cancelled. It is back on sale.' };
    case 'expired':
      return { code: 'expired', text: 'Your time to pay ran out, so it went back on sale.' };
    case 'refund_due':
    case 'refunded':
      return { code: 'refund', text: 'Your payment came too late. You get your money back.' };
    default:
      return null;
  }
}

export function orderTotal({ unitPrice, quantity }) {
  return formatPrice({ ...unitPrice, amount: unitPrice.amount * quantity });
}
