// What a product's stub says and offers, as a pure function of everything known: the product, the shop's time, the
// shopper's order, the purchase under way, and who is there. Whether something is sold is never decided here.

import { formatCount, formatMoment, formatPrice, formatTimeLeftInWords, texts } from './format.js';

const { buttons, offer: words } = texts;

/** Somebody who cannot see the countdown is told once when so little is left. */
const soonMs = 60_000;

/** What takes no longer need not be explained. */
const quickMs = 2_500;

/** The state by the shop's clock: a door opens at its second even when the news of it is still on its way. */
export function stateAt(product, now) {
  const { state, available } = product.sale;
  if (state === 'cancelled') return state;
  if (now >= Date.parse(product.endsAt)) return 'ended';
  if (state === 'upcoming' && now >= Date.parse(product.startsAt))
    return available > 0 ? 'on_sale' : 'sold_out';
  return state;
}

export function refusalText({ code, detail }) {
  return texts.refusals[code] ?? (detail || texts.refusals.unknown);
}

/** Of paying or cancelling, which may have come through, and whose order stands in any case. */
export function deedProblemText(code) {
  return texts.deeds[code] ?? refusalText({ code });
}

export function orderTotal({ unitPrice, quantity }) {
  return formatPrice({ ...unitPrice, amount: unitPrice.amount * quantity });
}

/** How many more this shopper may ask for now. */
export function quantityMax(product, unitsHeld) {
  return Math.max(0, Math.min(product.perCustomerLimit - unitsHeld, product.sale.available));
}

/**
 * `situation` is `{product, now, purchase, entry, notice, unitsHeld, quantity, isSignedIn, isSignedOut, isGone, sawCountdown}`.
 *
 * Gives `{kind, headline, leftMs, holdMs, text, problem, mild, held, buy, again, pay, cancel, signIn, announcement, soon}`. The
 * buttons are `{label, enabled}` or absent; `kind` changes exactly when the shopper's situation does; `soon` is what to say once
 * while little time is left.
 */
export function offerFor(situation) {
  const { purchase, entry } = situation;
  if (purchase.phase === 'preparing') return preparing(situation);
  if (purchase.phase === 'sending') return sending();
  if (purchase.phase === 'waiting') return waiting(situation);
  if (purchase.phase === 'checking') return checking();
  if (situation.isSignedOut) return signedOut(purchase.refusal);
  if (entry?.order.status === 'reserved') return reserved(situation);
  if (entry?.order.status === 'payment_pending') return paymentPending(entry);
  if (entry?.order.status === 'in_review') return inReview(entry);
  if (entry?.order.status === 'paid') return paid(situation);
  return selling(situation);
}

function sending() {
  return { kind: 'sending', headline: words.sending, buy: { label: buttons.sending, enabled: false } };
}

/** A ticket is on its way; mostly it is here before anybody could read of it. */
function preparing({ purchase, now }) {
  if (now - purchase.since < quickMs) return sending();
  return {
    kind: 'preparing',
    headline: words.preparing,
    text: words.preparingText,
    buy: { label: buttons.preparing, enabled: false },
    announcement: words.preparingNews,
  };
}

function waiting({ purchase, now }) {
  const seconds = Math.max(0, Math.ceil((purchase.until - now) / 1_000));
  return {
    kind: 'waiting',
    headline: words.waiting,
    text: words.waitingText,
    buy: { label: buttons.againIn(formatCount(seconds)), enabled: false },
    announcement: words.waitingNews,
  };
}

function checking() {
  return {
    kind: 'checking',
    headline: words.checking,
    text: words.checkingText,
    buy: { label: buttons.checking, enabled: false },
    announcement: words.checkingNews,
  };
}

function signedOut(refusal) {
  const why = refusal?.isInDoubt ? words.signedOutInDoubt : refusal ? words.signedOutUnordered : null;
  return {
    kind: 'signed_out',
    headline: words.signedOut,
    text: sentences(why, words.signedOutText),
    signIn: { label: buttons.signInAgain, enabled: true },
    announcement: words.signedOut,
  };
}

function reserved({ entry, now }) {
  const { order, deed, problem, isRecovered } = entry;
  const hold = holdOf(order, now);
  const isOverdue = hold.leftMs <= 0;
  const found = isRecovered ? words.found : null;
  return {
    ...hold,
    kind: isOverdue ? 'overdue' : 'reserved',
    headline: isOverdue ? words.overdue : words.reserved(formatCount(order.quantity)),
    text: isOverdue ? words.overdueText : sentences(found, words.reservedText),
    problem: problem && deedProblemText(problem),
    pay: { label: payLabel(deed, problem, order), enabled: !deed },
    cancel: { label: deed === 'cancelling' ? buttons.cancelling : buttons.cancel, enabled: !deed },
    announcement: isOverdue ? words.overdueNews : sentences(found, words.reservedNews, timeToPay(hold)),
    // Of a shorter hold the first announcement has said as much.
    soon: hold.holdMs > 2 * soonMs && !isOverdue && hold.leftMs <= soonMs ? words.soonOver : undefined,
  };
}

function payLabel(deed, problem, order) {
  if (deed === 'paying') return buttons.paying;
  return (problem === 'payment_declined' ? buttons.payAgain : buttons.pay)(orderTotal(order));
}

