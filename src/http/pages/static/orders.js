// The list "My orders": every order of this shopper that the order book knows, each with its state, and with Pay and
// Cancel while it is reserved. Rows are kept and changed in place, so that focus survives an update.

import { formatCount, formatMoment, formatTimeLeft, texts } from './format.js';
import { deedProblemText, orderTotal } from './offer.js';

const words = texts.orders;

/** Of products that the page does not show; others stand there by their ids. */
const namesAskedMax = 20;

export class Orders {
  #list;
  #empty;
  #heading;
  #book;
  #clock;
  #products; // id → {name, picture}
  #nameOf;
  #namesAsked = 0;
  #rows = new Map();

  /** @param nameOf asks the shop for the name of a product; nothing when it is not for this shopper any more */
  constructor({ list, empty, heading, book, clock, products, nameOf }) {
    this.#list = list;
    this.#empty = empty;
    this.#heading = heading;
    this.#book = book;
    this.#clock = clock;
    this.#products = products;
    this.#nameOf = nameOf;
    list.addEventListener('click', (event) => this.#press(event));
  }

  render() {
    const now = this.#clock.now();
    const focused = this.#list.contains(document.activeElement) ? document.activeElement : null;
    const entries = this.#book.entries();
    this.#empty.hidden = entries.length > 0;
    entries.forEach((entry, index) => this.#showRow(entry, index, now));
    if (focused?.closest('[hidden]')) this.#heading.focus();
  }

  #press(event) {
    const button = event.target.closest('[data-act]');
    if (!button || button.getAttribute('aria-disabled') === 'true') return;
    const id = button.closest('[data-order]').dataset.order;
    void (button.dataset.act === 'pay' ? this.#book.pay(id) : this.#book.cancel(id));
  }

  #showRow(entry, index, now) {
    const { order } = entry;
    const row = this.#rows.get(order.id) ?? this.#makeRow(order);
    if (this.#list.children[index] !== row.element)
      this.#list.insertBefore(row.element, this.#list.children[index] ?? null);
    row.element.dataset.status = order.status;
    write(row.status, texts.orderStates[order.status] ?? order.status);
    const leftMs =
      order.status === 'reserved' && order.holdExpiresAt ? Date.parse(order.holdExpiresAt) - now : 0;
    write(row.left, leftMs > 0 ? texts.offer.leftToPay(formatTimeLeft(leftMs)) : '');
    write(row.problem, problemOf(entry));
    write(row.when, words.ordered(formatMoment(order.createdAt, now)));
    row.actions.hidden = order.status !== 'reserved';
    for (const button of row.actions.children)
      button.setAttribute('aria-disabled', String(Boolean(entry.deed)));
  }

  #makeRow(order) {
    const product = this.#products.get(order.productId);
    const row = {
      element: make('li', 'order'),
      name: make('h3', 'order-name'),
      status: make('p', 'order-status'),
      left: make('p', 'order-left'),
      problem: make('p', 'order-problem'),
      when: make('span', 'order-when'),
      actions: make('div', 'order-actions'),
      pay: makeButton('pay', words.pay),
      cancel: makeButton('cancel', texts.buttons.cancel),
    };
    row.element.dataset.order = order.id;
    const about = make('div', 'order-about');
    const details = make(
      'p',
      'order-details',
      `${texts.units(order.quantity, formatCount(order.quantity))} · ${orderTotal(order)} · `,
    );
    details.append(row.when);
    about.append(row.name, details, make('p', 'order-id', order.id), row.problem);
    row.actions.append(row.pay, row.cancel);
    const standing = make('div', 'order-standing');
    standing.append(row.status, row.left);
    row.element.append(makePicture(product), about, standing, row.actions);
    this.#rows.set(order.id, row);
    writeName(row, product?.name ?? order.productId);
    if (!product) void this.#askName(order.productId, row);
    return row;
  }

  async #askName(productId, row) {
    if (this.#namesAsked >= namesAskedMax) return;
    this.#namesAsked += 1;
    const name = await this.#nameOf(productId);
    if (name) writeName(row, name);
  }
}

function problemOf({ problem, isDenied }) {
  if (isDenied) return texts.offer.denied;
  return problem ? deedProblemText(problem) : '';
}

function make(tag, className, text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function makePicture(product) {
  if (!product?.picture) return make('span', 'order-picture');
  const picture = make('img', 'order-picture');
  picture.alt = '';
  picture.src = product.picture;
  return picture;
}

function makeButton(act, label) {
  const button = make(
    'button',
    act === 'pay' ? 'button button-small button-primary' : 'button button-small button-quiet',
    label,
  );
  button.type = 'button';
  button.dataset.act = act;
  return button;
}

function writeName(row, name) {
  write(row.name, name);
  row.pay.setAttribute('aria-label', words.payLabel(name));
  row.cancel.setAttribute('aria-label', words.cancelLabel(name));
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
