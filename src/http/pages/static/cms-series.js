// The seconds that the board plots: ten minutes of them, kept current by events that bring the newest ones, some of them again.

const secondsMax = 600;

export class Series {
  /** Seconds since 1970 of the first one. */
  from = 0;
  /** By layer. */
  #lists = new Map();

  get to() {
    return this.from + this.#length - 1;
  }

  get #length() {
    return this.#lists.values().next().value?.length ?? 0;
  }

  /** @param plot as an event has it @param reasons keys of the reasons, in its order */
  take(plot, reasons) {
    const newer = new Map([
      ['orders', plot.orders],
      ...reasons.map((key, at) => [key, plot.reasons[at]]),
      ['available', plot.available],
      ['held', plot.held],
      ['sold', plot.sold],
    ]);
    // A gap, or another beginning: what was before is of no use.
    if (this.#length === 0 || plot.from > this.to + 1 || plot.from < this.from) {
      this.from = plot.from;
      this.#lists = newer;
      return;
    }
    const kept = plot.from - this.from;
    const tooMany = Math.max(0, kept + plot.orders.length - secondsMax);
    for (const [key, list] of newer)
      this.#lists.set(key, [...this.#lists.get(key).slice(0, kept), ...list].slice(tooMany));
    this.from += tooMany;
  }

  /** The first second in which anything happened; undefined when nothing did. */
  firstOf(keys) {
    const firsts = keys
      .map((key) => this.#lists.get(key).findIndex((figure) => figure > 0))
      .filter((at) => at >= 0);
    return firsts.length === 0 ? undefined : this.from + Math.min(...firsts);
  }

  /** The figure of a second; null when nobody knows it. */
  at(key, second) {
    return this.#lists.get(key)?.[second - this.from] ?? null;
  }
}
