// Keeps the live board current: takes the events, writes their figures into the page, and has the plots drawn. Whatever the server
// has written stays readable when any of this fails; then the page says how old it is.

import { Announcer } from './announcer.js';
import { Plot } from './cms-plot.js';
import { Series } from './cms-series.js';

const newsMsMax = 5_000;
const reopenMs = 3_000;
const reopenMsMax = 30_000;
/** Announcements of the same kind follow each other no sooner. */
const sayAgainMs = 10_000;
const barWidth = 1_000;

const reasons = ['gone', 'limit', 'gate', 'closed', 'busy', 'other'];
/** As src/http/pages/cms/board-page.ts has them. */
const states = {
  upcoming: ['Upcoming', 'badge-scheduled'],
  on_sale: ['On sale', 'badge-live'],
  sold_out: ['Sold out', 'badge-ended'],
  all_held: ['All held', 'badge-paused'],
  paused: ['Paused', 'badge-paused'],
  ended: ['Ended', 'badge-ended'],
  unknown: ['Not known', 'badge-draft'],
};
const phases = {
  draft: 'Draft',
  scheduled: 'Scheduled',
  live: 'Live',
  paused: 'Paused',
  ended: 'Ended',
  cancelled: 'Cancelled',
};

const board = document.querySelector('[data-board]');
if (board) start();

