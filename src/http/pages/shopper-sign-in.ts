// The pages around a shopper's sign-in: the demonstration's choice of a customer, the way back to the shop, and what went wrong.

import { html } from 'hono/html';
import type { Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';
import { sampleCustomers } from './sample-customers.ts';

export interface ShopperSignInView {
  /** A path of this server. */
  readonly next: string;
  readonly csrf: string;
  /** The name of whoever is signed in already. */
  readonly signedInAs: string | undefined;
  readonly error: string | undefined;
}

const STYLES = ['base.css', 'storefront.css', 'shopper-sign-in.css'];

/** Demo mode: anybody may be anybody. */
export function demoSignInPage(assets: Assets, { next, csrf, signedInAs, error }: ShopperSignInView): Markup {
  const hidden = html`<input type="hidden" name="csrf" value="${csrf}" />
    <input type="hidden" name="next" value="${next}" />`;
  return page(assets, {
    title: 'Sign in – Doorbuster',
    description: 'Choose a customer of the demonstration.',
    styles: STYLES,
    current: undefined,
    main: html`<section class="sign-in" aria-labelledby="sign-in-heading">
      <h1 id="sign-in-heading">Who is at the door?</h1>
      <p>This is a demonstration: be whom you like. A real shop signs its customers in itself.</p>
      ${signedInAs === undefined ? '' : html`<p class="banner">You are signed in as <strong>${signedInAs}</strong>.</p>`}
      ${error === undefined ? '' : html`<p class="banner sign-in-error" role="alert" id="sign-in-error">${error}</p>`}
      <form method="post" action="/session">
        ${hidden}
        <ul class="sign-in-samples">
          ${sampleCustomers.map(
            ({ customerId, name, note }) =>
              html`<li>
                <button
                  type="submit"
                  name="sample"
                  value="${customerId}"
                  aria-describedby="about-${customerId}"
                >
                  ${name}
                </button>
                <span id="about-${customerId}">${note}</span>
              </li>`,
          )}
        </ul>
      </form>
      <form method="post" action="/session" class="sign-in-name">
        ${hidden}
        <label for="customer">Or under any name</label>
        <input
          id="customer"
          name="customer"
          required
          maxlength="128"
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
          ${error === undefined ? '' : html`aria-invalid="true" aria-describedby="sign-in-error"`}
        />
        <button type="submit">Sign in</button>
      </form>
    </section>`,
  });
}

export interface SignInNoticeView {
  readonly title: string;
  readonly text: string;
  /** Where to go on. */
  readonly link: { readonly address: string; readonly label: string } | undefined;
}

/** A sign-in that cannot go on here, and why. */
export function signInNoticePage(assets: Assets, { title, text, link }: SignInNoticeView): Markup {
  return page(assets, {
    title: `${title} – Doorbuster`,
    description: title,
    styles: STYLES,
    current: undefined,
    main: html`<section class="sign-in" aria-labelledby="sign-in-heading">
      <h1 id="sign-in-heading">${title}</h1>
      <p>${text}</p>
      ${link === undefined ? '' : html`<p><a href="${link.address}">${link.label}</a></p>`}
    </section>`,
  });
}
