// Reading a request: bounded bodies, strict shapes, and errors that name the field.

import type { Context } from 'hono';
import type * as z from 'zod';
import { invalid, Problem, type FieldError } from './problem.ts';
import { IDEMPOTENCY_KEY } from './schemas.ts';

const STRINGS = /"(?:[^"\\]|\\.)*"(\s*:)?/g;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws Problem payload_too_large, invalid_request */
export async function readJson<S extends z.ZodType>(
  c: Context,
  schema: S,
  bytesMax: number,
): Promise<z.output<S>> {
  return parseJson(await readBytes(c, bytesMax), schema);
}

/** @throws Problem invalid_request */
export function parseJson<S extends z.ZodType>(bytes: ArrayBuffer | Uint8Array, schema: S): z.output<S> {
  const text = decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(
      'body',
      text === '' ? 'is empty; send a JSON object' : `is not JSON: ${(error as Error).message}`,
    );
  }
  const parsed = parse(schema, value, 'body');
  if (hasTwins(text, value)) throw invalid('body', 'has one name twice; give each field once');
  return parsed;
}

/** @throws Problem invalid_request, naming every wrong field */
export function parse<S extends z.ZodType>(schema: S, value: unknown, root: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors: FieldError[] = result.error.issues.map(({ path, message }) => ({
    field: path.length === 0 ? root : path.join('.'),
    message,
  }));
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new Problem('invalid_request', { detail, errors });
}

/** @param key the header @throws Problem idempotency_key_missing, invalid_request */
export function idempotencyKey(key: string | undefined): string {
  if (key === undefined || key === '') throw new Problem('idempotency_key_missing');
  if (!IDEMPOTENCY_KEY.test(key))
    throw invalid('Idempotency-Key', 'must be 1 to 128 printable ASCII characters');
  return key;
}

/** @throws Problem payload_too_large, invalid_request */
export async function readBytes(c: Context, bytesMax: number): Promise<ArrayBuffer | Uint8Array> {
  const declared = c.req.header('content-length');
  if (declared !== undefined && Number(declared) > bytesMax) throw tooLarge(bytesMax);
  try {
    if (declared !== undefined) return await c.req.arrayBuffer();
    return c.req.header('transfer-encoding') === undefined
      ? new Uint8Array()
      : await readChunked(c, bytesMax);
  } catch (error) {
    // The connection ended in mid-body: usual at the edge of the internet, and nobody's bug.
    throw error instanceof Problem ? error : invalid('body', 'did not arrive whole; send all of it');
  }
}

/** A body that does not say how long it is: read it piece by piece and stop at the bound. */
async function readChunked(c: Context, bytesMax: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of c.req.raw.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** A byte order mark is left out, as JSON allows. @throws Problem invalid_request */
function decode(bytes: ArrayBuffer | Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalid('body', 'is not UTF-8');
  }
}

/** Whether an object names a member twice; JSON.parse keeps only the later. @param value has its schema's shape, so it is shallow */
function hasTwins(text: string, value: unknown): boolean {
  // Without escapes every quote opens or closes a name or a string, and counting them is much cheaper.
  return text.includes('\\') ? membersIn(text) !== membersOf(value) : quotesIn(text) !== quotesOf(value);
}

/** Members of all objects of a JSON text: each is a string with a colon behind it. */
function membersIn(text: string): number {
  let members = 0;
  for (const [, colon] of text.matchAll(STRINGS)) if (colon !== undefined) members++;
  return members;
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const named = Array.isArray(value) ? 0 : 1;
  return Object.values(value).reduce((members: number, inner) => members + named + membersOf(inner), 0);
}

function quotesIn(text: string): number {
  let quotes = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++;
  return quotes;
}

function quotesOf(value: unknown): number {
  if (typeof value === 'string') return 2;
  if (typeof value !== 'object' || value === null) return 0;
  let quotes = 0;
  if (Array.isArray(value)) for (const inner of value) quotes += quotesOf(inner);
  else for (const name in value) quotes += 2 + quotesOf((value as Record<string, unknown>)[name]);
  return quotes;
}

const tooLarge = (bytesMax: number): Problem =>
  new Problem('payload_too_large', { detail: `The body may have ${bytesMax} bytes at most.` });
