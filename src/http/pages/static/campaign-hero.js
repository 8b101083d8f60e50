// The top of a campaign's page: counts down to the next thing that happens, by the shop's clock, and says what it was when it has
// happened.

import { formatMoment, formatTimeLeft, texts } from './format.js';

const words = texts.campaign;

export class CampaignHero {
  #element;
  #startsAt;
  #endsAt;
  #phase;
  #parts;

  constructor(element) {
    const { startsAt, endsAt, phase } = element.dataset;
    this.#element = element;
    this.#startsAt = Date.parse(startsAt);
    this.#endsAt = Date.parse(endsAt);
    this.#phase = phase;
    const part = (name) => element.querySelector(`[data-part=campaign-${name}]`);
    this.#parts = {
      hours: part('hours'),
      label: part('count-label'),
      more: part('more'),
      countdown: part('countdown'),
    };
  }

  /** @param products `{state, startsAt, endsAt}` of each, as its ticket shows it: hours that the shop has moved are news of them */
  render(now, products) {
    if (products.length > 0) {
      this.#startsAt = Math.min(...products.map(({ startsAt }) => startsAt));
      this.#endsAt = Math.max(...products.map(({ endsAt }) => endsAt));
    }
    const phase = this.#phaseAt(now, products);
    this.#element.dataset.phase = phase;
    this.#showHours(phase, now);
    const { label, countdown, more } = this.#parts;
    if (phase === 'cancelled') {
      write(more, words.cancelledText);
      more.hidden = false;
    }
    if (!countdown) return;
    const until = phase === 'scheduled' ? this.#startsAt : this.#endsAt;
    write(label, phase === 'scheduled' ? words.opensIn : words.closesIn);
    write(countdown, formatTimeLeft(until - now));
    // A pause leaves it where it is: what stands below must not move.
    countdown.parentElement.hidden = phase === 'ended' || phase === 'cancelled';
  }

  #phaseAt(now, products) {
    if (this.#phase === 'cancelled' || isEach(products, 'cancelled')) return 'cancelled';
    if (now >= this.#endsAt) return 'ended';
    if (isEach(products, 'paused')) return 'paused';
    if (now < this.#startsAt) return 'scheduled';
    return 'live';
  }

  #showHours(phase, now) {
    const at = (epochMs) => formatMoment(new Date(epochMs).toISOString(), now);
    const text = {
      cancelled: () => words.cancelled,
      paused: () => words.paused,
      scheduled: () => `${words.opens} ${at(this.#startsAt)}`,
      live: () => `${words.until} ${at(this.#endsAt)}`,
      ended: () => `${words.ended} ${at(this.#endsAt)}`,
    }[phase]();
    write(this.#parts.hours, text);
  }
}

const isEach = (products, wanted) => products.length > 0 && products.every(({ state }) => state === wanted);

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
