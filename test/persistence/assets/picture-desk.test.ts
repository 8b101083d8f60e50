// What becomes of the files that people upload, good ones and others: a picture without anything but picture, or a reason in words;
// and of this thread, when a picture brings the process that works on it to an end.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PICTURE_LIMITS, PictureDesk, type PictureLimits } from '../../../src/persistence/index.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { cameraPicture, film, onePixelPng, plain, pngWithProfile } from './odd-pictures.ts';

const desk = new PictureDesk(() => undefined);
const text = (content: string): Buffer => Buffer.from(content, 'latin1');

async function reasonFor(bytes: Uint8Array): Promise<string> {
  const outcome = await desk.make(bytes);
  if (outcome.outcome !== 'refused') throw new Error('it was made');
  expect(outcome.canRetry).toBe(false);
  return outcome.reason;
}

async function filesOf(bytes: Uint8Array) {
  const outcome = await desk.make(bytes);
  if (outcome.outcome !== 'made') throw new Error(outcome.reason);
  return outcome.files;
}

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

test.each<[string, Buffer, string]>([
  ['nothing', text(''), 'This file is empty.'],
  ['a text', text('a kettle'), 'not a picture of a kind that is read here'],
  ['a web page with a picture’s name', text('<!doctype html><script>alert(1)</script>'), 'a web page'],
  ['an SVG drawing with a script', text(SVG), 'an SVG drawing, which can carry scripts'],
  ['an SVG drawing behind a prologue', text(`\xef\xbb\xbf <?xml version="1.0"?><!-- -->\n${SVG}`), 'an SVG'],
  ['a packed SVG drawing', text('\x1f\x8b\x08\x00'), 'a packed file'],
  ['a phone’s HEIC', text('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), 'a HEIC picture, as phones make them'],
  ['a TIFF', text('II*\0\x08\0\0\0'), 'a TIFF picture'],
  ['a film', text('\0\0\0\x18ftypisom\0\0\0\0isommp42'), 'a film'],
  ['a document', text('%PDF-1.7'), 'a PDF document'],
])('%s is refused by what it is, and what to do is said', async (_, bytes, told) => {
  const reason = await reasonFor(bytes);
  expect(reason).toContain(told);
  expect(reason).toContain('Save the picture as JPEG, PNG, WebP or AVIF');
});

test('a file that is too large is refused by its size', async () => {
  const bytes = Buffer.alloc(PICTURE_LIMITS.bytesMax + 1);
  bytes.set([0xff, 0xd8, 0xff]);
  expect(await reasonFor(bytes)).toMatch(/This file has 20 MiB. A picture may have at most 20:/);
});

test.each<[string, () => Buffer | Promise<Buffer>, string]>([
  ['thousands of megapixels in kilobytes', () => onePixelPng(30_000, 30_000), '30,000 × 30,000 pixels'],
  ['very long', () => onePixelPng(100, 16_001), '100 × 16,001 pixels'],
  ['more pixels than are sent', () => onePixelPng(7_000, 7_000, 10), 'damaged or cut off'],
  ['too small', () => plain(63, 200).png().toBuffer(), 'at least 64 × 64'],
  ['a moving GIF', () => film('gif'), 'it has 2 frames'],
  ['a moving WebP', () => film('webp'), 'it has 2 frames'],
  ['a web page behind the first bytes of a GIF', () => text('GIF89a/*<script>*/'), 'damaged or cut off'],
])('%s is refused', async (_, make, told) => expect(await reasonFor(await make())).toContain(told));

test.each(['jpeg', 'png', 'webp', 'avif', 'gif'] as const)(
  'a %s that was cut off is refused',
  async (format) => {
    const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
    const picture = sharp({ create: { width: 120, height: 90, channels: 3, background: '#000', noise } });
    const bytes = await picture.toFormat(format).toBuffer();
    expect(await reasonFor(bytes.subarray(0, bytes.byteLength * 0.6))).toMatch(
      /damaged or cut off \(.+\)\. Save/,
    );
  },
);

test('where, by whom and how a picture was taken is gone, and it stands upright', async () => {
  const bytes = await cameraPicture();
  const before = await sharp(bytes).metadata();
  expect(before.exif!.includes('secret photographer')).toBe(true);
  expect(before).toMatchObject({ orientation: 6, width: 400, height: 300 });
  for (const file of await filesOf(bytes)) {
    expect([file.width, file.height]).toEqual([300, 400]);
    const { exif, xmp, iptc, icc, orientation } = await sharp(file.bytes).metadata();
    expect({ exif, xmp, iptc, icc, orientation }).toEqual({});
    expect(Buffer.from(file.bytes).includes('secret')).toBe(false);
    // What lay at its left is above now.
    const { data, info } = await sharp(file.bytes).raw().toBuffer({ resolveWithObject: true });
    const pixel = (y: number): number[] => [...data.subarray((y * info.width + 150) * 3).subarray(0, 3)];
    expect(pixel(50)[0]).toBeGreaterThan(200);
    expect(pixel(350)[2]).toBeGreaterThan(200);
  }
});

const sixteenBits = new Uint16Array(100 * 80 * 3).fill(40_000);

test.each<[string, () => Buffer | Promise<Buffer>]>([
  ['of a printer’s colours', () => plain(100, 80).toColourspace('cmyk').jpeg().toBuffer()],
  [
    'of 16 bits a colour',
    () =>
      sharp(sixteenBits, { raw: { width: 100, height: 80, channels: 3 } })
        .toColourspace('rgb16')
        .png()
        .toBuffer(),
  ],
  ['with a colour profile that unfolds into 64 megabytes', () => pngWithProfile(64e6)],
  ['that could move and does not', () => plain(100, 80).gif().toBuffer()],
  ['in grey', () => plain(100, 80).greyscale().png().toBuffer()],
])('a picture %s comes out in the colours of screens, 8 bits each', async (_, make) => {
  for (const file of await filesOf(await make())) {
    const { width, space, depth, icc } = await sharp(file.bytes).metadata();
    expect({ width, depth, icc }).toEqual({ width: 100, depth: 'uchar', icc: undefined });
    expect(['srgb', 'b-w']).toContain(space);
  }
});

test('what can be seen through stays so, and is white where a browser knows no such formats', async () => {
  const clear = { r: 0, g: 0, b: 0, alpha: 0 };
  const bytes = await sharp({ create: { width: 80, height: 80, channels: 4, background: clear } })
    .png()
    .toBuffer();
  for (const { type, bytes: made } of await filesOf(bytes)) {
    const data = await sharp(made).ensureAlpha().raw().toBuffer();
    if (type === 'image/jpeg') expect([...data.subarray(0, 4)]).toEqual([255, 255, 255, 255]);
    else expect(data[3]).toBe(0);
  }
});

test('a picture with little comes in few widths, one with much in all of them', async () => {
  const widths = async (width: number): Promise<number[]> =>
    (await filesOf(onePixelPng(width, 90)))
      .filter(({ type }) => type === 'image/webp')
      .map((file) => file.width);
  expect(await widths(200)).toEqual([200]);
  expect(await widths(660)).toEqual([660, 320]);
  expect(await widths(2_500)).toEqual([1_920, 1_280, 640, 320]);
});

/** Processes that this one has started. */
const children = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        // Behind the name in parentheses: state, parent.
        return (
          readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1] === String(process.pid)
        );
      } catch {
        return false; // it has ended meanwhile
      }
    });

