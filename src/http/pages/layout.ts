// What every page has around its content: head, masthead and footer. Must never contain an inline script or style:
// the pages are served under a Content-Security-Policy that forbids both.

import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { assetUrl, type Assets } from './assets.ts';
import { en, type Texts } from './texts.ts';

export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

export type PageParts = {
  title: string;
  description: string;
  /** Names of static files. */
  styles: readonly string[];
  /** The same, one that has all that it needs: a slow line makes each further one wait. */
  script?: string;
  /** Where scripts do not run, it is loaded again after so long. */
  refresh?: { readonly seconds: number; readonly href: string };
  /** Undefined: none of the places that the page names. */
  current: 'storefront' | 'docs' | undefined;
  /** In the reader's language. */
  texts?: Texts;
  /** Stands at the right of the masthead. */
  aside?: Markup;
  main: Markup;
};

export function page(assets: Assets, parts: PageParts): Markup {
  const { texts = en } = parts;
  return html`<!doctype html>
    <html lang="${texts.language}">
      <head>
        <meta charset="utf-8" />
        <title>${parts.title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="description" content="${parts.description}" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" content="#f1f2f4" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#101116" media="(prefers-color-scheme: dark)" />
        <link rel="icon" type="image/svg+xml" href="${assetUrl(assets, 'favicon.svg')}" />
        ${parts.styles.map((name) => html`<link rel="stylesheet" href="${assetUrl(assets, name)}" />`)}
        ${parts.script === undefined ? '' : html`<script type="module" src="${assetUrl(assets, parts.script)}"></script>`}
        ${
          parts.refresh === undefined
            ? ''
            : html`<noscript
                ><meta http-equiv="refresh" content="${parts.refresh.seconds}; url=${parts.refresh.href}"
              /></noscript>`
        }
      </head>
      <body>
        <a class="skip" href="#main">${texts.skip}</a>
        <header class="masthead">
          <a class="wordmark" href="/" ${parts.current === 'storefront' ? raw('aria-current="page"') : ''}>
            <img src="${assetUrl(assets, 'favicon.svg')}" alt="" width="34" height="34" />Doorbuster
          </a>
          <div class="masthead-aside">${parts.aside ?? ''}</div>
        </header>
        <main id="main" tabindex="-1">${parts.main}</main>
        <footer class="footer">
          <p>${texts.footer}</p>
          ${parts.current === undefined ? '' : elsewhere(parts.current)}
        </footer>
      </body>
    </html>`;
}

/** For developers, from the shop's own page and from the API's. */
function elsewhere(current: 'storefront' | 'docs'): Markup {
  return html`<nav aria-label="Elsewhere">
    ${current === 'docs' ? html`<a href="/">Storefront</a>` : html`<a href="/docs">API reference</a>`}
    <a href="/openapi.json">OpenAPI document</a>
  </nav>`;
}
