// What a browser is shown at an address where nothing is.

import { html } from 'hono/html';
import type { Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';

export function nowherePage(assets: Assets): Markup {
  return page(assets, {
    title: 'Nothing is here – Doorbuster',
    description: 'No page of this shop has this address.',
    styles: ['base.css', 'storefront.css'],
    current: undefined,
    main: html`<section class="empty" aria-labelledby="nowhere-heading">
      <h1 id="nowhere-heading">No door here</h1>
      <p>No page has this address. It may be mistyped, or what was here is gone.</p>
      <p><a href="/">To the shop</a></p>
    </section>`,
  });
}
