// What nodes ask each other, as JSON. It must never change: another layout gets another version.
//
//   call      { "version": 1, "from": member, "name": …, "value": … }
//   answer    { "version": 1, "value": … }  or  { "version": 1, "failure": "why" }         a value that is undefined is missing

import * as z from 'zod';

const CALL_VERSION = 1;
/** Of a call, and of an answer. */
export const CALL_BYTES_MAX = 512 * 1024;
const CALL_NAME_CHARACTERS_MAX = 64;
const FAILURE_CHARACTERS_MAX = 1_000;

/** These bytes are no call, or no answer, of this version. */
export class CallRefused extends Error {
  override readonly name = 'CallRefused';
}

const Call = z.strictObject({
  version: z.literal(CALL_VERSION),
  from: z.int().min(0),
  name: z.string().min(1).max(CALL_NAME_CHARACTERS_MAX),
  value: z.unknown().optional(),
});
const Answer = z.union([
  z.strictObject({ version: z.literal(CALL_VERSION), failure: z.string().max(FAILURE_CHARACTERS_MAX) }),
  z.strictObject({ version: z.literal(CALL_VERSION), value: z.unknown().optional() }),
]);

export type Call = Omit<z.output<typeof Call>, 'version'>;
export type Answer = { readonly failure: string } | { readonly value?: unknown };

/** @throws CallRefused when it is too large, or cannot be written at all */
export const encodeCall = (call: Call): Uint8Array => encode('the call', call);

/** @throws CallRefused as above */
export const encodeAnswer = (value: unknown): Uint8Array => encode('the answer', { value });

export const encodeFailure = (why: string): Uint8Array =>
  encode('the failure', { failure: why.slice(0, FAILURE_CHARACTERS_MAX) });

/** @throws CallRefused */
export const decodeCall = (bytes: Uint8Array): Call => decode('the call', Call, bytes);

/** @throws CallRefused */
export const decodeAnswer = (bytes: Uint8Array): Answer => decode('the answer', Answer, bytes);

function encode(what: string, body: object): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Buffer.from(JSON.stringify({ version: CALL_VERSION, ...body }));
  } catch (error) {
    throw new CallRefused(`${what} cannot be written as JSON: ${(error as Error).message}`);
  }
  checkSize(what, bytes);
  return bytes;
}

function decode<Schema extends z.ZodType>(what: string, schema: Schema, bytes: Uint8Array): z.output<Schema> {
  checkSize(what, bytes);
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw new CallRefused(`${what} is not JSON`);
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version !== CALL_VERSION)
    throw new CallRefused(`${what} is of version ${version}, and this node knows version ${CALL_VERSION}`);
  const { success, data } = schema.safeParse(value);
  if (!success) throw new CallRefused(`${what} is JSON of another shape`);
  return data;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function checkSize(what: string, { length }: Uint8Array): void {
  if (length > CALL_BYTES_MAX)
    throw new CallRefused(`${what} has ${length} bytes; at most ${CALL_BYTES_MAX} are possible`);
}
