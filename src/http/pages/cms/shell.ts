// What every page of the CMS has around its content: the bar with the places to go and who is signed in, the way back, and what
// came of the last action. Must never contain an inline script or style: the policy of the CMS forbids both.

import { html, raw } from 'hono/html';
import type { CmsSession } from '../../cms/cms-session.ts';
import { assetUrl, type Assets } from '../assets.ts';
import type { Markup } from '../layout.ts';
import { csrfField } from './field.ts';

export interface Crumb {
  readonly href: string;
  readonly text: string;
}

export interface Notice {
  readonly kind: 'good' | 'bad';
  readonly text: string;
}

export interface CmsPageParts {
  /** Of the window; the page's own heading stands in `main`. */
  readonly title: string;
  /** Undefined before the sign-in. */
  readonly session: CmsSession | undefined;
  readonly current?: (typeof PLACES)[number]['key'] | undefined;
  /** The places above this page, from the top; the page itself is not among them. */
  readonly breadcrumb?: readonly Crumb[] | undefined;
  /** What came of the last action. */
  readonly notice?: Notice | undefined;
  /** The form came back with errors: the window's title says so first. */
  readonly hasErrors?: boolean;
  /** Names of static files beside base.css and cms.css. */
  readonly styles?: readonly string[];
  /** Names of static modules beside cms-forms.js; the page must work without them. */
  readonly scripts?: readonly string[];
  readonly main: Markup;
}

const PLACES = [
  { key: 'campaigns', href: '/cms', text: 'Campaigns' },
  { key: 'reviews', href: '/cms/reviews', text: 'Reviews' },
  { key: 'customers', href: '/cms/customers', text: 'Customers' },
  { key: 'history', href: '/cms/history', text: 'History' },
] as const;

const ROLE_TEXTS = { viewer: 'Viewer', editor: 'Editor', publisher: 'Publisher' } as const;

export function cmsPage(assets: Assets, parts: CmsPageParts): Markup {
  const { session, breadcrumb = [], notice, styles = [], scripts = [] } = parts;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${parts.hasErrors ? 'Error: ' : ''}${parts.title} – Doorbuster CMS</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" content="#15161c" />
        <link rel="icon" type="image/svg+xml" href="${assetUrl(assets, 'favicon.svg')}" />
        ${['base.css', 'cms.css', ...styles].map(
          (name) => html`<link rel="stylesheet" href="${assetUrl(assets, name)}" />`,
        )}
        ${['cms-forms.js', ...scripts].map((name) => html`<script type="module" src="${assetUrl(assets, name)}"></script>`)}
      </head>
      <body class="cms">
        <a class="skip" href="#main">Skip to the content</a>
        ${bar(assets, session, parts.current)}
        <main id="main" class="${session === undefined ? 'cms-main cms-entry' : 'cms-main'}" tabindex="-1">
          ${breadcrumb.length === 0 ? '' : trail(breadcrumb)} ${notice === undefined ? '' : noticeOf(notice)}
          ${parts.main}
        </main>
      </body>
    </html>`;
}

function bar(assets: Assets, session: CmsSession | undefined, current: CmsPageParts['current']): Markup {
  return html`<header class="cms-bar">
    <a class="wordmark" href="/cms">
      <img src="${assetUrl(assets, 'favicon.svg')}" alt="" width="28" height="28" />Doorbuster
      <span class="cms-bar-place">CMS</span>
    </a>
    ${session === undefined ? '' : places(session, current)} ${session === undefined ? '' : account(session)}
  </header>`;
}

function places({ reviewsWaiting = 0 }: CmsSession, current: CmsPageParts['current']): Markup {
  return html`<nav class="cms-places" aria-label="CMS">
    <ul>
      ${PLACES.map(
        ({ key, href, text }) =>
          html`<li>
            <a href="${href}" ${key === current ? raw('aria-current="page"') : ''}
              >${text}${key === 'reviews' && reviewsWaiting > 0 ? waiting(reviewsWaiting) : ''}</a
            >
          </li>`,
      )}
      <li><a href="/">Shop</a></li>
    </ul>
  </nav>`;
}

const waiting = (count: number): Markup =>
  html` <span class="cms-places-count"
    >${countText(count)}<span class="visually-hidden"> waiting</span></span
  >`;

/** So many are not looked at one by one. */
const COUNT_SHOWN_MAX = 99;
const countText = (count: number): string =>
  count > COUNT_SHOWN_MAX ? `${COUNT_SHOWN_MAX}+` : String(count);

function account(session: CmsSession): Markup {
  const { name, email, role } = session.user;
  return html`<div class="cms-account">
    <p class="cms-account-who" title="${email}">
      <span class="cms-account-name">${name}</span>
      <span class="cms-account-role">${ROLE_TEXTS[role]}</span>
    </p>
    <form method="post" action="/cms/sign-out">
      ${csrfField(session)}
      <button class="button button-bar" type="submit">Sign out</button>
    </form>
  </div>`;
}

function trail(crumbs: readonly Crumb[]): Markup {
  return html`<nav class="breadcrumb" aria-label="Breadcrumb">
    <ol>
      ${crumbs.map(({ href, text }) => html`<li><a href="${href}">${text}</a></li>`)}
    </ol>
  </nav>`;
}

function noticeOf({ kind, text }: Notice): Markup {
  return html`<p class="notice notice-${kind}" role="${kind === 'good' ? 'status' : 'alert'}">${text}</p>`;
}
