// What a browser is shown at an address where nothing is, or nothing for whoever asks: both are the same page. It says who asks: whoever
// came as somebody else, by a link for another account of theirs, signs out here.

import { html } from 'hono/html';
import type { Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';
import { visitorAside, type VisitorView } from './shop-frame.ts';
import type { Texts } from './texts.ts';

export function nowherePage(
  assets: Assets,
  visitor: VisitorView | undefined,
  signInHref: string,
  texts: Texts,
): Markup {
  const { nowhere } = texts;
  return page(assets, {
    title: nowhere.title,
    description: nowhere.description,
    styles: ['base.css', 'storefront.css'],
    current: undefined,
    texts,
    aside: visitorAside(visitor, signInHref, texts),
    main: html`<section class="empty" aria-labelledby="nowhere-heading">
      <h1 id="nowhere-heading">${nowhere.heading}</h1>
      <p>${nowhere.text}</p>
      <p><a href="/">${nowhere.toShop}</a></p>
    </section>`,
  });
}
