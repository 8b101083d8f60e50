// What a browser is shown when a page cannot be given, or a form not be taken: in words, with a way on.

import { html } from 'hono/html';
import type { Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';
import type { Texts } from './texts.ts';

export function troublePage(
  assets: Assets,
  text: string,
  link: { readonly href: string; readonly text: string },
  texts: Texts,
  heading = texts.trouble.heading,
): Markup {
  const { trouble } = texts;
  return page(assets, {
    title: trouble.title,
    description: heading,
    styles: ['base.css', 'storefront.css'],
    current: undefined,
    texts,
    main: html`<section class="empty" aria-labelledby="trouble-heading">
      <h1 id="trouble-heading">${heading}</h1>
      <p>${text}</p>
      <p><a href="${link.href}">${link.text}</a></p>
      <p><a href="/">${texts.nowhere.toShop}</a></p>
    </section>`,
  });
}
