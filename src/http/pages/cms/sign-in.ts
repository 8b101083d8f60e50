// The page on which people sign in to the CMS.

import { html } from 'hono/html';
import type { Assets } from '../assets.ts';
import type { Markup } from '../layout.ts';
import { csrfField, errorSummary, field } from './field.ts';
import { cmsPage } from './shell.ts';

export interface SignInView {
  /** As it was typed. */
  readonly email: string;
  /** Where to go then; inside the CMS. */
  readonly next: string;
  readonly csrf: string;
  readonly error: string | undefined;
  readonly signedOut: boolean;
  /** There is an account that the node printed. */
  readonly demo: boolean;
}

export function signInPage(assets: Assets, view: SignInView): Markup {
  const { email, next, csrf, error, signedOut, demo } = view;
  return cmsPage(assets, {
    title: 'Sign in',
    session: undefined,
    hasErrors: error !== undefined,
    notice: signedOut ? { kind: 'good', text: 'You are signed out.' } : undefined,
    main: html`<div class="entry-card">
      <h1>Sign in</h1>
      ${error === undefined ? '' : errorSummary([{ field: 'email', message: error }], 'Not signed in')}
      <form class="form" method="post" action="/cms/sign-in">
        ${csrfField({ csrf })}
        <input type="hidden" name="next" value="${next}" />
        ${field({
          name: 'email',
          label: 'E-mail',
          type: 'email',
          value: email,
          autocomplete: 'username',
          spellcheck: false,
        })}
        ${field({ name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' })}
        <button class="button button-primary" type="submit">Sign in</button>
      </form>
      ${demo ? html`<p class="muted">This is a demo: e-mail and password stand in the terminal where it was started.</p>` : ''}
    </div>`,
  });
}
