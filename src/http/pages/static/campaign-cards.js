// The campaigns in the shop: each says its hours as the reader's own clocks have them, counts down to the next one by the shop's
// clock, and goes on to the one after it.

import { formatMoment, formatTimeLeft, texts } from './format.js';

const words = texts.campaign;

export class CampaignCards {
  #cards;

  constructor(elements) {
    this.#cards = [...elements].map((element) => {
      const part = (name) => element.querySelector(`[data-part=card-${name}]`);
      const { startsAt, endsAt } = element.dataset;
      const parts = { hours: part('hours'), label: part('label'), countdown: part('countdown') };
      return { element, ...parts, startsAt, endsAt };
    });
  }

  render(now) {
    // One that is paused counts nothing: when somebody ends that, the page says so when it is loaded again.
    for (const card of this.#cards) if (card.countdown) show(card, now);
  }
}

function show({ element, hours, label, countdown, startsAt, endsAt }, now) {
  const phase = phaseAt(now, startsAt, endsAt);
  element.dataset.phase = phase;
  const [said, moment] = {
    scheduled: [words.opens, startsAt],
    live: [words.until, endsAt],
    ended: [words.ended, endsAt],
  }[phase];
  write(hours, `${said} ${formatMoment(moment, now)}`);
  countdown.parentElement.hidden = phase === 'ended';
  write(label, phase === 'scheduled' ? words.opensIn : words.closesIn);
  write(countdown, formatTimeLeft(Date.parse(moment) - now));
}

function phaseAt(now, startsAt, endsAt) {
  if (now >= Date.parse(endsAt)) return 'ended';
  return now < Date.parse(startsAt) ? 'scheduled' : 'live';
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