/** Nothing for a reservation that does not end by itself. */
function holdOf({ createdAt, holdExpiresAt }, now) {
  if (!holdExpiresAt) return {};
  const expiresAt = Date.parse(holdExpiresAt);
  return { leftMs: Math.max(0, expiresAt - now), holdMs: expiresAt - Date.parse(createdAt) };
}

function timeToPay({ leftMs }) {
  return leftMs === undefined ? words.pleasePay : `${words.leftToPay(formatTimeLeftInWords(leftMs))}.`;
}

function paymentPending({ order }) {
  return {
    kind: 'pending',
    headline: words.pending,
    text: words.pendingText(orderTotal(order), order.quantity),
    announcement: words.pendingNews,
  };
}

function inReview({ order }) {
  return {
    kind: 'review',
    headline: words.review,
    text: words.reviewText(orderTotal(order), order.quantity),
    announcement: words.reviewNews,
  };
}

function paid({ entry, product, now, unitsHeld }) {
  const { order, isRecovered } = entry;
  const more = stateAt(product, now) === 'on_sale' && quantityMax(product, unitsHeld) > 0;
  const found = isRecovered ? words.found : null;
  return {
    kind: 'paid',
    headline: words.paid(order.quantity, formatCount(order.quantity)),
    text: sentences(found, words.paidText(order.id, orderTotal(order))),
    again: more ? { label: buttons.again, enabled: true } : undefined,
    announcement: sentences(found, words.paidNews),
  };
}

function selling(situation) {
  const { product, now, purchase, entry, notice, unitsHeld, isSignedIn, isGone } = situation;
  const state = isGone ? 'gone' : stateAt(product, now);
  const { refusal } = purchase;
  const busyMs = refusal?.until ? refusal.until - now : 0;
  const problem =
    isGone || (refusal?.until && busyMs <= 0)
      ? null
      : (refusal ?? endOf(entry, mayYetSell.has(state)) ?? notice);
  const problemText = problem && (problem.text ?? refusalText(problem));
  const { buy, ...offer } = sellingIn[state](situation, busyMs);
  return {
    kind: busyMs > 0 ? 'busy' : problem ? `${state}:${problem.code}` : state,
    ...offer,
    ...(isSignedIn
      ? { buy }
      : mayYetSell.has(state)
        ? { signIn: { label: buttons.signIn, enabled: true } }
        : {}),
    problem: problemText,
    mild: problem?.text !== undefined && problem !== notice,
    held: unitsHeld > 0 ? words.held(formatCount(unitsHeld), formatCount(product.perCustomerLimit)) : null,
    announcement: problemText ?? (isGone ? words.gone : null),
  };
}

const mayYetSell = new Set(['upcoming', 'on_sale', 'sold_out', 'paused']);

const sellingIn = {
  upcoming: ({ product, now }) => {
    const leftMs = Date.parse(product.startsAt) - now;
    return {
      headline: words.opens(formatMoment(product.startsAt, now)),
      leftMs,
      buy: { label: buttons.notOpen, enabled: false },
      soon: leftMs <= soonMs && leftMs > soonMs / 2 ? words.opensSoon : undefined,
    };
  },
  // Who saw the countdown to the opening keeps one, so that nothing moves under a finger that waits.
  on_sale: ({ product, now, unitsHeld, quantity, sawCountdown }, busyMs) => ({
    ...closing(product, now, sawCountdown),
    buy: buyButton(product, unitsHeld, quantity, busyMs),
  }),
  sold_out: ({ product }) => ({
    headline: words.soldOut,
    text: product.holdSeconds > 0 ? words.comesBack : null,
    buy: { label: buttons.soldOut, enabled: false },
  }),
  paused: () => closed(words.paused, words.pausedText, buttons.paused),
  ended: ({ product, now }) => closed(words.ended(formatMoment(product.endsAt, now)), null, buttons.ended),
  cancelled: () => closed(words.cancelledSale, words.cancelledSaleText, buttons.cancelled),
  gone: () => closed(words.gone, words.goneText, buttons.gone),
};

function closed(headline, text, label) {
  return { headline, text, buy: { label, enabled: false } };
}

function closing(product, now, sawCountdown) {
  const leftMs = Date.parse(product.endsAt) - now;
  return sawCountdown
    ? { headline: words.closesIn, leftMs }
    : { headline: words.closes(formatMoment(product.endsAt, now)) };
}

function buyButton(product, unitsHeld, quantity, busyMs) {
  if (busyMs > 0) return { label: buttons.busy(formatCount(Math.ceil(busyMs / 1_000))), enabled: false };
  if (unitsHeld >= product.perCustomerLimit) return { label: buttons.limit, enabled: false };
  const total = formatPrice({ ...product.price, amount: product.price.amount * quantity });
  const label = quantity === 1 ? buttons.buyFor(total) : buttons.buySome(formatCount(quantity), total);
  return { label, enabled: true };
}

function endOf(entry, goesBack) {
  switch (entry?.order.status) {
    case 'cancelled':
      if (entry.isDenied) return { code: 'denied', text: words.denied };
      return { code: 'cancelled', text: goesBack ? words.cancelled : words.cancelledOver };
    case 'expired':
      return { code: 'expired', text: goesBack ? words.expired : words.expiredOver };
    case 'refund_due':
      return { code: 'refund', text: words.refund };
    case 'refunded':
      return { code: 'refunded', text: words.refunded };
    default:
      return null;
  }
}

function sentences(...all) {
  return all.filter(Boolean).join(' ');
}
