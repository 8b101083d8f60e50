// The pauses of a run's moves as a picture: a bar for each, in the order in which they came, with lines at the median and at
// p99. SVG by hand, without a script, and readable on a light and on a dark page.

export interface PauseChart {
  /** One for each move. */
  readonly pausesMs: readonly number[];
  /** The median of the longest gaps while nothing moves. */
  readonly undisturbedMs: number;
  /** Load, and what moved between what. */
  readonly about: string;
}

const WIDTH = 760;
const HEIGHT = 340;
const PLOT = { left: 64, right: 636, top: 64, bottom: 288 } as const;
const TICKS_MAX = 6;
/** Two labels on the right keep this far from each other. */
const LABEL_PX = 15;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #4b5563 }
  .title { font-size: 15px; font-weight: 600; fill: #111827 }
  .grid { stroke: #d1d5db; stroke-width: 1 }
  .axis { stroke: #6b7280; stroke-width: 1 }
  .bar { fill: #2563eb }
  .line { stroke-width: 1.5; fill: none }
  .median { stroke: #b45309 } text.median { stroke: none; fill: #b45309 }
  .p99 { stroke: #b91c1c } text.p99 { stroke: none; fill: #b91c1c }
  .calm { stroke: #6b7280; stroke-dasharray: 4 4 } text.calm { stroke: none; fill: #6b7280 }
  @media (prefers-color-scheme: dark) {
    text { fill: #b6bdc9 }
    .title { fill: #f3f4f6 }
    .grid { stroke: #374151 }
    .axis { stroke: #9ca3af }
    .bar { fill: #60a5fa }
    .median { stroke: #fbbf24 } text.median { fill: #fbbf24 }
    .p99 { stroke: #f87171 } text.p99 { fill: #f87171 }
    .calm { stroke: #9ca3af } text.calm { fill: #9ca3af }
  }`;

export function pauseChart({ pausesMs, undisturbedMs, about }: PauseChart): string {
  const sorted = pausesMs.toSorted((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  const p99 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]!;
  const step = niceStep(Math.max(sorted.at(-1)!, undisturbedMs) / TICKS_MAX);
  const top = step * Math.ceil(Math.max(sorted.at(-1)!, undisturbedMs) / step);
  const yOf = (ms: number): number => PLOT.bottom - (ms / top) * (PLOT.bottom - PLOT.top);
  const title = `The pause of each of ${pausesMs.length} moves of the hot shard, as its clients see it`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title about">`,
    `<title id="title">${title}</title>`,
    `<desc id="about">${escaped(about)}. Median ${told(median)} ms, p99 ${told(p99)} ms; ${told(undisturbedMs)} ms while nothing moves.</desc>`,
    `<style>${STYLE}\n</style>`,
    `<text class="title" x="${PLOT.left}" y="24">${title}</text>`,
    `<text x="${PLOT.left}" y="44">${escaped(about)}</text>`,
    ...grid(step, top, yOf),
    ...bars(pausesMs, yOf),
    ...lines(
      [
        { name: 'median', text: `median ${told(median)} ms`, ms: median },
        { name: 'p99', text: `p99 ${told(p99)} ms`, ms: p99 },
        { name: 'calm', text: `no move ${told(undisturbedMs)} ms`, ms: undisturbedMs },
      ],
      yOf,
    ),
    '</svg>',
    '',
  ].join('\n');
}

function grid(step: number, top: number, yOf: (ms: number) => number): string[] {
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, number) => number * step);
  return [
    ...ticks.flatMap((ms) => [
      `<line class="${ms === 0 ? 'axis' : 'grid'}" x1="${PLOT.left}" x2="${PLOT.right}" y1="${px(yOf(ms))}" y2="${px(yOf(ms))}"/>`,
      `<text x="${PLOT.left - 8}" y="${px(yOf(ms) + 4)}" text-anchor="end">${told(ms)}</text>`,
    ]),
    `<text transform="translate(18 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">milliseconds without an acceptance</text>`,
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">moves, one after the other</text>`,
  ];
}

function bars(pausesMs: readonly number[], yOf: (ms: number) => number): string[] {
  const slot = (PLOT.right - PLOT.left) / pausesMs.length;
  const labelled = Math.max(1, Math.round(pausesMs.length / 5));
  return pausesMs.flatMap((ms, at) => {
    const x = PLOT.left + slot * at;
    const bar =
      `<rect class="bar" x="${px(x + slot * 0.15)}" width="${px(slot * 0.7)}" y="${px(yOf(ms))}" ` +
      `height="${px(PLOT.bottom - yOf(ms))}"><title>move ${at + 1}: ${told(ms)} ms</title></rect>`;
    const isLabelled = at === 0 || (at + 1) % labelled === 0;
    return isLabelled
      ? [bar, `<text x="${px(x + slot / 2)}" y="${PLOT.bottom + 18}" text-anchor="middle">${at + 1}</text>`]
      : [bar];
  });
}

function lines(
  all: readonly { readonly name: string; readonly text: string; readonly ms: number }[],
  yOf: (ms: number) => number,
): string[] {
  let below = Infinity;
  return all
    .toSorted((one, other) => one.ms - other.ms)
    .flatMap(({ name, text, ms }) => {
      const y = yOf(ms);
      const labelY = Math.min(y + 4, below - LABEL_PX);
      below = labelY;
      return [
        `<line class="line ${name}" x1="${PLOT.left}" x2="${PLOT.right}" y1="${px(y)}" y2="${px(y)}"/>`,
        `<text class="${name}" x="${PLOT.right + 6}" y="${px(labelY)}">${text}</text>`,
      ];
    });
}

/** 1, 2 or 5 times a power of ten, at least. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 0.001)));
  return [1, 2, 5, 10].map((of) => of * power).find((step) => step >= least)!;
}

const px = (value: number): string => value.toFixed(1);
const told = (ms: number): string => String(Number(ms.toPrecision(3)));
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
