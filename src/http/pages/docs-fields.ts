// Turns schemas into rows of a table: one row for each field, nested objects written as `price.amount`, lists as
// `orders[]`. A named schema inside another is linked instead of being unfolded, so that rows stay finite.

import { html } from 'hono/html';
import type { Markup } from './layout.ts';
import { asText, resolve, schemaName, type OpenApiDocument, type Schema } from './openapi.ts';
import { prose } from './prose.ts';

export type Field = {
  name: string;
  schema: Schema;
  /** Left out where a sender has no choice, as in the headers of an answer. */
  required?: boolean;
  description: string | undefined;
};

const limitNames: Readonly<Record<string, string>> = {
  minimum: '≥',
  exclusiveMinimum: '>',
  maximum: '≤',
  exclusiveMaximum: '<',
  multipleOf: 'multiple of',
  minLength: 'length ≥',
  maxLength: 'length ≤',
  minItems: 'items ≥',
  maxItems: 'items ≤',
};

export function fieldsOf(document: OpenApiDocument, schema: Schema, prefix = ''): Field[] {
  const whole = merged(document, resolve(document, schema));
  if (whole.items !== undefined && isOpen(whole.items))
    return fieldsOf(document, whole.items, `${prefix}[].`);
  return Object.entries(whole.properties ?? {}).flatMap(([name, property]) => {
    const field: Field = {
      name: `${prefix}${name}`,
      schema: property,
      required: whole.required?.includes(name) ?? false,
      description: property.description ?? resolve(document, property).description,
    };
    return [field, ...innerFields(document, property, field.name)];
  });
}

export function fieldTable(document: OpenApiDocument, fields: readonly Field[], caption: string): Markup {
  return html`<table>
    <caption class="visually-hidden">
      ${caption}
    </caption>
    <thead>
      <tr>
        <th scope="col">Field</th>
        <th scope="col">Type</th>
        <th scope="col">Constraints</th>
        <th scope="col">Description</th>
      </tr>
    </thead>
    <tbody>
      ${fields.map(
        (field) =>
          html`<tr>
            <th scope="row">
              <code>${field.name}</code>
              ${field.required === undefined ? '' : obligation(field.required)}
            </th>
            ${cell('Type', [typeOf(document, field.schema)])}
            ${cell('Constraints', constraints(document, field.schema))}
            ${cell('Description', field.description === undefined ? [] : [prose(field.description)])}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** The type in words; a named schema becomes a link to its own section. */
export function typeOf(document: OpenApiDocument, schema: Schema): Markup {
  const name = schemaName(schema);
  if (name !== undefined) return html`<a href="#schema-${name}">${name}</a>`;
  const whole = merged(document, schema);
  const choices = whole.anyOf ?? whole.oneOf;
  if (choices !== undefined) {
    return html`${choices.map((choice, index) => html`${index > 0 ? ' or ' : ''}${typeOf(document, choice)}`)}`;
  }
  if (whole.items !== undefined) return html`list of ${typeOf(document, whole.items)}`;
  const types = whole.type === undefined ? [whole.properties ? 'object' : 'any'] : [whole.type].flat();
  return html`${types.join(' or ')}${whole.format === undefined ? '' : ` (${whole.format})`}`;
}

/** All the values that a field may have, when the schema names them. */
export function valuesOf(document: OpenApiDocument, schema: Schema): readonly unknown[] {
  const whole = merged(document, resolve(document, schema));
  if (whole.const !== undefined) return [whole.const];
  return whole.enum ?? (whole.anyOf ?? whole.oneOf ?? []).flatMap((choice) => valuesOf(document, choice));
}

function obligation(required: boolean): Markup {
  const word = required ? 'required' : 'optional';
  return html`<span class="${word}">${word}</span>`;
}

// An empty cell has neither text nor label, so that a phone can leave it out.
function cell(label: string, pieces: readonly Markup[]): Markup {
  return pieces.length === 0 ? html`<td></td>` : html`<td data-label="${label}">${pieces}</td>`;
}

function constraints(document: OpenApiDocument, schema: Schema): Markup[] {
  if (schemaName(schema) !== undefined) return [];
  const whole = merged(document, schema);
  const limits = [whole, ...(whole.anyOf ?? whole.oneOf ?? [])].flatMap(limitTexts);
  const pieces = [
    ...valuesOf(document, schema).map((value) => html`<code>${asText(value)}</code> `),
    ...limits.map((limit) => html`<span class="limit">${limit}</span> `),
  ];
  if (whole.default !== undefined) {
    pieces.push(html`<span class="limit">default <code>${asText(whole.default)}</code></span>`);
  }
  return pieces;
}

function limitTexts(schema: Schema): string[] {
  const limits = Object.entries(limitNames)
    .map(([keyword, text]) => [text, schema[keyword]] as const)
    // The bounds of a safe integer are a matter of JavaScript, not of the interface.
    .filter(([, limit]) => typeof limit === 'number' && Math.abs(limit) !== Number.MAX_SAFE_INTEGER)
    .map(([text, limit]) => `${text} ${String(limit)}`);
  const pattern = schema['pattern'];
  if (typeof pattern === 'string' && schema.format === undefined) limits.push(`matches ${pattern}`);
  return limits;
}

function innerFields(document: OpenApiDocument, schema: Schema, name: string): Field[] {
  if (!isOpen(schema)) return [];
  if (schema.items !== undefined)
    return isOpen(schema.items) ? fieldsOf(document, schema.items, `${name}[].`) : [];
  return fieldsOf(document, schema, `${name}.`);
}

function isOpen(schema: Schema): boolean {
  return schemaName(schema) === undefined;
}

function merged(document: OpenApiDocument, schema: Schema): Schema {
  if (schema.allOf === undefined) return schema;
  return schema.allOf.reduce<Schema>((whole, part) => {
    const addition = merged(document, resolve(document, part));
    return {
      ...whole,
      ...addition,
      properties: { ...whole.properties, ...addition.properties },
      required: [...(whole.required ?? []), ...(addition.required ?? [])],
    };
  }, schema);
}
