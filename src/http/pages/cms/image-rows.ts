// The pictures of a product in its form: those that it has, with their alternative text, place and removal, and fields for more.

import { html } from 'hono/html';
import type { Image } from '../../../persistence/index.ts';
import { imageField, IMAGES_MAX, type ImageTyped } from '../../cms/product-form.ts';
import type { Markup } from '../layout.ts';
import { picture } from '../picture.ts';
import { checkField, errorAt, field, fileField, type FieldError } from './field.ts';

/** Those that the form shows, by id. */
export type Pictures = ReadonlyMap<string, Image>;

/** Files that one form can bring. */
export const NEW_IMAGES_PER_FORM = 3;
export const newImageField = (row: number, part: 'file' | 'alt'): string => `new-image-${row}-${part}`;

const ACCEPTED = 'image/jpeg,image/png,image/webp,image/avif,image/gif';

export interface ImageRowsView {
  readonly typed: { readonly images: readonly ImageTyped[] };
  readonly pictures: Pictures;
  readonly newAlts: readonly string[];
  readonly errors: readonly FieldError[];
}

export function imageRows({ typed: { images }, pictures, newAlts, errors }: ImageRowsView): Markup {
  const room = Math.min(NEW_IMAGES_PER_FORM, IMAGES_MAX - images.length);
  return html`<fieldset class="form-section" id="images" tabindex="-1">
    <legend><h2>Pictures</h2></legend>
    <p>
      The first one stands for the product. Each is checked, stripped of its metadata and made in the sizes
      that pages need.
    </p>
    ${
      images.length === 0
        ? ''
        : html`<ul class="image-rows">
            ${images.map((image, at) => present(at, image, pictures, errors))}
          </ul>`
    }
    ${Array.from({ length: room }, (_, at) => added(at, newAlts[at] ?? '', errors))}
    ${room < NEW_IMAGES_PER_FORM ? html`<p>A product has at most ${IMAGES_MAX} pictures.</p>` : ''}
  </fieldset>`;
}

function present(at: number, image: ImageTyped, pictures: Pictures, errors: readonly FieldError[]): Markup {
  const shown = pictures.get(image.imageId);
  const alt = imageField(at, 'alt');
  return html`<li class="image-row">
    <input type="hidden" name="${imageField(at, 'id')}" value="${image.imageId}" />
    <div class="image-row-picture">
      ${shown === undefined ? html`<span class="thumb thumb-large"></span>` : picture(shown, image.alt, { sizes: '8rem' })}
    </div>
    <div class="image-row-fields">
      ${field({
        name: alt,
        label: `Alternative text of picture ${at + 1}`,
        value: image.alt,
        error: errorAt(errors, alt),
        maxlength: 300,
      })}
      <div class="field-group">
        ${field({
          name: imageField(at, 'place'),
          label: `Place of picture ${at + 1}`,
          value: image.place,
          inputmode: 'numeric',
          width: 'short',
        })}
        ${checkField({
          name: imageField(at, 'remove'),
          label: `Remove picture ${at + 1}`,
          checked: image.isRemoved,
        })}
      </div>
    </div>
  </li>`;
}

function added(at: number, typedAlt: string, errors: readonly FieldError[]): Markup {
  const [file, alt] = [newImageField(at, 'file'), newImageField(at, 'alt')];
  return html`<div class="field-group">
    ${fileField({
      name: file,
      label: `New picture ${at + 1}`,
      hint: at === 0 ? 'JPEG, PNG, WebP, AVIF or GIF.' : undefined,
      accept: ACCEPTED,
      error: errorAt(errors, file),
    })}
    ${field({
      name: alt,
      label: `Alternative text of new picture ${at + 1}`,
      hint: at === 0 ? 'What it shows, for those who cannot see it.' : undefined,
      value: typedAlt,
      error: errorAt(errors, alt),
      maxlength: 300,
    })}
  </div>`;
}
