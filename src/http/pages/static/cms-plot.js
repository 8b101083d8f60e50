// One plot of the board: layers on top of each other, drawn as SVG. Each layer has a pattern beside its colour, a name in the legend,
// and its figure there: that of the newest second, or of the one under the pointer. The same figures stand in the page's tables.

const svgNamespace = 'http://www.w3.org/2000/svg';
const height = 200;
const margin = { top: 12, right: 12, bottom: 26, left: 44 };
const tickGap = 74;
const secondsPerTick = [10, 15, 30, 60, 120, 300];

const make = (name, attributes = {}, ...children) => {
  const element = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

const hatches = {
  limit: 'M-2 2L2 -2M0 8L8 0M6 10L10 6',
  held: 'M-2 2L2 -2M0 8L8 0M6 10L10 6',
  gate: 'M2 1V3M1 2H3M6 5V7M5 6H7',
  closed: 'M2 2h.01M6 6h.01',
  busy: 'M4 0V8',
  other: 'M0 4H8',
};

/** As fill: what tells layers apart without their colours. */
function patternOf(id, key) {
  const pattern = make('pattern', { id, width: 8, height: 8, patternUnits: 'userSpaceOnUse' });
  pattern.append(make('rect', { class: `paint-${key}`, width: 8, height: 8 }));
  if (hatches[key]) pattern.append(make('path', { class: `hatch hatch-${key}`, d: hatches[key] }));
  return pattern;
}

export class Plot {
  #figure;
  #keys;
  #svg;
  #grid = make('g', { class: 'plot-grid' });
  #areas = new Map();
  #pointer = make('line', { class: 'plot-pointer', y1: margin.top, y2: height - margin.bottom, hidden: '' });
  #values = new Map();
  #drawing;
  #width = 0;
  #latest;

  /** @param onPoint told the second under the pointer, undefined when it has left @param onResize the plot has to be drawn again */
  constructor(figure, { onPoint, onResize }) {
    this.#figure = figure;
    this.#drawing = figure.querySelector('[data-part=drawing]');
    const name = figure.dataset.plot;
    const defs = make('defs');
    const areas = make('g', { class: 'plot-areas' });
    this.#keys = [];
    for (const item of figure.querySelectorAll('[data-layer]')) {
      const key = item.dataset.layer;
      this.#keys.push(key);
      const id = `${name}-${key}`;
      defs.append(patternOf(id, key));
      const area = make('path', { class: `plot-area edge-${key}`, fill: `url(#${id})` });
      areas.prepend(area);
      this.#areas.set(key, area);
      this.#values.set(key, item.querySelector('[data-part=value]'));
      const swatch = item.querySelector('svg');
      swatch.append(
        make('rect', { class: `edge-${key}`, width: 16, height: 16, rx: 3, fill: `url(#${id})` }),
      );
    }
    this.#svg = make(
      'svg',
      { class: 'plot-svg', role: 'img', height },
      defs,
      this.#grid,
      areas,
      this.#pointer,
    );
    this.#drawing.append(this.#svg);
    this.#svg.addEventListener('pointermove', (event) => onPoint(this.#secondAt(event)));
    this.#svg.addEventListener('pointerleave', () => onPoint(undefined));
    new ResizeObserver(([{ contentRect }]) => {
      if (Math.round(contentRect.width) === this.#width) return;
      this.#width = Math.round(contentRect.width);
      onResize();
    }).observe(this.#drawing);
  }

  /** @param pointed the second under the pointer */
  draw(series, { seconds, timeZone, pointed }) {
    this.#latest = { to: series.to, seconds };
    if (this.#width === 0) return;
    this.#svg.setAttribute('width', this.#width);
    this.#svg.setAttribute('viewBox', `0 0 ${this.#width} ${height}`);
    const first = series.to - seconds + 1;
    const layers = this.#stack(series, first);
    const heights = layers.at(-1).map(([, upper]) => upper ?? 0);
    const highest = Math.max(...heights);
    const top = niceTop(Math.max(1, highest));
    const y = (figure) => height - margin.bottom - (figure / top) * (height - margin.top - margin.bottom);
    for (const [index, key] of this.#keys.entries())
      this.#areas.get(key).setAttribute('d', this.#areaOf(layers[index], first, y));
    this.#drawGrid(top, y, first, timeZone);
    this.#point(series, pointed);
    this.#tellPeak(highest, first + heights.indexOf(highest), timeZone);
    this.#svg.setAttribute('aria-label', this.#sentence(top));
  }

  /** For each layer and second: its lower and its upper edge, null where it is not known. */
  #stack(series, first) {
    const heights = Array.from({ length: this.#latest.seconds }, () => 0);
    return this.#keys.map((key) =>
      heights.map((lower, at) => {
        const figure = series.at(key, first + at);
        if (figure === null) return [lower, null];
        heights[at] += figure;
        return [lower, heights[at]];
      }),
    );
  }

  /** A second is as wide as a second: it begins half of one before its middle. */
  #x(second) {
    const { to, seconds } = this.#latest;
    const width = this.#width - margin.left - margin.right;
    return margin.left + ((second - (to - seconds) - 0.5) / seconds) * width;
  }

  /** Steps, so that what happened in one second is seen as that. */
  #areaOf(layer, first, y) {
    let path = '';
    let run = [];
    const edge = (steps) =>
      steps
        .flatMap(([second, figure]) =>
          [second - 0.5, second + 0.5].map((x) => `${this.#x(x).toFixed(1)} ${y(figure).toFixed(1)}`),
        )
        .join('L');
    const close = () => {
      if (run.length === 0) return;
      const upper = edge(run.map(([second, , upper]) => [second, upper]));
      const lower = edge(run.map(([second, lower]) => [second, lower]))
        .split('L')
        .toReversed()
        .join('L');
      path += `M${upper}L${lower}Z`;
      run = [];
    };
    for (const [at, [lower, upper]] of layer.entries()) {
      if (upper === null) close();
      else run.push([first + at, lower, upper]);
    }
    close();
    return path;
  }

  #drawGrid(top, y, first, timeZone) {
    const { to, seconds } = this.#latest;
    const right = this.#width - margin.right;
    const lines = [0, top / 2, top].flatMap((figure) => [
      make('line', {
        class: figure === 0 ? 'plot-floor' : '',
        x1: margin.left,
        x2: right,
        y1: y(figure),
        y2: y(figure),
      }),
      make('text', { x: margin.left - 8, y: y(figure) + 4, 'text-anchor': 'end' }, short(figure)),
    ]);
    const ticks = Math.max(2, Math.floor((right - margin.left) / tickGap));
    const step = secondsPerTick.find((candidate) => seconds / candidate <= ticks) ?? 300;
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hour: '2-digit',
      minute: '2-digit',
      ...(step < 60 && { second: '2-digit' }),
    });
    for (let second = Math.ceil(first / step) * step; second <= to; second += step) {
      const x = this.#x(second);
      if (x < margin.left + 12 || x > right - 12) continue;
      lines.push(
        make('line', {
          class: 'plot-tick',
          x1: x,
          x2: x,
          y1: height - margin.bottom,
          y2: height - margin.bottom + 4,
        }),
        make('text', { x, y: height - 8, 'text-anchor': 'middle' }, clock.format(second * 1_000)),
      );
    }
    this.#grid.replaceChildren(...lines);
  }

  #point(series, pointed) {
    const second = pointed ?? series.to;
    this.#pointer.toggleAttribute('hidden', pointed === undefined);
    const x = this.#x(second);
    this.#pointer.setAttribute('x1', x);
    this.#pointer.setAttribute('x2', x);
    for (const [key, value] of this.#values) {
      const figure = series.at(key, second);
      value.textContent = figure === null ? '–' : figure.toLocaleString('en');
    }
  }

  #tellPeak(highest, second, timeZone) {
    const peak = this.#figure.querySelector('[data-part=peak]');
    if (!peak) return;
    const at = new Date(second * 1_000).toLocaleTimeString('en-GB', { timeZone });
    peak.textContent = highest === 0 ? '' : `Peak ${highest.toLocaleString('en')} at ${at}`;
  }

  #secondAt({ clientX }) {
    const { left } = this.#svg.getBoundingClientRect();
    const { to, seconds } = this.#latest;
    const share = (clientX - left - margin.left) / (this.#width - margin.left - margin.right);
    return to - seconds + 1 + Math.min(seconds - 1, Math.max(0, Math.floor(share * seconds)));
  }

  #sentence(top) {
    const minutes = this.#latest.seconds / 60;
    const title = this.#figure.querySelector('h3').textContent;
    return `${title}: plot of the last ${minutes === 1 ? 'minute' : `${minutes} minutes`}, from 0 to ${top.toLocaleString('en')}. The same figures are in the tables.`;
  }
}

/** Even, so that its half is a whole number, too. */
function niceTop(figure) {
  if (figure <= 10) return 2 * Math.ceil(figure / 2);
  const power = 10 ** Math.floor(Math.log10(figure));
  return [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((step) => step * power >= figure) * power;
}

function short(figure) {
  if (figure >= 1_000_000) return `${figure / 1_000_000}M`;
  return figure >= 10_000 ? `${figure / 1_000}k` : figure.toLocaleString('en');
}
