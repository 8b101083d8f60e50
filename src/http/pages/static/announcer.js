// The page's one live region. Countdowns and stock never go through it; what does is what a shopper would want to be
// interrupted for. Messages of the same moment are spoken together instead of cutting each other off, and the same news
// of several products is one sentence: a campaign of thirty opens with one.

const gatherMs = 250;

export class Announcer {
  #region;
  #waiting = [];
  #news = new Map(); // sentence → names
  #timer;

  constructor(region) {
    this.#region = region;
  }

  say(message) {
    if (!this.#waiting.includes(message)) this.#waiting.push(message);
    this.#gather();
  }

  /** `sentence` makes the message from the names of all whose news it is. */
  tell(sentence, name) {
    this.#news.set(sentence, [...(this.#news.get(sentence) ?? []), name]);
    this.#gather();
  }

  #gather() {
    if (this.#timer !== undefined) return;
    this.#region.textContent = '';
    this.#timer = setTimeout(() => this.#speak(), gatherMs);
  }

  #speak() {
    const news = [...this.#news].map(([sentence, names]) => sentence(names));
    this.#region.textContent = [...this.#waiting, ...news].join(' ');
    this.#waiting = [];
    this.#news.clear();
    this.#timer = undefined;
  }
}
