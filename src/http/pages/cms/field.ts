// Fields of the CMS's forms: each with its label, its hint, and its error, tied to it for screen readers. All values are shown as
// text. A form that came back with errors begins with their summary, which takes the focus.

import { html, raw } from 'hono/html';
import type { CmsSession } from '../../cms/cms-session.ts';
import type { Markup } from '../layout.ts';

export interface FieldError {
  /** Id of the field; its name, where it has no other. */
  readonly field: string;
  readonly message: string;
}

interface FieldBase {
  readonly name: string;
  readonly label: string;
  /** By default the name. */
  readonly id?: string | undefined;
  /** What would be right; stands above the field. */
  readonly hint?: string | Markup | undefined;
  readonly error?: string | undefined;
  /** For people; what is missing is told by the form's own check, after it was sent. */
  readonly optional?: boolean | undefined;
  readonly disabled?: boolean | undefined;
  /** How much room it takes; by default all there is. */
  readonly width?: 'short' | 'medium' | undefined;
}

export interface FieldParts extends FieldBase {
  readonly type?:
    | 'text'
    | 'email'
    | 'password'
    | 'number'
    | 'search'
    | 'url'
    | 'date'
    | 'time'
    | 'datetime-local';
  readonly value?: string | number | undefined;
  readonly autocomplete?: string | undefined;
  readonly inputmode?: 'text' | 'numeric' | 'decimal' | 'email' | 'url' | undefined;
  readonly spellcheck?: boolean | undefined;
  readonly maxlength?: number | undefined;
  readonly min?: string | number | undefined;
  readonly max?: string | number | undefined;
  readonly step?: string | number | undefined;
  readonly placeholder?: string | undefined;
  readonly readonly?: boolean | undefined;
  readonly autofocus?: boolean | undefined;
  /** Id of a datalist. */
  readonly list?: string | undefined;
  /** Short texts in the field's frame, such as a currency or a unit. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

export interface Option {
  readonly value: string;
  readonly text: string;
  readonly hint?: string | undefined;
  readonly disabled?: boolean | undefined;
}

export interface SelectParts extends FieldBase {
  readonly value?: string | undefined;
  readonly options: readonly Option[];
  readonly autocomplete?: string | undefined;
}

export interface TextAreaParts extends FieldBase {
  readonly value?: string | undefined;
  readonly rows?: number | undefined;
  readonly maxlength?: number | undefined;
  readonly placeholder?: string | undefined;
}

export interface FileParts extends FieldBase {
  /** Such as `image/png,image/jpeg`. */
  readonly accept?: string | undefined;
  readonly multiple?: boolean | undefined;
}

export interface CheckParts extends Omit<FieldBase, 'width'> {
  /** What is sent when it is checked; `yes` by default. */
  readonly value?: string | undefined;
  readonly checked: boolean;
}

export interface ChoiceParts extends FieldBase {
  readonly value?: string | undefined;
  readonly options: readonly Option[];
}

export function field(parts: FieldParts): Markup {
  const { type = 'text', before, after } = parts;
  const input = html`<input
    ${attributes({
      ...common(parts),
      type,
      value: parts.value ?? '',
      autocomplete: parts.autocomplete,
      inputmode: parts.inputmode,
      spellcheck: parts.spellcheck === undefined ? undefined : String(parts.spellcheck),
      maxlength: parts.maxlength,
      min: parts.min,
      max: parts.max,
      step: parts.step,
      placeholder: parts.placeholder,
      list: parts.list,
      readonly: parts.readonly,
      autofocus: parts.autofocus,
    })}
  />`;
  const framed =
    before === undefined && after === undefined
      ? input
      : html`<div class="field-frame">
          ${before === undefined ? '' : html`<span class="field-affix" aria-hidden="true">${before}</span>`}
          ${input}
          ${after === undefined ? '' : html`<span class="field-affix" aria-hidden="true">${after}</span>`}
        </div>`;
  return around(parts, framed);
}

export function selectField(parts: SelectParts): Markup {
  const { value, options, autocomplete } = parts;
  const choices = options.map(
    (option) =>
      html`<option
        ${attributes({ value: option.value, selected: option.value === value, disabled: option.disabled })}
      >
        ${option.text}
      </option>`,
  );
  return around(
    parts,
    html`<select ${attributes({ ...common(parts), autocomplete })}>
      ${choices}
    </select>`,
  );
}

export function textAreaField(parts: TextAreaParts): Markup {
  const { value = '', rows = 5, maxlength, placeholder } = parts;
  const given = attributes({ ...common(parts), rows, maxlength, placeholder });
  // A browser drops one line break behind the tag, so that the value keeps its own; and no formatter may add any.
  return around(parts, html`${raw('<textarea ')}${given}${raw('>\n')}${value}${raw('</textarea>')}`);
}

