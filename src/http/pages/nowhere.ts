// What a browser is shown at an address where nothing is, or nothing for whoever asks: both are the same page.

import { html } from 'hono/html';
import type { Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';
import { en, type Texts } from './texts.ts';

export function nowherePage(assets: Assets, texts: Texts = en): Markup {
  const { nowhere } = texts;
  return page(assets, {
    title: nowhere.title,
    description: nowhere.description,
    styles: ['base.css', 'storefront.css'],
    current: undefined,
    texts,
    main: html`<section class="empty" aria-labelledby="nowhere-heading">
      <h1 id="nowhere-heading">${nowhere.heading}</h1>
      <p>${nowhere.text}</p>
      <p><a href="/">${nowhere.toShop}</a></p>
    </section>`,
  });
}
