// The reference of the HTTP interface as one page, made from the OpenAPI document alone: contents, every operation with
// its fields, errors and a curl command, and every named schema. It works without any script. It never invents: what
// the document does not say is not on the page.

import { html } from 'hono/html';
import { loadAssets, type Assets } from './assets.ts';
import { curlLine } from './docs-curl.ts';
import { fieldTable, fieldsOf, typeOf, valuesOf, type Field } from './docs-fields.ts';
import { problemSection, type ProblemEntry } from './docs-problems.ts';
import { page, type Markup } from './layout.ts';
import { asText, operationsByTag, resolve, schemas, slug } from './openapi.ts';
import type { MediaType, OpenApiDocument, Operation, Parameter, Reply, Schema } from './openapi.ts';
import { prose, withCode } from './prose.ts';

export type { OpenApiDocument } from './openapi.ts';

export function docsPage(
  document: OpenApiDocument,
  problems: readonly ProblemEntry[] = [],
  assets: Assets = loadAssets(),
): Markup {
  const groups = operationsByTag(document);
  const { title, version, description } = document.info;
  return page(assets, {
    title: `${title}: API reference`,
    description: `Every operation of ${title}, with its fields, its errors and a command to try it.`,
    styles: ['base.css', 'docs.css'],
    current: 'docs',
    aside: html`<p>Version ${version}</p>`,
    main: html`<div class="docs">
      ${contents(document, groups)}
      <div class="reference">
        <h1>API reference</h1>
        ${description === undefined ? '' : html`<div class="lead">${prose(description)}</div>`}
        ${[...groups].map(([tag, operations]) => group(document, tag, operations))}
        ${problemSection(problems)} ${schemaSections(document)}
      </div>
    </div>`,
  });
}

function contents(document: OpenApiDocument, groups: ReadonlyMap<string, readonly Operation[]>): Markup {
  const named = schemas(document);
  return html`<nav class="contents" aria-label="Contents" tabindex="0">
    ${[...groups].map(
      ([tag, operations]) =>
        html`<p><a href="#tag-${slug(tag)}">${tag}</a></p>
          <ul>
            ${operations.map(
              ({ anchor, method, summary }) =>
                html`<li>
                  <a href="#${anchor}"
                    ><span class="method method-${method.toLowerCase()}">${method}</span> ${summary}</a
                  >
                </li>`,
            )}
          </ul>`,
    )}
    <p><a href="#problems">Problems</a></p>
    ${
      named.length === 0
        ? ''
        : html`<p><a href="#schemas">Schemas</a></p>
            <ul>
              ${named.map(([name]) => html`<li><a href="#schema-${name}">${name}</a></li>`)}
            </ul>`
    }
  </nav>`;
}

function group(document: OpenApiDocument, tag: string, operations: readonly Operation[]): Markup {
  const description = document.tags?.find(({ name }) => name === tag)?.description;
  return html`<section aria-labelledby="tag-${slug(tag)}">
    <h2 id="tag-${slug(tag)}">${tag}</h2>
    ${description === undefined ? '' : prose(description)}
    ${operations.map((operation) => operationSection(document, operation))}
  </section>`;
}

function operationSection(document: OpenApiDocument, operation: Operation): Markup {
  const { anchor, method, path, summary, description, security, needsNone } = operation;
  const heading = `${anchor}-heading`;
  return html`<article class="operation" id="${anchor}" aria-labelledby="${heading}">
    <h3 id="${heading}"><a href="#${anchor}">${summary}</a></h3>
    <p class="route">
      <span class="method method-${method.toLowerCase()}">${method}</span>
      <code>${path}</code>
    </p>
    ${operation.deprecated ? html`<p class="note">Deprecated: do not build on it.</p>` : ''}
    ${description === undefined ? '' : prose(description)}
    ${security.length === 0 ? '' : html`<p class="note">${needsNone ? 'Needs no bearer token, and takes one' : 'Needs a bearer token'}: ${security.join(' or ')}.</p>`}
    ${parametersPart(document, operation.parameters)} ${requestPart(document, operation)}
    ${operation.replies.filter(([status]) => !isError(status)).map(([status, reply]) => replyPart(document, status, reply))}
    ${errorsPart(document, operation)}
    <h4>Try it</h4>
    <pre
      tabindex="0"
      aria-label="curl command for ${summary}"
    ><code>${curlLine(document, operation)}</code></pre>
  </article>`;
}

function parametersPart(document: OpenApiDocument, parameters: readonly Parameter[]): Markup {
  if (parameters.length === 0) return html``;
  const places = ['path', 'query', 'header', 'cookie'].filter((place) =>
    parameters.some(({ in: own }) => own === place),
  );
  return html`${places.map((place) => {
    const fields = parameters.filter((parameter) => parameter.in === place).map(asField);
    const title =
      place === 'header' ? 'Request headers' : `${place[0]?.toUpperCase()}${place.slice(1)} parameters`;
    return html`<h4>${title}</h4>
      ${fieldTable(document, fields, title)}`;
  })}`;
}

