// Reads an OpenAPI 3.1 document: follows references and lists the operations in the order in which they are told.
// It only reads what the reference page shows and passes over everything else in silence.

import type { createDocument } from 'zod-openapi';

export type OpenApiDocument = ReturnType<typeof createDocument>;

export type Schema = {
  $ref?: string;
  type?: string | readonly string[];
  format?: string;
  description?: string;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  items?: Schema;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  allOf?: readonly Schema[];
  enum?: readonly unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  examples?: readonly unknown[];
  [keyword: string]: unknown;
};

export type Parameter = {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
  example?: unknown;
};

export type MediaType = {
  schema?: Schema;
  example?: unknown;
  examples?: Readonly<Record<string, { value?: unknown }>>;
};

export type Body = {
  description?: string;
  required?: boolean;
  content?: Readonly<Record<string, MediaType>>;
};

export type Reply = Body & { headers?: Readonly<Record<string, { description?: string; schema?: Schema }>> };

export type Operation = {
  anchor: string;
  method: string;
  path: string;
  tag: string;
  summary: string;
  description: string | undefined;
  deprecated: boolean;
  parameters: readonly Parameter[];
  body: Body | undefined;
  replies: readonly (readonly [status: string, reply: Reply])[];
  /** Names of the security schemes of which one is needed; empty when anybody may call. */
  security: readonly string[];
  /** Anybody may call without one, too. */
  needsNone: boolean;
};

type Json = Readonly<Record<string, unknown>>;

const methods = new Set(['get', 'put', 'post', 'delete', 'patch', 'head', 'options']);

/** Follows `#/…` references; a reference that leads nowhere is a mistake in the document and said so. */
export function resolve<T>(document: OpenApiDocument, value: T): T {
  let current: unknown = value;
  for (let depth = 0; isJson(current) && typeof current['$ref'] === 'string'; depth++) {
    const target = lookUp(document, current['$ref']);
    if (target === undefined || depth > 20) throw new Error(`Unresolvable reference ${current['$ref']}`);
    current = target;
  }
  return current as T;
}

/** The name of a schema below #/components/schemas, when the value refers to one. */
export function schemaName(schema: Schema): string | undefined {
  return schema.$ref?.match(/^#\/components\/schemas\/(.+)$/)?.[1];
}

export function schemas(document: OpenApiDocument): readonly (readonly [string, Schema])[] {
  return Object.entries(document.components?.schemas ?? {}) as [string, Schema][];
}

/** Grouped by their first tag: the document's own order of tags first, then the order in which others appear. */
export function operationsByTag(document: OpenApiDocument): ReadonlyMap<string, readonly Operation[]> {
  const groups = new Map<string, Operation[]>((document.tags ?? []).map(({ name }) => [name, []]));
  for (const operation of operations(document)) {
    const group = groups.get(operation.tag);
    if (group === undefined) groups.set(operation.tag, [operation]);
    else group.push(operation);
  }
  return new Map([...groups].filter(([, group]) => group.length > 0));
}

/** A value of the document as a reader would write it: a string bare, everything else as JSON. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function operations(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, written]) => {
    const item = resolve(document, written) as Json;
    return Object.keys(item)
      .filter((key) => methods.has(key))
      .map((method) => readOperation(document, path, method, item, item[method] as Json));
  });
}

function readOperation(
  document: OpenApiDocument,
  path: string,
  method: string,
  item: Json,
  written: Json,
): Operation {
  const security = (written['security'] ?? document.security ?? []) as Json[];
  const parameters = [...list(item['parameters']), ...list(written['parameters'])] as Parameter[];
  const replies = Object.entries((written['responses'] ?? {}) as Record<string, Reply>);
  return {
    anchor: typeof written['operationId'] === 'string' ? written['operationId'] : slug(`${method} ${path}`),
    method: method.toUpperCase(),
    path,
    tag: (list(written['tags'])[0] as string | undefined) ?? 'Other',
    summary: (written['summary'] as string | undefined) ?? `${method.toUpperCase()} ${path}`,
    description: written['description'] as string | undefined,
    deprecated: written['deprecated'] === true,
    parameters: parameters.map((parameter) => resolve(document, parameter)),
    body: resolve(document, written['requestBody'] as Body | undefined),
    replies: replies.map(([status, reply]) => [status, resolve(document, reply)] as const),
    security: security.flatMap((scheme) => Object.keys(scheme)),
    needsNone: security.length === 0 || security.some((scheme) => Object.keys(scheme).length === 0),
  };
}

function lookUp(document: OpenApiDocument, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  const steps = reference.slice(2).split('/');
  return steps.reduce<unknown>((value, step) => {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    return isJson(value) ? value[key] : undefined;
  }, document);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}