/** The form must be sent as `multipart/form-data`. */
export function fileField(parts: FileParts): Markup {
  const { accept, multiple } = parts;
  return around(parts, html`<input ${attributes({ ...common(parts), type: 'file', accept, multiple })} />`);
}

export function checkField(parts: CheckParts): Markup {
  const { label, hint, error, value = 'yes', checked } = parts;
  return html`<div class="${error === undefined ? 'check' : 'check check-wrong'}">
    <input ${attributes({ ...common(parts), type: 'checkbox', value, checked })} />
    <div>
      <label for="${idOf(parts)}">${label}</label>
      ${hintOf(idOf(parts), hint)} ${errorOf(idOf(parts), error)}
    </div>
  </div>`;
}

/** Radio buttons. */
export function choiceField(parts: ChoiceParts): Markup {
  const { name, label, value, options, hint, error } = parts;
  const id = idOf(parts);
  return html`<fieldset
    ${attributes({ class: classesOf(parts), id, tabindex: -1, 'aria-describedby': described(parts) })}
  >
    <legend class="field-label">${label}${optionalMark(parts)}</legend>
    ${hintOf(id, hint)} ${errorOf(id, error)}
    ${options.map((option, at) => {
      const optionId = `${id}-${at}`;
      const described = option.hint === undefined ? undefined : `${optionId}-hint`;
      return html`<div class="check">
        <input
          ${attributes({
            type: 'radio',
            id: optionId,
            name,
            value: option.value,
            checked: option.value === value,
            disabled: parts.disabled || option.disabled,
            'aria-describedby': described,
          })}
        />
        <div><label for="${optionId}">${option.text}</label>${hintOf(optionId, option.hint)}</div>
      </div>`;
    })}
  </fieldset>`;
}

/** What is wrong with a form that came back, with links to its fields. Nothing when nothing is. */
export function errorSummary(errors: readonly FieldError[], title = 'This needs a change'): Markup | '' {
  if (errors.length === 0) return '';
  return html`<div
    class="error-summary"
    role="alert"
    aria-labelledby="error-summary-title"
    tabindex="-1"
    autofocus
  >
    <h2 id="error-summary-title">${title}</h2>
    <ul>
      ${errors.map((error) =>
        error.field === ''
          ? html`<li>${error.message}</li>`
          : html`<li><a href="#${error.field}">${error.message}</a></li>`,
      )}
    </ul>
  </div>`;
}

/** Stands in every form that changes anything. */
export const csrfField = (session: Pick<CmsSession, 'csrf'>): Markup =>
  html`<input type="hidden" name="csrf" value="${session.csrf}" />`;

/** The message for one field. */
export const errorAt = (errors: readonly FieldError[], field: string): string | undefined =>
  errors.find((error) => error.field === field)?.message;

/** Attributes of an element: undefined and false are left out, true stands by its name. */
export function attributes(
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): Markup | string {
  const written = Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [html`${raw(name)} `] : [html`${raw(name)}="${value}" `];
  });
  return html`${written}`;
}

function around(parts: FieldBase, input: Markup): Markup {
  const id = idOf(parts);
  return html`<div class="${classesOf(parts)}">
    <label class="field-label" for="${id}">${parts.label}${optionalMark(parts)}</label>
    ${hintOf(id, parts.hint)} ${errorOf(id, parts.error)} ${input}
  </div>`;
}

const idOf = ({ id, name }: FieldBase): string => id ?? name;

const classesOf = ({ error, width }: FieldBase): string =>
  ['field', width && `field-${width}`, error !== undefined && 'field-wrong'].filter(Boolean).join(' ');

const common = (parts: FieldBase): Record<string, string | boolean | undefined> => ({
  id: idOf(parts),
  name: parts.name,
  disabled: parts.disabled,
  'aria-describedby': described(parts),
  'aria-invalid': parts.error === undefined ? undefined : 'true',
});

function described(parts: FieldBase): string | undefined {
  const ids = [
    parts.hint !== undefined && `${idOf(parts)}-hint`,
    parts.error !== undefined && `${idOf(parts)}-error`,
  ].filter(Boolean);
  return ids.length === 0 ? undefined : ids.join(' ');
}

const optionalMark = ({ optional }: FieldBase): Markup | '' =>
  optional ? html` <span class="field-optional">optional</span>` : '';

const hintOf = (id: string, hint: string | Markup | undefined): Markup | '' =>
  hint === undefined ? '' : html`<p class="field-hint" id="${id}-hint">${hint}</p>`;

const errorOf = (id: string, error: string | undefined): Markup | '' =>
  error === undefined
    ? ''
    : html`<p class="field-error" id="${id}-error"><span class="visually-hidden">Error: </span>${error}</p>`;