function asField({ name, required, description, schema }: Parameter): Field {
  return {
    name,
    schema: schema ?? {},
    required: required ?? false,
    description: description ?? schema?.description,
  };
}

function requestPart(document: OpenApiDocument, { body }: Operation): Markup {
  if (body?.content === undefined) return html``;
  return html`<h4>Request body</h4>
    ${body.description === undefined ? '' : prose(body.description)}
    ${contentPart(document, body.content, 'Request body')}`;
}

function replyPart(document: OpenApiDocument, status: string, reply: Reply): Markup {
  const headers = Object.entries(reply.headers ?? {}).map(([name, written]): Field => {
    const { schema, description } = resolve(document, written);
    return { name, schema: schema ?? {}, description };
  });
  return html`<h4>Answer ${status}</h4>
    ${reply.description === undefined ? '' : prose(reply.description)}
    ${headers.length === 0 ? '' : fieldTable(document, headers, `Headers of answer ${status}`)}
    ${contentPart(document, reply.content ?? {}, `Fields of answer ${status}`)}`;
}

function contentPart(
  document: OpenApiDocument,
  content: Readonly<Record<string, MediaType>>,
  caption: string,
): Markup {
  return html`${Object.entries(content).flatMap(([contentType, { schema }]) =>
    alternatives(document, schema).map((alternative) => {
      const fields = alternative === undefined ? [] : fieldsOf(document, alternative);
      return html`<p class="content-type">
          <code>${contentType}</code
          >${alternative === undefined ? '' : html` · ${typeOf(document, alternative)}`}
        </p>
        ${fields.length === 0 ? '' : fieldTable(document, fields, caption)}`;
    }),
  )}`;
}

// Bodies of several shapes are told one after the other.
function alternatives(
  document: OpenApiDocument,
  schema: Schema | undefined,
): readonly (Schema | undefined)[] {
  if (schema === undefined) return [undefined];
  const { anyOf, oneOf } = resolve(document, schema);
  return anyOf ?? oneOf ?? [schema];
}

function errorsPart(document: OpenApiDocument, { replies }: Operation): Markup {
  const errors = replies.filter(([status]) => isError(status));
  if (errors.length === 0) return html``;
  return html`<h4>Errors</h4>
    <table class="errors">
      <caption class="visually-hidden">
        Errors
      </caption>
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Codes</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        ${errors.map(
          ([status, reply]) =>
            html`<tr>
              <th scope="row">${status}</th>
              <td data-label="Codes">
                ${errorCodes(document, reply).map((code, index) => html`${index > 0 ? ' ' : ''}<a href="#${code}"><code>${code}</code></a>`)}
              </td>
              <td data-label="Meaning">
                ${reply.description === undefined ? '' : withCode(reply.description)}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>`;
}

// The codes stand in the schema's `code` field, or else in the examples.
function errorCodes(document: OpenApiDocument, { content }: Reply): readonly string[] {
  const media = Object.values(content ?? {})[0];
  if (media === undefined) return [];
  const field = media.schema && fieldsOf(document, media.schema).find(({ name }) => name === 'code');
  const fromSchema = field === undefined ? [] : valuesOf(document, field.schema);
  const examples = [media.example, ...Object.values(media.examples ?? {}).map(({ value }) => value)];
  const fromExamples = examples.map((example) => (example as { code?: unknown } | undefined)?.code);
  const codes = fromExamples.some(Boolean) ? fromExamples : fromSchema;
  return [...new Set(codes.filter((code) => typeof code === 'string'))];
}

function schemaSections(document: OpenApiDocument): Markup {
  const named = schemas(document);
  if (named.length === 0) return html``;
  return html`<section aria-labelledby="schemas">
    <h2 id="schemas">Schemas</h2>
    ${named.map(([name, schema]) => schemaSection(document, name, schema))}
  </section>`;
}

function schemaSection(document: OpenApiDocument, name: string, schema: Schema): Markup {
  const fields = fieldsOf(document, schema);
  const values = valuesOf(document, schema);
  return html`<article class="operation" id="schema-${name}" aria-labelledby="schema-${name}-heading">
    <h3 id="schema-${name}-heading"><a href="#schema-${name}">${name}</a></h3>
    ${schema.description === undefined ? '' : prose(schema.description)}
    ${
      fields.length > 0
        ? fieldTable(document, fields, `Fields of ${name}`)
        : html`<p>
            ${typeOf(document, schema)} ${values.map((value) => html`<code>${asText(value)}</code> `)}
          </p>`
    }
  </article>`;
}

function isError(status: string): boolean {
  return /^[45]/.test(status) || status === 'default';
}
