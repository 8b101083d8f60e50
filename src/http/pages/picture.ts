// A picture of the library in a page: the browser takes the smallest format that it knows in the width that it needs.

import { html } from 'hono/html';
import type { Image, ImageVariant, PictureFormat } from '../../persistence/index.ts';
import type { Markup } from './layout.ts';

export interface PictureOptions {
  /** How wide the page shows it, as the attribute of that name says it, for example `(min-width: 40em) 20em, 100vw`. */
  readonly sizes: string;
  readonly class?: string;
  /** It stands at the top of the page and is fetched at once; others are fetched when somebody scrolls near them. */
  readonly isFirst?: boolean;
}

/** Best first. */
const FORMATS: readonly PictureFormat[] = ['image/avif', 'image/webp'];

/** @param alt what it shows; empty for one that says nothing that does not stand beside it */
export function picture(
  image: Image,
  alt: string,
  { sizes, class: name = '', isFirst }: PictureOptions,
): Markup {
  const fallback = image.variants.findLast(({ type }) => type === 'image/jpeg') ?? image.variants.at(-1)!;
  return html`<picture
    >${FORMATS.map((format) => {
      const variants = image.variants.filter(({ type }) => type === format);
      return variants.length === 0
        ? ''
        : html`<source type="${format}" srcset="${sourceSet(variants)}" sizes="${sizes}" />`;
    })}<img
      src="${fallback.url}"
      alt="${alt}"
      class="${name}"
      width="${image.width}"
      height="${image.height}"
      loading="${isFirst ? 'eager' : 'lazy'}"
      decoding="async"
  /></picture>`;
}

const sourceSet = (variants: readonly ImageVariant[]): string =>
  variants.map(({ url, width }) => `${url} ${width}w`).join(', ');
