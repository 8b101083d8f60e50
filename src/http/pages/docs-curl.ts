// Writes an operation as one curl command that can be pasted into a shell. Values come from the document's examples;
// where there is none, the shape of the schema is filled with the plainest value that fits.

import {
  asText,
  resolve,
  type MediaType,
  type OpenApiDocument,
  type Operation,
  type Schema,
} from './openapi.ts';

export function curlLine(document: OpenApiDocument, operation: Operation): string {
  const options = [
    ...security(operation),
    ...headers(document, operation),
    ...bodyOptions(document, operation.body?.content),
  ];
  const command = [
    'curl',
    ...streaming(operation),
    ...(operation.method === 'GET' ? [] : ['-X', operation.method]),
  ];
  return [`${command.join(' ')} ${quote(url(document, operation))}`, ...options].join(' \\\n  ');
}

/** An example of the value that the schema describes. */
export function exampleOf(document: OpenApiDocument, schema: Schema, depth = 0): unknown {
  const whole = resolve(document, schema);
  const told = whole.example ?? whole.examples?.[0] ?? whole.const ?? whole.enum?.[0] ?? whole.default;
  if (told !== undefined) return told;
  if (depth > 6) return null;
  const parts = whole.allOf ?? (whole.anyOf ?? whole.oneOf)?.slice(0, 1);
  if (parts !== undefined) {
    const values = parts.map((part) => exampleOf(document, part, depth + 1));
    return values.length === 1 ? values[0] : Object.assign({}, ...values);
  }
  if (whole.items !== undefined) return [exampleOf(document, whole.items, depth + 1)];
  if (whole.properties !== undefined) return exampleObject(document, whole.properties, depth);
  return plainValue(whole);
}

function exampleObject(
  document: OpenApiDocument,
  properties: Readonly<Record<string, Schema>>,
  depth: number,
): unknown {
  const entries = Object.entries(properties);
  return Object.fromEntries(entries.map(([name, schema]) => [name, exampleOf(document, schema, depth + 1)]));
}

function plainValue({ type, format, minimum }: Schema): unknown {
  switch ([type].flat()[0] ?? 'string') {
    case 'integer':
    case 'number':
      return typeof minimum === 'number' && minimum > 1 ? minimum : 1;
    case 'boolean':
      return true;
    case 'object':
      return {};
    default:
      return format === 'date-time' ? '2030-01-01T12:00:00Z' : 'text';
  }
}

function url(document: OpenApiDocument, { path, parameters }: Operation): string {
  const server = document.servers?.[0]?.url ?? '';
  const base = /^https?:/.test(server) ? server.replace(/\/$/, '') : 'http://localhost:3000';
  const filled = parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce((text, { name, example, schema }) => {
      const value = example ?? (schema && told(document, schema)) ?? name.toUpperCase();
      return text.replace(`{${name}}`, encodeURIComponent(asText(value)));
    }, path);
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required === true)
    .map(({ name, example, schema }) => [name, asText(example ?? exampleOf(document, schema ?? {}))]);
  return `${base}${filled}${query.length === 0 ? '' : `?${new URLSearchParams(query).toString()}`}`;
}

function told(document: OpenApiDocument, schema: Schema): unknown {
  const { example, examples } = resolve(document, schema);
  return example ?? examples?.[0];
}

function security({ security, needsNone }: Operation): string[] {
  if (needsNone) return [];
  return [
    `-H "Authorization: Bearer $${security.some((name) => /admin/i.test(name)) ? 'ADMIN_TOKEN' : 'TOKEN'}"`,
  ];
}

function headers(document: OpenApiDocument, { parameters }: Operation): string[] {
  return parameters
    .filter(
      ({ in: place, name, required }) => place === 'header' && required === true && name !== 'Authorization',
    )
    .map(
      ({ name, example, schema }) =>
        `-H ${quote(`${name}: ${asText(example ?? exampleOf(document, schema ?? {}))}`)}`,
    );
}

function bodyOptions(
  document: OpenApiDocument,
  content: Readonly<Record<string, MediaType>> | undefined,
): string[] {
  const [contentType, media] = Object.entries(content ?? {})[0] ?? [];
  if (contentType === undefined || media === undefined) return [];
  const example =
    media.example ?? Object.values(media.examples ?? {})[0]?.value ?? exampleOf(document, media.schema ?? {});
  return [`-H ${quote(`Content-Type: ${contentType}`)}`, `-d ${quote(asText(example))}`];
}

// Without -N curl would gather a stream instead of showing it.
function streaming({ replies }: Operation): string[] {
  return replies.some(([, { content }]) => content !== undefined && 'text/event-stream' in content)
    ? ['-N']
    : [];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
