// One product's card: writes what offer.js says into the elements that the server has rendered, and turns presses of
// its buttons into deeds of the purchase and the order book. Buttons that cannot be pressed stay focusable, so that a
// keyboard never loses its place; when the focused button goes away the headline takes the focus.

import { formatCount, formatPrice, formatTimeLeft, texts } from './format.js';
import { offerFor, quantityMax, stateAt } from './offer.js';

// The Pay button appears where Buy was: the second press of a double click must not pay.
const payGuardMs = 700;

/** Buy appears where "Buy another" was: the second press of a double click must not buy. */
const buyGuardMs = 700;

/** Nobody can have any of them, or this shopper has theirs. */
const withoutStock = new Set([
  'reserved',
  'overdue',
  'paid',
  'pending',
  'review',
  'ended',
  'cancelled',
  'gone',
]);

export class Card {
  productId;
  /** As the ticket shows it. */
  state;
  #product;
  #element;
  #parts;
  #clock;
  #book;
  #purchase;
  #announcer;
  #offer = null;
  #told = new Set();
  #isSoonTold = false;
  #offeredAtMs = 0;
  #againAtMs = -buyGuardMs;
  #isGone = false;
  #isSignedOut = false;
  #sawCountdown = false;
  #recoveredId;
  /** What became of a try without the script; undefined once there is another. */
  #notice;