function start() {
  const part = (name) => board.querySelector(`[data-part=${name}]`);
  const announcer = new Announcer(part('announcer'));
  const series = new Series();
  const { timeZone } = board.dataset;
  const rows = [...board.querySelectorAll('[data-row]')];
  const said = new Map();
  let times = {
    now: Number(board.dataset.now),
    phase: board.dataset.phase,
    startsAt: Number(board.dataset.startsAt) || undefined,
    endsAt: Number(board.dataset.endsAt) || undefined,
  };
  let timesReadAt = performance.now();
  let newsAt = performance.now();
  let isLive = false;
  let isOver = false;
  let failures = 0;
  let pointed;
  let soldOut;
  let hasChosen = false;

  const range = () => Number(board.querySelector('[name=range]:checked').value);
  const redraw = () => {
    if (series.from === 0) return;
    for (const plot of plots) plot.draw(series, { seconds: range(), timeZone, pointed });
  };
  const plots = [...board.querySelectorAll('[data-plot]')].map(
    (figure) =>
      new Plot(figure, {
        onPoint: (second) => {
          pointed = second;
          redraw();
        },
        onResize: redraw,
      }),
  );
  board.querySelector('.board-ranges').addEventListener('change', () => {
    hasChosen = true;
    redraw();
  });
  setInterval(tick, 1_000);
  open();

  function open() {
    const source = new EventSource(board.dataset.board);
    source.addEventListener('board', (event) => {
      failures = 0;
      take(JSON.parse(event.data));
    });
    source.addEventListener('signed-out', () => {
      source.close();
      isOver = true;
      health('stale', 'You are signed out: these figures stand still.');
      announcer.say('You are signed out. The figures stand still.');
    });
    // A broken connection is opened again by the browser itself, an error status is not.
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED || isOver) return;
      failures += 1;
      setTimeout(open, Math.min(reopenMsMax, reopenMs * 2 ** (failures - 1)) * (1 + Math.random() / 4));
    });
  }

  function take({ plot, ...figures }) {
    newsAt = performance.now();
    if (!isLive) health('live', 'Updating');
    isLive = true;
    if (figures.phase !== times.phase) showPhase(figures.phase);
    times = figures;
    timesReadAt = performance.now();
    showRow(
      rows.find(({ dataset }) => dataset.row === ''),
      figures.totals,
    );
    for (const product of figures.products)
      showRow(
        rows.find(({ dataset }) => dataset.row === product.id),
        product,
      );
    showNotes(figures);
    showMinutes(figures.minutes);
    saySoldOut(figures.products);
    series.take(plot, reasons);
    part('plots').hidden = false;
    if (!hasChosen) chooseRange();
    redraw();
    tick();
  }

  /** Until somebody chooses: the shortest one that has all that happened. */
  function chooseRange() {
    const happenedSeconds = series.to - (series.firstOf(['orders', ...reasons]) ?? series.to);
    const ranges = [...board.querySelectorAll('[name=range]')];
    (ranges.find(({ value }) => Number(value) > happenedSeconds) ?? ranges.at(-1)).checked = true;
  }

  function tick() {
    write(part('countdown'), countdown({ ...times, now: times.now + performance.now() - timesReadAt }));
    const silentMs = performance.now() - newsAt;
    if (isOver || silentMs < newsMsMax) return;
    if (isLive) say('health', 'No news from the sale. Trying again.');
    isLive = false;
    health('stale', `No news for ${Math.round(silentMs / 1_000)} s. Trying again; the figures are old.`);
  }

  function health(kind, text) {
    const element = part('health');
    element.dataset.health = kind;
    write(element, text);
  }

  function showPhase(phase) {
    const badge = document.querySelector('.page-header .badge');
    badge.className = `badge badge-${phase}`;
    badge.textContent = phases[phase];
    for (const link of document.querySelectorAll('.page-header [data-phases]'))
      link.hidden = !link.dataset.phases.split(' ').includes(phase);
    announcer.say(`The campaign is ${phases[phase].toLowerCase()} now.`);
  }

  function showRow(row, figures) {
    if (!row) return;
    for (const name of ['sold', 'held', 'available', 'offered', 'orders', 'refusals', 'revenue']) {
      const element = row.querySelector(`[data-figure=${name}]`);
      if (element) write(element, figures[name].toLocaleString('en'));
    }
    const state = row.querySelector('[data-figure=state]');
    if (state) {
      const [text, badge] = states[figures.state ?? 'unknown'];
      write(state, text);
      state.className = `badge ${badge}`;
    }
    showBar(row, figures);
  }

  function showBar(row, { offered, available, held, sold }) {
    const scale = barWidth / Math.max(offered, sold + held + available, 1);
    let x = 0;
    for (const [name, figure] of Object.entries({ sold, held, available })) {
      const rect = row.querySelector(`[data-bar=${name}]`);
      const width = Math.round(figure * scale);
      rect.setAttribute('x', x);
      rect.setAttribute('width', width);
      x += width;
    }
  }

  function showNotes({ notes, products }) {
    const shown =
      rows.length - 1 === products.length &&
      products.every(({ id }) => rows.some((row) => row.dataset.row === id));
    const texts = shown
      ? notes
      : [...notes, 'The products of this campaign have changed: refresh the page to see them.'];
    const holder = part('notes');
    if ([...holder.children].map((child) => child.textContent).join() === texts.join()) return;
    holder.replaceChildren(
      ...texts.map((text) =>
        Object.assign(document.createElement('p'), { className: 'notice notice-warn', textContent: text }),
      ),
    );
    if (texts.length > 0) say('notes', texts.join(' '));
  }

  function showMinutes(minutes) {
    const body = part('minutes');
    const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
    while (body.rows.length > minutes.length) body.lastElementChild.remove();
    while (body.rows.length < minutes.length) body.append((body.rows[0] ?? emptyMinute()).cloneNode(true));
    for (const [at, minute] of minutes.entries()) {
      const figures = [minute.orders, minute.units, ...minute.reasons, minute.available];
      const [head, ...cells] = body.rows[at].cells;
      write(head, clock.format(minute.at));
      for (const [column, cell] of cells.entries()) write(cell, figures[column]?.toLocaleString('en') ?? '–');
    }
  }

  function emptyMinute() {
    const labels = [...board.querySelectorAll('.board-minutes thead th')].map(
      ({ textContent }) => textContent,
    );
    const row = document.createElement('tr');
    row.append(Object.assign(document.createElement('th'), { scope: 'row' }));
    for (const label of labels.slice(1)) {
      const cell = Object.assign(document.createElement('td'), { className: 'number' });
      cell.dataset.label = label;
      row.append(cell);
    }
    return row;
  }

  function saySoldOut(products) {
    const names = new Map(
      products.filter(({ state }) => state === 'sold_out').map(({ id, name }) => [id, name]),
    );
    const fresh = [...names].filter(([id]) => soldOut && !soldOut.has(id)).map(([, name]) => name);
    soldOut = names;
    if (fresh.length > 3) announcer.say(`${fresh.length} products are sold out.`);
    else if (fresh.length > 0) announcer.say(`Sold out: ${fresh.join(', ')}.`);
  }

  function say(kind, text) {
    const now = performance.now();
    if (now - (said.get(kind) ?? -Infinity) < sayAgainMs) return;
    said.set(kind, now);
    announcer.say(text);
  }
}

/** Only what changed: readers and selections are not disturbed. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** As src/http/pages/cms/board-page.ts says it. */
function countdown({ phase, now, startsAt, endsAt }) {
  if (phase === 'draft') return 'Not published yet';
  if (phase === 'cancelled') return 'Cancelled';
  if (phase === 'ended') return 'The sale is over';
  if (phase === 'scheduled')
    return startsAt === undefined ? 'No start yet' : `Starts in ${duration(startsAt - now)}`;
  return endsAt === undefined ? 'No end' : `Ends in ${duration(endsAt - now)}`;
}

function duration(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const days = Math.floor(seconds / 86_400);
  const clock = [Math.floor((seconds % 86_400) / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return days === 0 ? clock : `${days} ${days === 1 ? 'day' : 'days'} ${clock}`;
}
