// How many files of a page's pictures and product data the CDN has. Nobody waits for it: this node shows the others itself.

import { html } from 'hono/html';
import type { Markup } from '../layout.ts';

export interface Uploads {
  readonly files: number;
  readonly uploaded: number;
  /** Tried without success, and tried again. */
  readonly failing: number;
  readonly lastError: string | undefined;
  /** Without one the node shows the files itself. */
  readonly hasCdn: boolean;
}

export function uploadProgress({ files, uploaded, failing, lastError, hasCdn }: Uploads): Markup {
  if (files === 0) return html``;
  const place = hasCdn ? 'on the CDN' : 'stored';
  return html`<section class="panel" aria-labelledby="uploads-heading">
    <h2 id="uploads-heading">Files</h2>
    <p id="uploads-text">${uploaded} of ${files} files ${place}</p>
    <progress max="${files}" value="${uploaded}" aria-labelledby="uploads-text"></progress>
    ${
      failing === 0
        ? ''
        : html`<p class="notice notice-warn">
            ${failing} could not be uploaded yet and are tried
            again${lastError === undefined ? '' : html`: ${lastError}`}. The shop shows them all the same,
            from this node.
          </p>`
    }
  </section>`;
}