test('the threads that work on a picture have the lowest priority', async () => {
  const made = desk.make(onePixelPng(7_000, 6_000));
  let hasEnded = false;
  void made.finally(() => (hasEnded = true));
  const threadsOf = (pid: number): { name: string; niceness: number }[] =>
    readdirSync(`/proc/${pid}/task`).map((task) => {
      const [, name, rest] = /\((.*)\) (.*)/.exec(readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8'))!;
      return { name: name!, niceness: Number(rest!.split(' ')[16]) };
    });
  const threads = await waitUntil('threads of libvips work', () => {
    if (hasEnded) throw new Error('the picture was ready before');
    return children()
      .map(threadsOf)
      .find((all) => all.some(({ name }) => name.startsWith('libvips')));
  });
  // Node's own threads that were there before do no such work.
  const working = threads.filter(({ name }) => /^lib(uv|vips)|Main/.test(name));
  expect(working.length).toBeGreaterThan(2);
  expect(working.filter(({ niceness }) => niceness !== 19)).toEqual([]);
  expect((await made).outcome).toBe('made');
});

// A process that does what the picture says.
const PROCESS = `
import { buffer } from 'node:stream/consumers';
const does = (await buffer(process.stdin)).toString('latin1').slice(3);
if (does === 'hang') for (;;);
if (does === 'crash') process.abort();
if (does === 'eat') for (const all = []; ; ) all.push(Buffer.alloc(10_000_000, 1));
if (does === 'babble') for (;;) await new Promise((resolve) => process.stdout.write('x'.repeat(1e6), resolve));
if (does === 'lie') process.stdout.write('{"outcome":"made","files":[{"bytes":5}]}\\n');
if (does === 'environment') console.log(JSON.stringify({ outcome: 'refused', reason: JSON.stringify(process.env) }));
if (does === 'work') console.log('{"outcome":"refused","reason":"it worked","canRetry":false}');
`;
const picture = (does: string): Buffer => text(`\xff\xd8\xff${does}`);

let folder: string;
let file: URL;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'));
  const path = join(folder, 'process.mjs');
  writeFileSync(path, PROCESS);
  file = pathToFileURL(path);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open = (limits: Partial<PictureLimits> = {}, told: string[] = []): PictureDesk =>
  new PictureDesk((what) => told.push(what), { ...PICTURE_LIMITS, ...limits }, file);

test.each<[string, string, Partial<PictureLimits>, RegExp, string]>([
  ['crashes', 'crash', {}, /needs too much memory, or is damaged/, 'ended with SIGABRT'],
  ['hangs', 'hang', { workMs: 1_000 }, /was not ready within 1 seconds. Try again later/, 'after 1000 ms'],
  ['eats memory', 'eat', { memoryKibibytesMax: 700_000 }, /needs too much memory/, 'ended with'],
  ['never stops talking', 'babble', { outputBytesMax: 5e6 }, /could not be worked on/, 'SIGKILL'],
  ['says half of an answer', 'lie', {}, /could not be worked on/, 'said no answer'],
])('a process that %s is ended, the person is told, and the next picture is worked on', async (...args) => {
  const [, does, limits, reason, told] = args;
  const troubles: string[] = [];
  const desk = open(limits, troubles);
  const [outcome, next] = await Promise.all([desk.make(picture(does)), desk.make(picture('work'))]);
  expect(outcome).toMatchObject({ outcome: 'refused', reason: expect.stringMatching(reason) as string });
  expect(troubles).toEqual([expect.stringContaining(told)]);
  expect(next).toMatchObject({ reason: 'it worked' });
});

test('no secret of this process is handed to it', async () => {
  const outcome = await open().make(picture('environment'));
  const { reason } = outcome as { reason: string };
  expect(
    Object.keys(JSON.parse(reason) as object).filter(
      (name) => !['PWD', '_', 'OLDPWD', 'SHLVL'].includes(name),
    ),
  ).toEqual([]);
});

test('a bounded number of pictures waits; one more is told to come again', async () => {
  const desk = open({ waitingMax: 2 });
  const three = ['work', 'work', 'work'].map((does) => desk.make(picture(does)));
  expect(await desk.make(picture('work'))).toMatchObject({
    canRetry: true,
    reason: expect.stringContaining('Try again in a minute') as string,
  });
  for (const outcome of await Promise.all(three)) expect(outcome).toMatchObject({ reason: 'it worked' });
  expect(await desk.make(picture('work'))).toMatchObject({ reason: 'it worked' });
});

test('the bytes of pictures that wait are bounded; one more is told to come again', async () => {
  const desk = open({ waitingBytesMax: 10 });
  const first = desk.make(picture('work'));
  expect(await desk.make(picture('work'))).toMatchObject({
    canRetry: true,
    reason: expect.stringContaining('Try again in a minute') as string,
  });
  expect(await first).toMatchObject({ reason: 'it worked' });
  expect(await desk.make(picture('work is more than so many bytes'))).not.toMatchObject({ canRetry: true });
});

test('a process whose node was killed ends in the middle of its work', async () => {
  const program = fileURLToPath(
    new URL('../../../src/persistence/assets/picture-process.ts', import.meta.url),
  );
  const node = spawn(
    '/bin/sh',
    [
      '-c',
      'exec 3<&0; "$@" "$$" <&3 & echo $!; wait',
      'sh',
      process.execPath,
      program,
      JSON.stringify(PICTURE_LIMITS),
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const said: Buffer[] = [];
  node.stdout.on('data', (piece: Buffer) => said.push(piece));
  const ended = new Promise((resolve) => node.once('close', resolve));
  node.stdin.on('error', () => undefined);
  node.stdin.end(onePixelPng(7_000, 6_000));
  const tasks = await waitUntil('the process is there', () => {
    const line = /^(\d+)\n/.exec(Buffer.concat(said).toString('latin1'));
    return line === null ? undefined : `/proc/${line[1]}/task`;
  });
  await waitUntil('threads of libvips work', () =>
    readdirSync(tasks).some((task) => readFileSync(`${tasks}/${task}/comm`, 'latin1').startsWith('libvips')),
  );
  node.kill('SIGKILL');
  await ended;
  // The end of its output is the end of the process: there was no answer in it.
  expect(Buffer.concat(said).toString('latin1')).toMatch(/^\d+\n$/);
});

test('a stop ends what hangs, and what waits is told to come again', async () => {
  const troubles: string[] = [];
  const desk = open({}, troubles);
  const outcomes = Promise.all([desk.make(picture('hang')), desk.make(picture('work'))]);
  await new Promise((resolve) => setImmediate(resolve)); // it has begun
  await desk.stop();
  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({
      canRetry: true,
      reason: expect.stringContaining('being stopped') as string,
    });
  expect(troubles).toEqual([]);
  expect(await desk.make(picture('work'))).toMatchObject({ canRetry: true });
});
