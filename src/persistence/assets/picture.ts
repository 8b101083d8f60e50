// One picture, checked, turned upright, freed of all that is not picture (place, camera, text, colour profile), and made in the
// widths and formats that pages need. Runs in the picture process alone.

import sharp, { type Metadata, type Raw, type Sharp } from 'sharp';
import { fileName } from './file-name.ts';
import type { PictureFormat, PictureRefused } from './image.ts';
import type { PictureFile, PictureOutcome } from './picture-answer.ts';
import { FALLBACK_WIDTH, WIDTHS, type PictureLimits } from './picture-limits.ts';
import { pictureType, WANTED } from './picture-type.ts';

// Only these readers are there for a file that pretends to be one of them.
const READERS = ['JpegBuffer', 'PngBuffer', 'WebpBuffer', 'HeifBuffer', 'NsgifBuffer'];
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: READERS.map((reader) => `VipsForeignLoad${reader}`) });
sharp.cache(false);
sharp.concurrency(1);

// One step more of effort costs five times the time, for files that are an eighth smaller.
const ENCODED: Readonly<Record<PictureFormat, (image: Sharp) => Sharp>> = {
  'image/avif': (image) => image.avif({ quality: 50, effort: 3 }),
  'image/webp': (image) => image.webp({ quality: 75, effort: 4 }),
  'image/jpeg': (image) => image.flatten({ background: '#fff' }).jpeg({ quality: 80, mozjpeg: true }),
};

/** A width that is nearly the widest one saves nobody anything. */
const NEARLY = 0.9;

export async function makePicture(
  bytes: Buffer<ArrayBuffer>,
  limits: PictureLimits,
): Promise<PictureOutcome> {
  const found = pictureType(bytes);
  if ('reason' in found) return refused(found.reason);
  try {
    // The header alone: a picture that would unfold into gigabytes is never unfolded.
    const metadata = await sharp(bytes, { limitInputPixels: false }).metadata();
    const wrong = faultOf(metadata, limits);
    if (wrong !== undefined) return refused(wrong);
    return await make(bytes, metadata, limits);
  } catch (error) {
    const lines = (error as Error).message.split('\n');
    const cause = lines.find((line) => !line.startsWith('source: ')) ?? lines[0];
    return refused(`This ${found.type} file is damaged or cut off (${cause!.slice(0, 200)}). ${WANTED}`);
  }
}

function faultOf({ autoOrient, pages = 1 }: Metadata, limits: PictureLimits): string | undefined {
  const { pixelsMax, sideMin, sideMax } = limits;
  const { width, height } = autoOrient;
  const size = `${number(width)} × ${number(height)} pixels`;
  if (pages > 1)
    return `This picture moves: it has ${pages} frames, and pictures of products stand still. Save one frame as JPEG or PNG and upload that.`;
  if (Math.min(width, height) < sideMin)
    return `This picture has ${size}. It must have at least ${sideMin} × ${sideMin}, and looks good from 1,280 on.`;
  if (Math.max(width, height) > sideMax || width * height > pixelsMax)
    return `This picture has ${size}. It may have at most ${number(pixelsMax)} pixels in all, and ${number(sideMax)} a side: save it smaller.`;
  return undefined;
}

async function make(
  bytes: Buffer<ArrayBuffer>,
  { autoOrient: upright }: Metadata,
  { pixelsMax }: PictureLimits,
): Promise<PictureOutcome> {
  const widest = Math.min(upright.width, WIDTHS.at(-1)!);
  const widths = [widest, ...WIDTHS.filter((width) => width < widest * NEARLY).toReversed()];
  // Read once; the smaller ones are made of the widest.
  const { data, info } = await sharp(bytes, { limitInputPixels: pixelsMax, failOn: 'error' })
    .autoOrient()
    .resize({ width: widest })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw: Raw = { width: info.width, height: info.height, channels: info.channels };
  const encode = async (type: PictureFormat, width: number): Promise<PictureFile> => {
    const image = ENCODED[type](sharp(data, { raw, limitInputPixels: pixelsMax }).resize({ width }));
    const made = await image.toBuffer({ resolveWithObject: true });
    const file = new Uint8Array(made.data);
    return {
      name: fileName(file, type),
      width: made.info.width,
      height: made.info.height,
      type,
      bytes: file,
    };
  };
  const files: PictureFile[] = [];
  for (const type of ['image/avif', 'image/webp'] as const)
    for (const width of widths) files.push(await encode(type, width));
  files.push(await encode('image/jpeg', Math.min(widest, FALLBACK_WIDTH)));
  return { outcome: 'made', width: info.width, height: info.height, files };
}

const refused = (reason: string): PictureRefused => ({ outcome: 'refused', reason, canRetry: false });

const number = (value: number): string => value.toLocaleString('en-US');
