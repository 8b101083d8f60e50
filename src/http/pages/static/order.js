// Follows the order of the page while its payment is undecided: once it stands otherwise, the page is loaded again, with
// how it was, and says what came of it.

const lookEveryMs = 3_000;
/** Of an order that a person decides about. */
const lookSlowlyMs = 10_000;
const quickLooksMax = 20;

const { order, status } = document.querySelector('[data-order]').dataset;
let looks = 0;

async function look() {
  looks += 1;
  const waitMs = looks > quickLooksMax ? lookSlowlyMs : lookEveryMs;
  if (document.hidden) return later(waitMs);
  try {
    const answer = await fetch(`/v1/orders/${encodeURIComponent(order)}`, { cache: 'no-store' });
    if (answer.ok && (await answer.json()).status !== status) return location.replace(`?was=${status}`);
    later(Math.max(waitMs, Number(answer.headers.get('Retry-After')) * 1_000));
  } catch {
    // No answer is no news.
    later(lookSlowlyMs);
  }
}

function later(ms) {
  setTimeout(() => void look(), ms);
}

later(lookEveryMs);
