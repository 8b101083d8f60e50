// The page that says why something was not done, and the one for an address where nothing is.

import { html } from 'hono/html';
import type { CmsSession } from '../../cms/cms-session.ts';
import type { Assets } from '../assets.ts';
import type { Markup } from '../layout.ts';
import { cmsPage } from './shell.ts';

export interface RefusalView {
  readonly title: string;
  readonly text: string;
  readonly session: CmsSession | undefined;
}

export function refusalPage(assets: Assets, { title, text, session }: RefusalView): Markup {
  return cmsPage(assets, {
    title,
    session,
    main: html`<div class="entry-card entry-refusal">
      <h1>${title}</h1>
      <p>${text}</p>
      ${
        session === undefined
          ? html`<p><a href="/cms/sign-in">Sign in</a></p>`
          : html`<p><a href="/cms">All campaigns</a></p>`
      }
    </div>`,
  });
}
