// The rows of a product's attributes in its form. Rows are left out by emptying them, and there are always some to fill.

import { html } from 'hono/html';
import type { Attribute } from '../../../persistence/index.ts';
import { attributeField, ATTRIBUTES_MAX } from '../../cms/product-form.ts';
import type { Markup } from '../layout.ts';
import { errorAt, field, type FieldError } from './field.ts';

/** Name of the button that gives more rows and saves nothing; it sends the names of files, not the files. */
export const MORE_ROWS = 'moreRows';

/** @param asksForMore the form came back with more rows: the first empty one takes the focus */
export function attributeRows(
  attributes: readonly Attribute[],
  emptyRows: number,
  errors: readonly FieldError[],
  asksForMore: boolean,
): Markup {
  const rows = Math.min(ATTRIBUTES_MAX, attributes.length + emptyRows);
  return html`<fieldset class="form-section" id="attributes" tabindex="-1">
    <legend><h2>Attributes</h2></legend>
    <p>Free facts such as colour or size. Empty both fields of one to leave it out.</p>
    ${Array.from({ length: rows }, (_, at) => row(at, attributes[at], errors, asksForMore && at === attributes.length))}
    ${
      rows === ATTRIBUTES_MAX
        ? html`<p>A product has at most ${ATTRIBUTES_MAX} attributes.</p>`
        : html`<div>
            <button
              class="button button-quiet button-small"
              type="submit"
              name="${MORE_ROWS}"
              value="yes"
              formenctype="application/x-www-form-urlencoded"
            >
              More rows
            </button>
          </div>`
    }
  </fieldset>`;
}

function row(
  at: number,
  { name, value }: Attribute = { name: '', value: '' },
  errors: readonly FieldError[],
  hasFocus: boolean,
): Markup {
  const part = (part: 'name' | 'value', value: string): Markup => {
    const id = attributeField(at, part);
    return field({
      name: id,
      label: part === 'name' ? `Attribute ${at + 1}` : `Value ${at + 1}`,
      value,
      error: errorAt(errors, id),
      autocomplete: 'off',
      autofocus: hasFocus && part === 'name',
    });
  };
  return html`<div class="field-group attribute-row">${part('name', name)} ${part('value', value)}</div>`;
}
