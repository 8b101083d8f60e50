// The page's one live region. Countdowns and stock never go through it; what does is what a shopper would want to be
// interrupted for. Messages of the same moment are spoken together instead of cutting each other off.

const gatherMs = 250;

export class Announcer {
  #region;
  #waiting = [];

  constructor(region) {
    this.#region = region;
  }

  say(message) {
    this.#waiting.push(message);
    if (this.#waiting.length > 1) return;
    this.#region.textContent = '';
    setTimeout(() => {
      this.#region.textContent = this.#waiting.join(' ');
      this.#waiting = [];
    }, gatherMs);
  }
}
