// The one way in which a handler of the CMS reads a form: bounded, as text or with files, and only with the secret that the session's
// own pages carry. What another site makes a browser send never gets past here.

import type { Context } from 'hono';
import { isSecret } from '../form-secret.ts';
import { Problem } from '../problem.ts';
import { readBytes } from '../request.ts';
import { CmsProblem } from './cms-problem.ts';
import { isMultipart, parseMultipart, tooManyParts, type FormFile } from './multipart.ts';

export type { FormFile } from './multipart.ts';

export interface CmsForm {
  /** The first value of this name, '' when there is none; line ends are \n. */
  readonly fields: (name: string) => string;
  /** All values of this name, in their order. */
  all(name: string): string[];
  /** Undefined when none was chosen. */
  file(name: string): FormFile | undefined;
  files(name: string): FormFile[];
  has(name: string): boolean;
}

/** Bytes of a form without files, and of all texts of one with files. */
export const FORM_BYTES_MAX = 256 * 1024;
/** Fields and files of one form. */
export const FORM_PARTS_MAX = 2_000;

/** Bytes of all larger forms that one thread holds at once; the others always find room, such as a sign-in and a pause. */
export const FORMS_BYTES_MAX = 128 * 1024 * 1024;
/** Of one user, at once on one thread: whoever sends more takes no room from others. */
export const LARGE_FORMS_PER_USER_MAX = 3;

let bytesHeld = 0;
const largeFormsOf = new Map<string, number>();

/** Of whoever is signed in, still when its last byte is there. @throws CmsProblem Problem */
export async function readForm(c: Context, bytesMax: number = FORM_BYTES_MAX): Promise<CmsForm> {
  const form = await readFormOf(c, c.get('cms').csrf, bytesMax);
  await c.get('lookAgain')();
  return form;
}

/** @param csrf what its field `csrf` must be @throws CmsProblem Problem */
export async function readFormOf(c: Context, csrf: string, bytesMax: number): Promise<CmsForm> {
  const contentType = c.req.header('content-type') ?? '';
  // Only files are larger, and they come in parts.
  const most = isMultipart(contentType) ? bytesMax : Math.min(bytesMax, FORM_BYTES_MAX);
  hold(c, most);
  const form = formOf(contentType, bufferOf(await readBody(c, most)));
  if (!isSecret(form.fields('csrf'), csrf)) {
    throw new CmsProblem(
      403,
      'This form is not of your session',
      'You may have signed in anew since the page was opened. Go back, load the page again and repeat what you did. Nothing was changed.',
    );
  }
  c.set('csrfChecked', true);
  return form;
}

async function readBody(c: Context, bytesMax: number): Promise<ArrayBuffer | Uint8Array> {
  try {
    return await readBytes(c, bytesMax);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'payload_too_large') throw error;
    const mebibytes = (bytesMax / (1024 * 1024)).toLocaleString('en', { maximumFractionDigits: 2 });
    throw new CmsProblem(
      413,
      'This is too large',
      `The form takes ${mebibytes} MiB with all its files. Choose smaller ones; your browser’s Back button shows what you typed. Nothing was changed.`,
    );
  }
}

/** Until its answer is made: a handler may have files in hand for as long. @throws CmsProblem */
function hold(c: Context, bytesMax: number): void {
  const bytes = Math.min(Number(c.req.header('content-length')) || bytesMax, bytesMax);
  if (bytes <= FORM_BYTES_MAX) return;
  const { id } = c.get('cms').user;
  const others = largeFormsOf.get(id) ?? 0;
  if (others >= LARGE_FORMS_PER_USER_MAX)
    throw new CmsProblem(
      429,
      'Too many files at once',
      `You are sending files with ${others} forms already. Wait until one of them is saved, then send this one again. Nothing was changed.`,
      2,
    );
  if (bytesHeld + bytes > FORMS_BYTES_MAX)
    throw new CmsProblem(
      503,
      'Too busy',
      'Too many files are being sent at this moment. Send the form again in a few seconds. Nothing was changed.',
      2,
    );
  bytesHeld += bytes;
  largeFormsOf.set(id, others + 1);
  c.set('letFormGo', () => {
    bytesHeld -= bytes;
    const left = largeFormsOf.get(id)! - 1;
    if (left === 0) largeFormsOf.delete(id);
    else largeFormsOf.set(id, left);
  });
}

/** What `readForm` held for this request is held no more. */
export function letGo(c: Context): void {
  c.get('letFormGo')?.();
  c.set('letFormGo', undefined);
}

function formOf(contentType: string, bytes: Buffer): CmsForm {
  const values = new Map<string, string[]>();
  const files = new Map<string, FormFile[]>();
  const take = <T>(into: Map<string, T[]>, name: string, value: T): void => {
    const present = into.get(name);
    if (present === undefined) into.set(name, [value]);
    else present.push(value);
  };
  if (isMultipart(contentType)) {
    for (const part of parseMultipart(contentType, bytes, FORM_PARTS_MAX, FORM_BYTES_MAX)) {
      if (typeof part.value === 'string') take(values, part.name, part.value);
      else if (part.value.name !== '' || part.value.bytes.length > 0) take(files, part.name, part.value);
    }
  } else if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) {
    // Before any is made: very many take long.
    if (pairsIn(bytes) > FORM_PARTS_MAX) throw tooManyParts(FORM_PARTS_MAX);
    for (const [name, value] of new URLSearchParams(bytes.toString('utf8'))) take(values, name, value);
  } else {
    throw new CmsProblem(
      415,
      'This is not a form',
      'Send application/x-www-form-urlencoded or multipart/form-data, as a browser does.',
    );
  }
  return {
    fields: (name) => plain(values.get(name)?.[0] ?? ''),
    all: (name) => (values.get(name) ?? []).map(plain),
    file: (name) => files.get(name)?.[0],
    files: (name) => files.get(name) ?? [],
    has: (name) => values.has(name),
  };
}

function pairsIn(bytes: Buffer): number {
  let pairs = 1;
  for (let at = bytes.indexOf(AMPERSAND); at >= 0; at = bytes.indexOf(AMPERSAND, at + 1)) pairs++;
  return pairs;
}

const AMPERSAND = 0x26;

/** Without a copy. */
const bufferOf = (bytes: ArrayBuffer | Uint8Array): Buffer =>
  bytes instanceof Uint8Array
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.from(bytes);

/** A browser sends \r\n for each line end of a text. Control characters, which come of a slip alone and which Postgres may not keep, are left out. */
const plain = (value: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are just what must not be there
  value.replaceAll(/\r\n?/g, '\n').replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '');

declare module 'hono' {
  interface ContextVariableMap {
    /** The form's secret was compared. */
    csrfChecked: boolean;
    /** Of a large form: makes room for the next one. */
    letFormGo: (() => void) | undefined;
  }
}
