// A body of `multipart/form-data` in its parts (RFC 7578), without copying the files in it. Strict: what no browser sends is refused.
// The platform's parser does the same, but stops the thread, which also sells, for a tenth of a second and more for a file of
// 20 MiB, and counts parts only when all of them are made: two seconds for as many bytes of small ones. This one takes milliseconds for either.

import { CmsProblem } from './cms-problem.ts';

export interface FormFile {
  /** As the browser says it; never a path to write to. */
  readonly name: string;
  /** As the browser says it; only the bytes tell what it is. */
  readonly type: string;
  readonly bytes: Buffer;
}

export interface FormPart {
  readonly name: string;
  readonly value: string | FormFile;
}

export const PART_HEAD_BYTES_MAX = 4 * 1024;
export const END_OF_HEAD = Buffer.from('\r\n\r\n');

export const isMultipart = (contentType: string): boolean => /^multipart\/form-data\b/i.test(contentType);

/** @param textBytesMax of all parts together that are no files @throws CmsProblem */
export function parseMultipart(
  contentType: string,
  body: Buffer,
  partsMax: number,
  textBytesMax: number,
): FormPart[] {
  const delimiter = Buffer.from(`--${boundaryOf(contentType)}`, 'latin1');
  const separator = Buffer.concat([Buffer.from('\r\n'), delimiter]);
  const parts: FormPart[] = [];
  let textBytes = 0;
  if (!body.subarray(0, delimiter.length).equals(delimiter))
    throw malformed('it does not begin with its boundary');
  let at = delimiter.length;
  while (body[at] !== 0x2d || body[at + 1] !== 0x2d) {
    if (body[at] !== 0x0d || body[at + 1] !== 0x0a)
      throw malformed('a boundary is not followed by a line end');
    const headEnd = body.indexOf(END_OF_HEAD, at);
    if (headEnd < 0 || headEnd - at > PART_HEAD_BYTES_MAX) throw malformed('the head of a part does not end');
    const end = body.indexOf(separator, headEnd + END_OF_HEAD.length);
    if (end < 0) throw malformed('its last boundary is missing');
    if (parts.length === partsMax) throw tooManyParts(partsMax);
    const value = body.subarray(headEnd + END_OF_HEAD.length, end);
    const { name, file } = headOf(body.toString('utf8', at + 2, headEnd));
    if (file === undefined && (textBytes += value.length) > textBytesMax) throw tooMuchText(textBytesMax);
    parts.push({ name, value: file === undefined ? value.toString('utf8') : { ...file, bytes: value } });
    at = end + separator.length;
  }
  return parts;
}

/** @throws CmsProblem */
export function boundaryOf(contentType: string): string {
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  if (!isMultipart(contentType) || boundary === null) throw malformed('its boundary is missing');
  return (boundary[1] ?? boundary[2])!;
}

/** Without a file it is of a text. @throws CmsProblem */
export function headOf(head: string): { name: string; file: Omit<FormFile, 'bytes'> | undefined } {
  const lines = new Map(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const disposition = lines.get('content-disposition') ?? '';
  const name = parameter(disposition, 'name');
  if (!/^form-data\b/i.test(disposition) || name === undefined) throw malformed('a part has no name');
  const fileName = parameter(disposition, 'filename');
  if (fileName === undefined) return { name, file: undefined };
  return { name, file: { name: fileName, type: lines.get('content-type') ?? '' } };
}

/** Browsers write `"`, \r and \n in names as %22, %0D and %0A. */
function parameter(disposition: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}="([^"]*)"`, 'i').exec(disposition)?.[1];
  return found?.replaceAll('%22', '"').replaceAll('%0D', '\r').replaceAll('%0A', '\n');
}

export const malformed = (why: string): CmsProblem =>
  new CmsProblem(
    400,
    'The form did not arrive whole',
    `It cannot be read: ${why}. Send it again. Nothing was changed.`,
  );

export const tooManyParts = (partsMax: number): CmsProblem =>
  new CmsProblem(413, 'Too many fields', `A form may have ${partsMax} fields at most. Nothing was changed.`);

const tooMuchText = (bytesMax: number): CmsProblem =>
  new CmsProblem(
    413,
    'The texts are too long',
    `All texts of a form together may have ${bytesMax / 1024} KiB, beside its files. Shorten them; your browser’s Back button shows what you typed. Nothing was changed.`,
  );
