// Starts a shoppers' page, the shop's own or a campaign's: makes the parts, tells each of the others, and sets the clock
// going. The page that the server has rendered stays readable, and its forms work, when any of this fails.

import { Announcer } from './announcer.js';
import { CampaignCards } from './campaign-cards.js';
import { CampaignHero } from './campaign-hero.js';
import { Card } from './card.js';
import { createClient } from './client/index.js';
import { formatHour, texts } from './format.js';
import { Orders } from './orders.js';
import { reloadForSomeoneElse } from './same-customer.js';

const part = (name) => document.querySelector(`[data-part=${name}]`);

/** Of one event stream; of a larger campaign it follows what is looked at. */
const productsPerStreamMax = 50;
const scrollRestMs = 400;

const drop = part('drop');
const customer = drop?.dataset.customer;
const client = createClient({ customer, onSignedOut: () => shop?.signOut() });
const { clock } = client;
const announcer = new Announcer(part('announcer'));

for (const origin of document.querySelectorAll('[data-part=origin]')) origin.textContent = location.origin;
showHours();
const campaigns = new CampaignCards(document.querySelectorAll('[data-part=campaign-card]'));
clock.onSecond((now) => campaigns.render(now));
const shop = drop ? openShop(drop) : null;
await clock.start();
await shop?.recover();

function openShop(element) {
  const book = customer ? client.orderBook() : undefined;
  const campaign = part('campaign');
  const hero = campaign && new CampaignHero(campaign);
  const cards = [...element.querySelectorAll('[data-product]')].map(
    (ticket) => new Card(ticket, { client, book, announcer }),
  );
  const orders = book && makeOrders(book, element);
  const render = (now) => {
    for (const card of cards) card.render();
    hero?.render(now, cards);
    orders?.render();
  };
  book?.onChange(() => render(clock.now()));
  clock.onSecond((now) => {
    book?.watch(now);
    render(now);
    // From here on it is the script's.
    element.dataset.live = 'yes';
  });
  if (cards.length > 0) watch(cards, book);
  if (book) {
    reloadForSomeoneElse(customer);
    onReturn(() => void book.refresh());
  }
  return {
    recover: () => Promise.all([book?.refresh(), ...cards.map((card) => card.recover())]),
    signOut: () => customer && cards.forEach((card) => card.signOut()),
  };
}

function makeOrders(book, element) {
  const products = new Map(
    [...element.querySelectorAll('[data-product]')].map((ticket) => {
      const { id, name } = JSON.parse(ticket.dataset.product);
      return [id, { name, picture: pictureOf(ticket) }];
    }),
  );
  const list = part('orders-list');
  const empty = part('orders-empty');
  const nameOf = async (id) => {
    const answer = await client.product(id);
    return answer.kind === 'answer' ? answer.body.name : undefined;
  };
  const heading = document.querySelector('#orders-heading');
  return new Orders({ list, empty, heading, book, clock, products, nameOf });
}

function pictureOf(ticket) {
  const picture = ticket.querySelector('.ticket-picture img');
  return picture?.currentSrc || picture?.src;
}

function watch(cards, book) {
  const byId = new Map(cards.map((card) => [card.productId, card]));
  const banner = part('connection');
  const handlers = {
    onProduct: (product) => byId.get(product.id)?.update(product),
    // For whoever is signed out it does not exist, either: that is asked first.
    onGone: (productId) => void Promise.resolve(book?.refresh()).then(() => byId.get(productId)?.leave()),
    onHealth: (health) => {
      const text = texts.connection[health];
      if (banner.textContent === text) return;
      banner.textContent = text;
      banner.hidden = text === '';
      if (text) announcer.say(text);
    },
  };
  const ids = [...byId.keys()];
  let from = 0;
  const open = () => client.watch(ids.slice(from, from + productsPerStreamMax), handlers);
  let stream = open();
  if (ids.length <= productsPerStreamMax) return;
  onSeen(ids, (first, last) => {
    if (first >= from && last < from + productsPerStreamMax) return;
    const middle = Math.floor((first + last - productsPerStreamMax) / 2);
    from = Math.max(0, Math.min(middle, ids.length - productsPerStreamMax));
    stream.stop();
    stream = open();
  });
}

/** Tells the place of the first and of the last ticket in view, once scrolling rests. */
function onSeen(ids, tell) {
  const elements = ids.map((id) => document.querySelector(`#ticket-${CSS.escape(id)}`));
  const seen = new Set();
  let timer;
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const at = elements.indexOf(target);
      if (isIntersecting) seen.add(at);
      else seen.delete(at);
    }
    clearTimeout(timer);
    timer = setTimeout(() => seen.size > 0 && tell(Math.min(...seen), Math.max(...seen)), scrollRestMs);
  });
  for (const element of elements) observer.observe(element);
}

function showHours() {
  const shown = part('shop-clock');
  if (shown) clock.onSecond((now) => (shown.textContent = formatHour(now)));
}

function onReturn(act) {
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) act();
  });
}
