// A form with one file, read as it arrives: in whichever pieces, and by nobody who may not send it any more at its end.

import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { FILE_FORM_FIELDS_MAX, readFileForm } from '../../src/http/cms/file-form.ts';

const part = (name: string, value: string, more = ''): string =>
  `--border\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
const FILE = 'ada\r\n--a\r\n-\r\n--borde grace\r\n\r\n-';
const FORM = `${part('csrf', 'secret')}${part('skipBad', 'yes')}${part('list', FILE, '; filename="l.csv"')}--border--\r\n`;

async function sent(
  form: string,
  pieceBytes: number,
  lookAgain: () => Promise<void> = async () => undefined,
): Promise<{ status: number; text: string }> {
  const app = new Hono();
  app.post('/', async (c) => {
    c.set('cms' as never, { csrf: 'secret' } as never);
    c.set('lookAgain' as never, lookAgain as never);
    const { fields, file } = await readFileForm(c);
    const pieces: Uint8Array[] = [];
    for await (const piece of file ?? []) pieces.push(Buffer.from(piece));
    return c.text(`${fields('skipBad')}|${Buffer.concat(pieces).toString()}`);
  });
  app.onError((error, c) => c.text(error.message, 400));
  const bytes = Buffer.from(form);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes)
      yield new Uint8Array(bytes.subarray(at, at + pieceBytes));
  }
  const response = await app.request('/', {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=border' },
    body: ReadableStream.from(pieces()),
    duplex: 'half',
  });
  return { status: response.status, text: await response.text() };
}

test.each([1, 2, 3, 5, 7, 11, 64, 10_000])('in pieces of %i bytes it is the same', async (pieceBytes) => {
  expect(await sent(FORM, pieceBytes)).toEqual({ status: 200, text: `yes|${FILE}` });
});

test('a file that is cut off anywhere is refused', async () => {
  // Behind the last boundary nothing is missing any more.
  const whole = FORM.length - '--\r\n'.length;
  for (let length = 1; length < whole; length += 13)
    expect((await sent(FORM.slice(0, length), 16)).status, `${length} bytes`).toBe(400);
});

test('whoever may not send it any more when its last byte is there is refused', async () => {
  const lookAgain = async (): Promise<void> => {
    throw new Error('signed out');
  };
  expect(await sent(FORM, 64, lookAgain)).toEqual({ status: 400, text: 'signed out' });
});

test('more fields than a form has are refused, and so is a file before the secret', async () => {
  const many = Array.from({ length: FILE_FORM_FIELDS_MAX + 1 }, (_, at) => part(`f${at}`, 'x')).join('');
  expect((await sent(many + FORM, 1_000)).status).toBe(400);
  const early = `${part('list', FILE, '; filename="l.csv"')}${part('csrf', 'secret')}--border--\r\n`;
  expect((await sent(early, 1_000)).text).toContain('You may have signed in anew');
});
