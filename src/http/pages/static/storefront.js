// Starts the storefront: makes the parts, tells each of the others, and sets the clock going. The page that the server
// has rendered stays readable when any of this fails.

import { Announcer } from './announcer.js';
import { Attempts } from './attempts.js';
import { Card } from './card.js';
import { ShopClock } from './clock.js';
import { Feed } from './feed.js';
import { formatHour } from './format.js';
import { OrderBook } from './order-book.js';
import { Orders } from './orders.js';
import { Purchase } from './purchase.js';
import { Shopper } from './shopper.js';

const connectionTexts = {
  live: '',
  polling: 'Live updates are interrupted: figures may be a few seconds old. What you buy is not affected.',
  offline: 'The shop cannot be reached right now. Trying again…',
};

const part = (name) => document.querySelector(`[data-part=${name}]`);

const clock = new ShopClock();
const announcer = new Announcer(part('announcer'));
const drop = part('drop');

for (const origin of document.querySelectorAll('[data-part=origin]')) origin.textContent = location.origin;
clock.onSecond((now) => (part('shop-clock').textContent = formatHour(now)));
const shop = drop ? openShop() : null;
await clock.start();
await shop?.recover();

function openShop() {
  const shopping = drop.dataset.demo === 'yes' ? makeShopping() : {};
  const cards = [...drop.querySelectorAll('[data-product]')].map(
    (element) => new Card(element, { clock, announcer, ...shopping }),
  );
  const orders = shopping.book ? makeOrders(shopping.book) : null;
  const renderAll = () => {
    for (const card of cards) card.render();
    orders?.render();
  };
  shopping.onChange = renderAll;
  clock.onSecond((now) => {
    shopping.book?.watch(now);
    renderAll();
  });
  startFeed(cards);
  if (shopping.book) refreshOnReturn(shopping.book);
  return { recover: () => Promise.all([shopping.book?.refresh(), ...cards.map((card) => card.recover())]) };
}

function makeShopping() {
  const shopper = new Shopper();
  const attempts = new Attempts(shopper.id);
  const shopping = { onChange: () => {} };
  const book = new OrderBook({ shopper, clock, onChange: () => shopping.onChange() });
  const onOrder = (order, inDoubt) => {
    book.learn(order);
    // The answer to a repeated request shows the order as it was accepted, not as it stands.
    if (inDoubt) void book.look(order.id);
  };
  showIdentity(shopper);
  return Object.assign(shopping, {
    book,
    makePurchase: (productId, onChange) =>
      new Purchase({ productId, shopper, attempts, clock, onOrder, onChange }),
  });
}

function makeOrders(book) {
  const elements = [...drop.querySelectorAll('[data-product]')];
  const products = new Map(
    elements.map((element) => {
      const { id, name } = JSON.parse(element.dataset.product);
      return [id, { name, picture: element.querySelector('img').src }];
    }),
  );
  const heading = document.querySelector('#orders-heading');
  return new Orders({
    list: part('orders-list'),
    empty: part('orders-empty'),
    heading,
    book,
    clock,
    products,
  });
}

function startFeed(cards) {
  const byId = new Map(cards.map((card) => [card.productId, card]));
  const banner = part('connection');
  const onHealth = (health) => {
    const text = connectionTexts[health];
    if (banner.textContent === text) return;
    banner.textContent = text;
    banner.hidden = text === '';
    if (text) announcer.say(text);
  };
  new Feed([...byId.keys()], (product) => byId.get(product.id)?.update(product), onHealth).start();
}

function refreshOnReturn(book) {
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void book.refresh();
  });
}

function showIdentity(shopper) {
  part('shopper-id').textContent = shopper.id;
  part('identity').hidden = false;
  document.querySelector('[data-act=become-someone-else]').addEventListener('click', () => {
    shopper.becomeSomeoneElse();
    location.reload();
  });
}