  /** Without a book nobody is signed in. */
  constructor(element, { client, book, announcer }) {
    this.#element = element;
    this.#product = JSON.parse(element.dataset.product);
    this.productId = this.#product.id;
    this.#parts = collect(element);
    this.#clock = client.clock;
    this.#announcer = announcer;
    if (element.dataset.problem) this.#notice = { code: 'notice', text: this.#parts.text.textContent.trim() };
    if (!book) return;
    this.#book = book;
    this.#purchase = client.purchase(this.productId);
    this.#purchase.onChange(() => this.render());
    this.#purchase.onOrder((order, { isRecovered }) => {
      if (isRecovered) this.#recoveredId = order.id;
    });
    this.#listen();
  }

  get startsAt() {
    return Date.parse(this.#product.startsAt);
  }

  get endsAt() {
    return Date.parse(this.#product.endsAt);
  }

  /** News from the shop; older news than what is shown already is left aside. */
  update(product) {
    if (Date.parse(product.asOf) < Date.parse(this.#product.asOf)) return;
    this.#product = product;
    this.#isGone = false;
    this.render();
  }

  /** The product is not there any more, as far as this shopper may know. */
  leave() {
    this.#isGone = true;
    this.render();
  }

  /** Whoever was signed in is not any more. */
  signOut() {
    this.#isSignedOut = true;
    this.render();
  }

  recover() {
    return this.#purchase?.recover();
  }

  render() {
    const now = this.#clock.now();
    const offer = offerFor(this.#situation(now));
    const previous = this.#offer;
    this.#offer = offer;
    if (previous?.kind !== offer.kind) {
      this.#offeredAtMs = performance.now();
      this.#isSoonTold = false;
    }
    if (offer.kind === 'upcoming') this.#sawCountdown = true;
    const focused = this.#parts.actions.contains(document.activeElement) ? document.activeElement : null;
    this.#showProduct(now);
    this.#showMessage(offer);
    this.#showButtons(offer);
    if (focused?.closest('[hidden]')) this.#parts.headline.focus();
    this.#announce(offer, previous);
  }

  #situation(now) {
    const unitsHeld = this.#unitsHeld();
    const entry = this.#book?.shownFor(this.productId);
    return {
      product: this.#product,
      now,
      purchase: this.#purchase ?? { phase: 'idle', refusal: null },
      entry: entry && { ...entry, isRecovered: entry.order.id === this.#recoveredId },
      unitsHeld,
      quantity: this.#quantity(unitsHeld),
      notice: this.#notice,
      isSignedIn: this.#purchase !== undefined,
      isSignedOut: this.#isSignedOut,
      isGone: this.#isGone,
      sawCountdown: this.#sawCountdown,
    };
  }

  #showProduct(now) {
    const { name, description, price, perCustomerLimit, sale } = this.#product;
    const state = this.#isGone ? 'gone' : stateAt(this.#product, now);
    if (this.state && this.state !== state) this.#tellState(state);
    this.state = state;
    this.#element.dataset.state = state;
    write(this.#parts.state, texts.states[state]);
    write(this.#parts.name, name);
    write(this.#parts.description, description);
    write(this.#parts.price, formatPrice(price));
    write(this.#parts.terms, texts.terms(perCustomerLimit, formatCount(perCustomerLimit)));
    showStock(this.#parts.meter, sale);
    write(this.#parts['stock-text'], texts.left(formatCount(sale.available), formatCount(sale.offered)));
  }

  #showMessage(offer) {
    const { headline, countdown, hold, text, stock } = this.#parts;
    this.#element.dataset.offer = offer.kind.split(':')[0];
    this.#element.dataset.problem = offer.problem ? (offer.mild ? 'mild' : 'severe') : '';
    write(headline, offer.headline);
    show(countdown, offer.leftMs !== undefined && formatTimeLeft(offer.leftMs));
    hold.hidden = offer.holdMs === undefined;
    if (!hold.hidden) hold.value = Math.min(1, offer.leftMs / Math.max(1, offer.holdMs));
    show(text, [offer.problem, offer.text, offer.held].filter(Boolean).join(' '));
    stock.hidden = withoutStock.has(offer.kind);
  }

  #showButtons({ buy, pay, cancel, again, signIn }) {
    const { actions, stepper, quantity } = this.#parts;
    showButton(this.#button('buy'), buy ?? again);
    showButton(this.#button('pay'), pay);
    showButton(this.#button('cancel'), cancel);
    showButton(this.#button('sign-in'), signIn);
    actions.hidden = !(buy || again || pay || cancel || signIn);
    if (!this.#purchase) return;
    const unitsHeld = this.#unitsHeld();
    const max = quantityMax(this.#product, unitsHeld);
    stepper.hidden = !(buy?.enabled && max > 1);
    quantity.max = String(max);
    enable(this.#button('fewer'), this.#quantity(unitsHeld) > 1);
    enable(this.#button('more'), this.#quantity(unitsHeld) < max);
  }

  #announce(offer, previous) {
    const { name } = this.#product;
    if (previous && previous.kind !== offer.kind && offer.announcement)
      this.#announcer.say(`${name}: ${offer.announcement}`);
    if (!offer.soon || this.#isSoonTold) return;
    this.#isSoonTold = true;
    this.#announcer.say(`${name}: ${offer.soon}`);
  }

  // A sale that flickers between sold out and on sale is told of once each way; who has what they wanted need not know.
  #tellState(state) {
    const sentence = texts.news[state];
    if (!sentence || this.#told.has(state) || !(this.#offer.kind.split(':')[0] in texts.states)) return;
    this.#told.add(state);
    this.#announcer.tell(sentence, this.#product.name);
  }

  #unitsHeld() {
    return this.#book?.unitsHeld(this.productId) ?? 0;
  }

  #quantity(unitsHeld) {
    const wanted = Math.trunc(Number(this.#parts.quantity?.value)) || 1;
    return Math.min(Math.max(1, wanted), Math.max(1, quantityMax(this.#product, unitsHeld)));
  }

  #button(act) {
    return this.#parts.actions.querySelector(`[data-act=${act}]`);
  }

  // Without a script the stub is a form that is sent; with one nothing of it is.
  #listen() {
    const { actions, quantity } = this.#parts;
    actions.noValidate = true;
    actions.append(signInLink());
    actions.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#button('buy').getAttribute('aria-disabled') !== 'true') this.#do('buy');
    });
    actions.addEventListener('click', (event) => {
      const button = event.target.closest('[data-act]');
      if (!button || ['buy', 'sign-in'].includes(button.dataset.act)) return;
      if (button.getAttribute('aria-disabled') !== 'true') this.#do(button.dataset.act);
    });
    quantity.addEventListener('change', () => this.#setQuantity(0));
    // A ticket is then here before the button is pressed.
    for (const turned of ['pointerenter', 'focusin'])
      this.#element.addEventListener(turned, () => this.#mayBuy() && this.#purchase.turnTo());
  }

  #mayBuy() {
    const { kind, buy } = this.#offer ?? {};
    return Boolean(buy && (buy.enabled || kind === 'upcoming'));
  }

  #do(act) {
    const id = this.#book.shownFor(this.productId)?.order.id;
    switch (act) {
      case 'fewer':
        return this.#setQuantity(-1);
      case 'more':
        return this.#setQuantity(1);
      case 'buy':
        return this.#offer.again ? this.#again() : this.#buy();
      case 'pay':
        return performance.now() - this.#offeredAtMs > payGuardMs && void this.#book.pay(id);
      case 'cancel':
        return void this.#book.cancel(id);
    }
  }

  #buy() {
    if (performance.now() - this.#againAtMs <= buyGuardMs) return;
    this.#notice = undefined;
    this.#book.dismiss(this.productId);
    void this.#purchase.buy(this.#quantity(this.#unitsHeld()));
  }

  #again() {
    this.#againAtMs = performance.now();
    this.#purchase.dismiss();
    this.#book.dismiss(this.productId);
  }

  #setQuantity(step) {
    const { quantity } = this.#parts;
    quantity.value = String((Math.trunc(Number(quantity.value)) || 1) + step);
    quantity.value = String(this.#quantity(this.#unitsHeld()));
    this.#purchase.dismiss();
    this.render();
  }
}

function collect(element) {
  const marked = element.querySelectorAll('[data-part]');
  const parts = Object.fromEntries([...marked].map((part) => [part.dataset.part, part]));
  return { ...parts, actions: element.querySelector('.stub-actions') };
}

function signInLink() {
  const link = document.createElement('a');
  link.className = 'button button-primary';
  link.dataset.act = 'sign-in';
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
  link.hidden = true;
  return link;
}

// Writing the same text again would make some screen readers repeat it.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show(element, text) {
  element.hidden = !text;
  if (text) write(element, text);
}

function showStock(meter, { available, offered }) {
  meter.max = Math.max(1, offered);
  meter.low = meter.max / 10;
  meter.optimum = meter.max;
  meter.value = available;
}

function showButton(button, offered) {
  if (!button) return;
  button.hidden = offered === undefined;
  if (offered === undefined) return;
  write(button, offered.label);
  enable(button, offered.enabled);
}

function enable(button, enabled) {
  if (enabled) button.removeAttribute('aria-disabled');
  else button.setAttribute('aria-disabled', 'true');
}
