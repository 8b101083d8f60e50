// What the process that works on a picture says to whoever started it: a line of JSON, and behind it the bytes of the files
// one after the other.

import type { PictureFormat, PictureRefused } from './image.ts';

/** One file that came out. */
export interface PictureFile {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly type: PictureFormat;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type PictureOutcome =
  | {
      readonly outcome: 'made';
      readonly width: number;
      readonly height: number;
      readonly files: readonly PictureFile[];
    }
  | PictureRefused;

type Told<T> = Omit<T, 'bytes'> & { readonly bytes: number };

const LINE_END = 0x0a;

export function encodePictureAnswer(outcome: PictureOutcome): Uint8Array<ArrayBuffer>[] {
  if (outcome.outcome === 'refused') return [line(outcome)];
  const files = outcome.files.map((file): Told<PictureFile> => ({ ...file, bytes: file.bytes.byteLength }));
  return [line({ ...outcome, files }), ...outcome.files.map(({ bytes }) => bytes)];
}

/** @throws when it is not a whole answer */
export function decodePictureAnswer(bytes: Buffer<ArrayBuffer>): PictureOutcome {
  const end = bytes.indexOf(LINE_END);
  if (end === -1) throw new Error('the answer has no end');
  const told = JSON.parse(bytes.toString('utf8', 0, end)) as
    | PictureRefused
    | (Omit<Extract<PictureOutcome, { outcome: 'made' }>, 'files'> & { files: Told<PictureFile>[] });
  if (told.outcome === 'refused') return told;
  let at = end + 1;
  const files = told.files.map((file) => ({ ...file, bytes: bytes.subarray(at, (at += file.bytes)) }));
  if (at !== bytes.byteLength) throw new Error(`the answer has ${bytes.byteLength} bytes in place of ${at}`);
  return { ...told, files };
}

const line = (value: object): Uint8Array<ArrayBuffer> => Buffer.from(`${JSON.stringify(value)}\n`);
