// All words of the pages for shoppers, in one place for translation. The server renders with them, and the scripts get the same
// file with its types taken out, as static/texts.js: it imports nothing. A further language is a further object of the shape of
// `en`, and its tag in LANGUAGES; what is counted, dated or priced comes in as text, in the reader's own format.

/** Units that a sentence counts: the number, and how the reader writes it. */
const counted = (count: number, shown: string, one: string, many: string): string =>
  `${shown} ${count === 1 ? one : many}`;

/** What runs from right to left, such as an Arabic price, keeps its place and its own order among words that do not. */
export const isolated = (shown: string): string =>
  RIGHT_TO_LEFT.test(shown) ? `\u2068${shown}\u2069` : shown;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f]/;

function all(names: readonly string[]): string {
  if (names.length === 1) return `${names[0]} is`;
  return names.length === 2 ? `${names[0]} and ${names[1]} are` : `${names.length} products are`;
}

export const en = {
  language: 'en',

  states: {
    upcoming: 'Opens soon',
    on_sale: 'On sale',
    sold_out: 'Sold out',
    paused: 'Paused',
    ended: 'Ended',
    cancelled: 'Cancelled',
    gone: 'Not open to you',
  },
  /** Spoken when sales go over to a state: one sentence for all products of the same moment. */
  news: {
    on_sale: (names: readonly string[]) => `${all(names)} on sale now.`,
    sold_out: (names: readonly string[]) => `${all(names)} sold out.`,
    paused: (names: readonly string[]) => `${all(names)} paused.`,
    ended: (names: readonly string[]) => `${all(names)} not on sale any more.`,
    cancelled: (names: readonly string[]) => `${all(names)} cancelled by the shop.`,
  },
  orderStates: {
    reserved: 'Reserved',
    payment_pending: 'Payment under way',
    in_review: 'In review',
    paid: 'Paid',
    cancelled: 'Cancelled',
    expired: 'Expired',
    refund_due: 'Refund due',
    refunded: 'Refunded',
  },

  /** By the `code` of an answer. */
  refusals: {
    sold_out: 'Someone was faster: none was left when your order arrived. A unit can still come back.',
    limit_reached: 'You already have as many as one customer may buy.',
    sale_not_started: 'Too early by a moment: the door was not open yet when your order arrived.',
    sale_ended: 'The sale had ended when your order arrived.',
    sale_paused: 'The shop has paused this sale. Nothing was ordered.',
    insufficient_stock: 'There are fewer left than you asked for. Nothing was ordered.',
    overloaded: 'Very many people are at the door. Your order was not taken.',
    rate_limited: 'That was too many tries in a row. Your order was not taken.',
    shutting_down: 'The shop is just restarting. Your order was not taken.',
    outcome_unknown:
      'The shop cannot say yet whether your order went through. Press Buy again: you cannot be sold it twice.',
    unreachable: 'The shop cannot be reached. Nothing was sent.',
    never_arrived: 'Your last try has not reached the shop. Nothing was ordered so far.',
    too_many_holds:
      'You reserved this before and have not paid: it still waits, ran out a moment ago, or that happened too often. Pay or cancel what waits among your orders, or come back in a few minutes. Nothing was ordered.',
    ticket_required: 'The shop did not let your order in this time. Nothing was ordered. Press Buy again.',
    ticket_invalid:
      'Your place at the door was out of date when your order arrived. Nothing was ordered. Press Buy again.',
    challenge_required:
      'Your browser could not show in time that no machine is buying. Nothing was ordered. Press Buy again.',
    payment_declined: 'This payment was declined, and nothing was charged. Try again, or pay another way.',
    order_state_conflict: 'This order had already changed. This is how it stands now.',
    idempotency_key_reused:
      'You have ordered this already, with another quantity: it is among your orders. Buy again only if you want more.',
    unavailable: 'The shop cannot look this up just now. What you bought is safe. Try again in a moment.',
    invalid_request: 'The form did not arrive as it was made. Load the page again. Nothing was ordered.',
    idempotency_key_missing:
      'The form did not arrive as it was made. Load the page again. Nothing was ordered.',
    unauthenticated: 'You are not signed in any more. Sign in again; nothing was ordered.',
    forbidden:
      'This form is of another sign-in. Load its page again and send it from there. It ordered nothing.',
    not_found: 'This is not for sale to you any more. Nothing was ordered.',
    payload_too_large:
      'The form is larger than any of this shop’s. Load its page again. Nothing was ordered.',
    unknown: 'The shop refused this without a reason.',
  },

  /** The same codes where an order that stands is paid or cancelled; what is not here is as above. */
  deeds: {
    overloaded: 'Very many people are at the door, and this did not get through. Try again in a moment.',
    rate_limited: 'That was too many tries in a row, and this did not get through. Try again in a moment.',
    shutting_down: 'The shop is just restarting, and this did not get through. Try again in a moment.',
    outcome_unknown:
      'The shop cannot say yet whether this went through. Look again in a moment to see how your order stands.',
    unreachable: 'The shop does not answer. Look again in a moment to see how your order stands.',
    unauthenticated: 'You are not signed in any more. Sign in again to see how your order stands.',
    not_found: 'There is no such order of yours.',
  },

  terms: (count: number, shown: string) => (count === 1 ? 'One per customer' : `Up to ${shown} per customer`),
  left: (available: string, offered: string) => `${available} of ${offered} left`,
  unitsLeft: (name: string) => `Units of ${name} left`,
  units: (count: number, shown: string) => counted(count, shown, 'unit', 'units'),
  quantityOf: (name: string) => `Quantity of ${name}`,
  oneFewer: 'One fewer',
  oneMore: 'One more',
  timeLeftToPay: 'Time left to pay',
  before: 'Before',
  now: 'Now',
  priceToCome: 'Price to come',
  noPicture: 'No picture yet',
  products: 'Products',
  facts: (name: string) => `Facts of ${name}`,

  buttons: {
    buy: 'Buy',
    buyFor: (total: string) => `Buy for ${total}`,
    buySome: (shown: string, total: string) => `Buy ${shown} for ${total}`,
    busy: (seconds: string) => `Try again in ${seconds} s`,
    againIn: (seconds: string) => `Sending again in ${seconds} s`,
    sending: 'Sending…',
    preparing: 'One moment…',
    checking: 'Checking…',
    notOpen: 'Not open yet',
    soldOut: 'Sold out',
    paused: 'Paused',
    ended: 'Sale ended',
    limit: 'Limit reached',
    pay: (price: string) => `Pay ${price}`,
    payAgain: (price: string) => `Pay ${price} again`,
    paying: 'Paying…',
    cancel: 'Cancel',
    cancelling: 'Cancelling…',
    again: 'Buy another',
    signIn: 'Sign in to buy',
    signInAgain: 'Sign in again',
    cancelled: 'Cancelled',
    gone: 'Not available',
  },

  /** What the stub of a ticket says. */
  offer: {
    opens: (moment: string) => `Opens ${moment}`,
    ended: (moment: string) => `Ended ${moment}`,
    soldOut: 'All gone',
    paused: 'Paused by the shop',
    comesBack: 'If somebody does not pay in time, a unit comes back, and this page will show it.',
    pausedText: 'Nobody can buy right now, and reservations stay as they are.',
    sending: 'Sending your order',
    preparing: 'Getting ready to order',
    preparingText:
      'The shop makes sure that no machine pushes ahead of you. Your order leaves by itself in a moment: there is nothing for you to do.',
    preparingNews: 'Getting ready to order. It leaves by itself.',
    waiting: 'Your order goes out again',
    waitingText:
      'There were too many requests at once, yours or others of your network, so the shop has not looked at your order. It is sent again by itself: there is nothing for you to do.',
    waitingNews: 'The shop is busy. Your order is sent again by itself.',
    checking: 'Checking your order',
    checkingText:
      'The answer got lost on its way, so we are asking the shop whether your order went through. You cannot be sold it twice, and you may close this page: we ask again when you return.',
    checkingNews: 'Checking whether your order went through.',
    found: 'Your order had gone through: only its answer was lost.',
    reserved: (shown: string) => `${shown} reserved for you`,
    reservedText: 'Pay in time, or it goes back on sale.',
    overdue: 'Time to pay is up',
    overdueText: 'The shop is about to put this back on sale.',
    overdueNews: 'The time to pay is up.',
    reservedNews: 'Reserved for you.',
    pleasePay: 'Please pay.',
    leftToPay: (time: string) => `${time} left to pay`,
    pending: 'Payment under way',
    pendingText: (total: string, count: number) =>
      `${total} is with the bank. Your ${count === 1 ? 'unit is' : 'units are'} kept until it answers.`,
    pendingNews: 'Your payment is under way.',
    review: 'We are looking at your order',
    reviewText: (total: string, count: number) =>
      `Somebody at the shop looks at this order before ${total} is taken. Your ${count === 1 ? 'unit is' : 'units are'} kept meanwhile, and this page shows what comes of it.`,
    reviewNews: 'The shop is looking at your order. It is kept for you.',
    paid: (count: number, shown: string) =>
      count === 1 ? 'Paid. It’s yours.' : `Paid. All ${shown} are yours.`,
    paidText: (id: string, total: string) => `Order ${id} · ${total}`,
    paidNews: 'Paid. It is yours.',
    held: (held: string, limit: string) => `You have ${held} of ${limit}.`,
    cancelled: 'Cancelled. It is back on sale.',
    cancelledOver: 'Your order is cancelled.',
    expired: 'Your time to pay ran out, so it went back on sale.',
    expiredOver: 'Your time to pay ran out.',
    denied: 'The shop could not take this payment, so the order was cancelled. Nothing was charged.',
    refund: 'Your payment came too late. You get your money back.',
    refunded: 'Your payment came too late. You have got your money back.',
    closes: (moment: string) => `Closes ${moment}`,
    closesIn: 'Closes in',
    opensSoon: 'The sale opens in one minute.',
    soonOver: 'One minute left to pay.',
    signedOut: 'You are signed out',
    signedOutText: 'Sign in again: you come back to this page.',
    signedOutUnordered: 'Nothing was ordered.',
    signedOutInDoubt: 'We do not know yet whether your last order went through: this page finds out.',
    cancelledSale: 'Cancelled by the shop',
    cancelledSaleText: 'This sale will not go on. What you have ordered stays yours.',
    gone: 'Not open to you any more',
    goneText: 'The shop has changed who may enter. What you have ordered stays yours.',
  },

  campaign: {
    opens: 'Opens',
    opensSoon: 'Opens soon',
    until: 'On sale until',
    ended: 'Ended',
    paused: 'Paused for now',
    cancelled: 'Cancelled',
    pausedText: 'The shop has paused this sale. Nobody can buy right now; what is reserved stays reserved.',
    cancelledText: 'This sale will not go on. What was paid stays yours.',
    opensWhenPublished: 'Opens when it is published',
    opensIn: 'Opens in',
    closesIn: 'Closes in',
    shopTime: 'Shop time',
    shopTimeNote: 'Doors open by this clock, not yours.',
    nothing: 'Nothing stands behind this door yet.',
    description: (title: string) => `${title} at Doorbuster`,
    asOf: 'How it stood at',
    loadAgain: 'Load this page again',
    loadAgainText: 'to see how it stands now, and when the door opens.',
  },

  connection: {
    live: '',
    polling: 'Live updates are interrupted: figures may be a few seconds old. What you buy is not affected.',
    offline: 'The shop cannot be reached right now. Trying again…',
  },

  shop: {
    title: 'Doorbuster: the drop',
    description: 'Limited products, sold at a fixed second, each unit exactly once.',
    slogan: ['When it’s gone,', 'it’s gone.'],
    campaigns: 'Campaigns',
    nothing: 'Nothing behind the door yet',
    nothingText: 'What is on sale to you, and when, will stand here.',
    enter: 'To the campaign',
  },

  visitor: {
    signedInAs: 'Signed in as',
    signIn: 'Sign in',
    signOut: 'Sign out',
    myOrders: 'My orders',
  },

  orders: {
    title: 'My orders',
    none: 'Nothing yet. What you reserve or buy is listed here.',
    ordered: (moment: string) => `Ordered ${moment}`,
    payLabel: (name: string) => `Pay: ${name}`,
    cancelLabel: (name: string) => `Cancel: ${name}`,
    pay: 'Pay',
    all: 'All my orders',
    older: 'Older orders',
    asOf: (moment: string) => `As the shop’s list had it at ${moment}.`,
    open: 'Look at this order',
  },

  order: {
    title: 'Your order',
    number: 'Order',
    product: 'Product',
    quantity: 'Quantity',
    price: 'Price of one',
    total: 'In all',
    ordered: 'Ordered',
    payUntil: 'Pay by',
    leftToPay: (time: string) => `${time} left when this page was made`,
    demoPayment: 'This shop is a demonstration: nothing is charged.',
    demoBehaviour: 'How the bank behaves',
    demoBehaviours: {
      succeed: 'It takes the money at once',
      slow: 'It takes the money slowly',
      decline: 'It declines',
      'pending-captured': 'It takes the money after a while',
      'pending-declined': 'It declines after a while',
      lost: 'It takes the money, its answer gets lost',
      'timeout-captured': 'It takes the money and is silent',
      'timeout-nothing': 'It does nothing and is silent',
      review: 'Somebody here looks at the order first',
    },
    followed: 'This page shows by itself what comes of it.',
    denied: 'The shop could not take your payment, so the order was cancelled. Nothing was charged.',
    cancel: 'Cancel the order',
    back: 'Back to the shop',
    loadAgain: 'Load this page again',
    headlines: {
      reserved: 'Reserved for you',
      payment_pending: 'Payment under way',
      in_review: 'We are looking at your order',
      paid: 'Paid. It’s yours.',
      cancelled: 'Cancelled',
      expired: 'Your time to pay ran out',
      refund_due: 'You get your money back',
      refunded: 'You got your money back',
    },
    texts: {
      reserved: 'It waits for your payment.',
      payment_pending: 'The bank has not answered yet. What you ordered is kept until it does.',
      in_review:
        'Somebody at the shop looks at it before your money is taken. What you ordered is kept meanwhile.',
      paid: 'Nobody else can get it any more.',
      cancelled: 'It is back on sale. Nothing was charged.',
      expired: 'It went back on sale. Nothing was charged.',
      refund_due: 'Your payment came after the units were gone. It will be given back.',
      refunded: 'Your payment came after the units were gone. It was given back.',
    },
  },

  /** Of whoever waits for a ticket, because their browser runs no scripts. */
  wait: {
    title: 'One moment',
    heading: 'One moment, please',
    text: 'So that no machine can buy faster than you, everybody’s browser works for a moment before it orders. Yours runs no scripts, so you wait instead.',
    until: 'You can order at',
    left: (seconds: string) => `${seconds} s from when this page was made`,
    byItself: 'This page shows by itself when you can. Nothing is ordered before you say so.',
    ready: 'Now you can order',
    readyText: (time: string) =>
      `Your place is kept until ${time}. Nothing is ordered before you press the button.`,
    wish: 'Your wish',
    order: (shown: string, name: string, total: string) => `Order ${shown} × ${name} for ${total}`,
    back: 'Back, without an order',
  },

  trouble: {
    title: 'Not just now – Doorbuster',
    heading: 'That did not work',
    again: 'Try again',
    busyHeading: 'Very many people are here',
    busy: (seconds: string) =>
      `Too many pages were asked for from here in a short time. This one comes by itself in ${seconds} s.`,
    inDoubt:
      'The shop cannot say yet whether your order went through. Load this page again, so that your browser sends the same form again: ' +
      'you cannot be sold it twice. What went through is among your orders.',
  },

  nowhere: {
    title: 'Nothing is here – Doorbuster',
    description: 'No page of this shop has this address.',
    heading: 'No door here',
    text: 'There is no page here for you. The address may be mistyped, or what is meant is over or for others.',
    toShop: 'To the shop',
  },

  skip: 'Skip to the content',
  footer: 'Doorbuster sells every unit exactly once.',
};

export type Texts = typeof en;

const LANGUAGES: ReadonlyMap<string, Texts> = new Map([['en', en]]);

/** @param languages the reader's own, best first, such as `de-AT` */
export function textsFor(languages: readonly string[]): Texts {
  for (const language of languages) {
    const texts = LANGUAGES.get(language.split('-')[0]!.toLowerCase());
    if (texts !== undefined) return texts;
  }
  return en;
}
