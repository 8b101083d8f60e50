// Reading a request: bounded bodies, strict shapes, and errors that name the field.

import type { Context } from 'hono';
import type * as z from 'zod';
import { invalid, Problem, type FieldError } from './problem.ts';
import { IdempotencyKey } from './schemas.ts';

/** @throws Problem payload_too_large, invalid_request */
export async function readJson<S extends z.ZodType>(c: Context, schema: S, bytesMax: number): Promise<z.output<S>> {
  const text = await readText(c, bytesMax);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid('body', text === '' ? 'is empty; send a JSON object' : `is not JSON: ${(error as Error).message}`);
  }
  return parse(schema, value, 'body');
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

/** @throws Problem idempotency_key_missing, invalid_request */
export function idempotencyKey(c: Context): string {
  const key = c.req.header('idempotency-key');
  if (key === undefined || key === '') throw new Problem('idempotency_key_missing');
  const parsed = IdempotencyKey.safeParse(key);
  if (!parsed.success) throw invalid('Idempotency-Key', 'must be 1 to 128 printable ASCII characters');
  return key;
}

async function readText(c: Context, bytesMax: number): Promise<string> {
  const declared = c.req.header('content-length');
  if (declared !== undefined) {
    if (Number(declared) > bytesMax) throw tooLarge(bytesMax);
    return c.req.text();
  }
  if (c.req.header('transfer-encoding') === undefined) return '';
  return readChunked(c, bytesMax);
}

/** A body that does not say how long it is: read it piece by piece and stop at the bound. */
async function readChunked(c: Context, bytesMax: number): Promise<string> {
  const body = c.req.raw.body;
  if (body === null) return '';
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

const tooLarge = (bytesMax: number): Problem =>
  new Problem('payload_too_large', { detail: `The body may have ${bytesMax} bytes at most.` });
