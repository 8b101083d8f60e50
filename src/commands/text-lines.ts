// The lines of a text file, read as a stream in bounded memory, whatever ends them: LF, CRLF or CR. A line that is longer than
// it may be is cut, and says so; a file without any line end costs no more than that.

import { createReadStream } from 'node:fs';

export interface TextLine {
  /** From 1, as an editor counts. */
  readonly number: number;
  readonly text: string;
  readonly isCut: boolean;
}

const LINE_END = /\r\n|\n|\r/;

/** As many at a time as were read at once. @throws what reading throws */
export async function* textLinesOf(path: string, charactersMax: number): AsyncGenerator<readonly TextLine[]> {
  let number = 1;
  let rest = '';
  let isFirst = true;
  const lineOf = (text: string): TextLine => ({
    number: number++,
    text: text.slice(0, charactersMax),
    isCut: text.length > charactersMax,
  });
  for await (const chunk of createReadStream(path, { encoding: 'utf8' }) as AsyncIterable<string>) {
    const text = isFirst ? chunk.replace(/^\uFEFF/, '') : rest + chunk;
    isFirst = false;
    // The other half of this line end may be in the next chunk.
    const held = text.endsWith('\r') ? 1 : 0;
    const texts = text.slice(0, text.length - held).split(LINE_END);
    const last = texts.pop()!;
    // What is beyond the bound is forgotten; one character more tells that it was there.
    rest = last.slice(0, charactersMax + 1) + text.slice(text.length - held);
    yield texts.map(lineOf);
  }
  const texts = rest.split(LINE_END);
  if (texts.at(-1) === '') texts.pop();
  yield texts.map(lineOf);
}
