// Pictures that people upload by mistake, or on purpose.

import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

export const plain = (width: number, height: number, background = '#a40'): Sharp =>
  sharp({ create: { width, height, channels: 3, background } });

/** One colour, so that thousands of megapixels take a few kilobytes. @param sentRows those that are really there */
export function onePixelPng(width: number, height: number, sentRows = height): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1; // one bit a pixel
  const rows = deflateSync(Buffer.alloc(sentRows * (1 + Math.ceil(width / 8))), { level: 9 });
  return png([
    ['IHDR', header],
    ['IDAT', rows],
  ]);
}

/** A picture with a colour profile that unfolds into so many bytes. */
export async function pngWithProfile(profileBytes: number): Promise<Buffer> {
  const picture = await plain(100, 80).png().toBuffer();
  const profile = Buffer.concat([Buffer.from('profile\0\0'), deflateSync(Buffer.alloc(profileBytes))]);
  const behindHeader = 8 + 25;
  return Buffer.concat([
    picture.subarray(0, behindHeader),
    chunk('iCCP', profile),
    picture.subarray(behindHeader),
  ]);
}

const png = (chunks: readonly (readonly [string, Buffer])[]): Buffer =>
  Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ...chunks.map(([type, data]) => chunk(type, data)),
    chunk('IEND', Buffer.alloc(0)),
  ]);

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.byteLength);
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** Left half red, right half blue, with the place where it was taken, lying on its side as cameras write it. */
export async function cameraPicture(): Promise<Buffer> {
  const blue = await plain(200, 300, '#00f').png().toBuffer();
  return plain(400, 300, '#f00')
    .composite([{ input: blue, left: 200, top: 0 }])
    .jpeg({ quality: 95 })
    .withExif({
      IFD0: { Copyright: 'secret photographer', Orientation: '6' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
    })
    .withMetadata({ orientation: 6 })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">secret place</x:xmpmeta>')
    .toBuffer();
}

/** Two frames. */
export async function film(format: 'gif' | 'webp'): Promise<Buffer> {
  const frames = await Promise.all(['#f00', '#00f'].map((colour) => plain(100, 80, colour).png().toBuffer()));
  const moving = sharp(frames, { join: { animated: true } });
  const options = { loop: 0, delay: [100, 100] };
  return (format === 'gif' ? moving.gif(options) : moving.webp(options)).toBuffer();
}
