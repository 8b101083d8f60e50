// The campaigns in the shop: each counts down to its next hour by the shop's clock, and says what that hour has brought.

import { formatTimeLeft, texts } from './format.js';

export class CampaignCards {
  #cards;

  /** @param elements of the countdowns */
  constructor(elements) {
    this.#cards = [...elements].map((countdown) => ({
      countdown,
      label: countdown.parentElement.querySelector('.shop-clock-label'),
      to: Date.parse(countdown.dataset.to),
      isScheduled: countdown.closest('[data-phase]').dataset.phase === 'scheduled',
    }));
  }

  render(now) {
    for (const { countdown, label, to, isScheduled } of this.#cards) {
      if (now < to) {
        countdown.textContent = formatTimeLeft(to - now);
        continue;
      }
      label.textContent = isScheduled ? texts.states.on_sale : texts.states.ended;
      countdown.textContent = '';
    }
  }
}
