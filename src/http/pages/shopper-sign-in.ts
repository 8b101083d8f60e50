// The pages around a shopper's sign-in: the demonstration's choice of a customer, the way back to the shop, and what went wrong.

import { html } from 'hono/html';
import type { Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';
import { sampleCustomers } from './sample-customers.ts';
import { signInTextsFor, type SignInTrouble } from './sign-in-texts.ts';
import type { Texts } from './texts.ts';

export interface ShopperSignInView {
  /** A path of this server. */
  readonly next: string;
  readonly csrf: string;
  /** The name of whoever is signed in already. */
  readonly signedInAs: string | undefined;
  /** The name that was typed cannot be one. */
  readonly hasBadName: boolean;
}

const STYLES = ['base.css', 'storefront.css', 'shopper-sign-in.css'];

/** Demo mode: anybody may be anybody. */
export function demoSignInPage(assets: Assets, view: ShopperSignInView, texts: Texts): Markup {
  const { next, csrf, signedInAs, hasBadName } = view;
  const { demo } = signInTextsFor(texts.language);
  const hidden = html`<input type="hidden" name="csrf" value="${csrf}" />
    <input type="hidden" name="next" value="${next}" />`;
  return page(assets, {
    title: demo.title,
    description: demo.description,
    styles: STYLES,
    current: undefined,
    texts,
    main: html`<section class="sign-in" aria-labelledby="sign-in-heading">
      <h1 id="sign-in-heading">${demo.heading}</h1>
      <p>${demo.intro}</p>
      ${signedInAs === undefined ? '' : html`<p class="banner">${demo.signedInAs} <strong>${signedInAs}</strong></p>`}
      ${hasBadName ? html`<p class="banner sign-in-error" role="alert" id="sign-in-error">${demo.badName}</p>` : ''}
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
        <label for="customer">${demo.anyName}</label>
        <input
          id="customer"
          name="customer"
          required
          maxlength="128"
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
          ${hasBadName ? html`aria-invalid="true" aria-describedby="sign-in-error"` : ''}
        />
        <button type="submit">${demo.signIn}</button>
      </form>
    </section>`,
  });
}

export interface SignInNoticeView {
  readonly trouble: SignInTrouble;
  readonly detail: string;
  /** Where to begin again; undefined: it does not help. */
  readonly again: string | undefined;
}

/** A sign-in that cannot go on here, and why. */
export function signInNoticePage(assets: Assets, view: SignInNoticeView, texts: Texts): Markup {
  const { troubles, titleOf, again, toShop } = signInTextsFor(texts.language);
  const { title, text } = troubles[view.trouble];
  return page(assets, {
    title: titleOf(title),
    description: title,
    styles: STYLES,
    current: undefined,
    texts,
    main: html`<section class="sign-in" aria-labelledby="sign-in-heading">
      <h1 id="sign-in-heading">${title}</h1>
      <p>${text(view.detail)}</p>
      <p><a href="${view.again ?? '/'}">${view.again === undefined ? toShop : again}</a></p>
    </section>`,
  });
}
