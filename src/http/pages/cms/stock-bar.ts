// Stock at a glance: sold, held and available as parts of one bar. The same stands beside it in numbers.

import { html } from 'hono/html';
import type { BoardRow } from '../../cms/board-figures.ts';
import type { Markup } from '../layout.ts';

/** Units of the drawing; the bar is as wide as its place. */
const WIDTH = 1_000;

export function stockBar(
  { offered, available, held, sold }: Pick<BoardRow, 'offered' | 'available' | 'held' | 'sold'>,
  size: 'wide' | 'small',
): Markup {
  const total = Math.max(offered, sold + held + available, 1);
  const soldWidth = Math.round((sold / total) * WIDTH);
  const heldWidth = Math.round((held / total) * WIDTH);
  const freeWidth = Math.round((available / total) * WIDTH);
  return html`<svg
    class="stock-bar stock-bar-${size}"
    viewBox="0 0 ${WIDTH} 10"
    preserveAspectRatio="none"
    aria-hidden="true"
    data-part="bar"
  >
    <rect class="bar-back" width="${WIDTH}" height="10" />
    <rect class="bar-sold" data-bar="sold" width="${soldWidth}" height="10" />
    <rect class="bar-held" data-bar="held" x="${soldWidth}" width="${heldWidth}" height="10" />
    <rect
      class="bar-available"
      data-bar="available"
      x="${soldWidth + heldWidth}"
      width="${freeWidth}"
      height="10"
    />
  </svg>`;
}
