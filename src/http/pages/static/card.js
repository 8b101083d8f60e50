// One product's card: writes what offer.js says into the elements that the server has rendered, and turns presses of
// its buttons into deeds of the purchase and the order book. Buttons that cannot be pressed stay focusable, so that a
// keyboard never loses its place; when the focused button goes away the headline takes the focus.

import { formatCount, formatPrice, formatTimeLeft } from './format.js';
import { offerFor, quantityMax, stateAt, stateName, stateNews } from './offer.js';

// The Pay button appears where Buy was: the second press of a double click must not pay.
const payGuardMs = 700;

export class Card {
  productId;
  #product;
  #element;
  #parts;
  #clock;
  #book;
  #purchase;
  #announcer;
  #offer = null;
  #state = null;
  #announced = new Set();
  #offeredAtMs = 0;

  /** Without a book and a purchase the card only shows. */
  constructor(element, { clock, announcer, book, makePurchase }) {
    this.#element = element;
    this.#product = JSON.parse(element.dataset.product);
    this.productId = this.#product.id;
    this.#parts = collect(element);
    this.#clock = clock;
    this.#announcer = announcer;
    this.#book = book;
    this.#purchase = makePurchase?.(this.productId, () => this.render());
    if (this.#purchase) this.#listen();
  }

  /** News from the shop; older news than what is shown already is left aside. */
  update(product) {
    if (Date.parse(product.asOf) < Date.parse(this.#product.asOf)) return;
    this.#product = product;
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
    if (previous?.kind !== offer.kind) this.#offeredAtMs = performance.now();
    const focused = this.#parts.actions?.contains(document.activeElement) ? document.activeElement : null;
    this.#showProduct(now);
    this.#showMessage(offer);
    if (this.#purchase) this.#showButtons(offer);
    if (focused?.closest('[hidden]')) this.#parts.headline.focus();
    if (previous && previous.kind !== offer.kind && offer.announcement) {
      this.#announcer.say(`${this.#product.name}: ${offer.announcement}`);
    }
  }

  #situation(now) {
    const entry = this.#book?.shownFor(this.productId);
    const unitsHeld = this.#book?.unitsHeld(this.productId) ?? 0;
    const purchase = this.#purchase ?? { phase: 'idle', refusal: null };
    return { product: this.#product, now, purchase, entry, unitsHeld, quantity: this.#quantity(unitsHeld) };
  }

  #showProduct(now) {
    const { name, description, price, perCustomerLimit, sale } = this.#product;
    const state = stateAt(this.#product, now);
    this.#announceState(state, this.#state);
    this.#state = state;
    this.#element.dataset.state = state;
    write(this.#parts.state, stateName(state));
    write(this.#parts.name, name);
    write(this.#parts.description, description);
    write(this.#parts.price, formatPrice(price));
    write(
      this.#parts.terms,
      perCustomerLimit === 1 ? 'One per customer' : `Up to ${perCustomerLimit} per customer`,
    );
    showStock(this.#parts.meter, sale);
    write(this.#parts['stock-text'], `${formatCount(sale.available)} of ${formatCount(sale.offered)} left`);
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
    stock.hidden = ['reserved', 'overdue', 'paid', 'pending'].includes(offer.kind);
  }

  #showButtons({ buy, pay, cancel, again }) {
    const { actions, stepper, quantity } = this.#parts;
    showButton(this.#button('buy'), buy ?? again);
    showButton(this.#button('pay'), pay);
    showButton(this.#button('cancel'), cancel);
    actions.hidden = !(buy || again || pay || cancel);
    const unitsHeld = this.#book.unitsHeld(this.productId);
    const max = quantityMax(this.#product, unitsHeld);
    stepper.hidden = !(buy?.enabled && max > 1);
    quantity.max = String(max);
    enable(this.#button('fewer'), this.#quantity(unitsHeld) > 1);
    enable(this.#button('more'), this.#quantity(unitsHeld) < max);
  }

  // A sale that flickers between sold out and on sale is told of once each way.
  #announceState(state, previous) {
    const news = stateNews(state);
    if (!previous || previous === state || !news || this.#announced.has(state)) return;
    this.#announced.add(state);
    this.#announcer.say(`${this.#product.name} ${news}`);
  }

  #quantity(unitsHeld) {
    const wanted = Math.trunc(Number(this.#parts.quantity?.value)) || 1;
    return Math.min(Math.max(1, wanted), Math.max(1, quantityMax(this.#product, unitsHeld)));
  }

  #button(act) {
    return this.#parts.actions.querySelector(`[data-act=${act}]`);
  }

  #listen() {
    this.#parts.actions.addEventListener('click', (event) => {
      const button = event.target.closest('[data-act]');
      if (button && button.getAttribute('aria-disabled') !== 'true') this.#do(button.dataset.act);
    });
    this.#parts.quantity.addEventListener('change', () => this.#setQuantity(0));
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
    this.#book.dismiss(this.productId);
    void this.#purchase.buy(this.#quantity(this.#book.unitsHeld(this.productId)));
  }

  #again() {
    this.#purchase.forgetRefusal();
    this.#book.dismiss(this.productId);
  }

  #setQuantity(step) {
    const { quantity } = this.#parts;
    quantity.value = String((Math.trunc(Number(quantity.value)) || 1) + step);
    quantity.value = String(this.#quantity(this.#book.unitsHeld(this.productId)));
    this.#purchase.forgetRefusal();
    this.render();
  }
}

function collect(element) {
  const marked = element.querySelectorAll('[data-part]');
  return Object.fromEntries([...marked].map((part) => [part.dataset.part, part]));
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
  button.hidden = offered === undefined;
  if (offered === undefined) return;
  write(button, offered.label);
  enable(button, offered.enabled);
}

function enable(button, enabled) {
  button.setAttribute('aria-disabled', String(!enabled));
}
