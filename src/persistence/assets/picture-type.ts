// What a file is, by its first bytes: its name and what a browser says of it count for nothing. What is not one of the formats
// below never reaches the code that reads pictures.

export type PictureType = 'JPEG' | 'PNG' | 'WebP' | 'AVIF' | 'GIF';

export const WANTED = 'Save the picture as JPEG, PNG, WebP or AVIF and upload that.';

/** Bytes that are looked at. */
const HEAD_BYTES = 4_096;

/** @returns the type, or what is wrong, for people */
export function pictureType(bytes: Uint8Array): { type: PictureType } | { reason: string } {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, HEAD_BYTES)).toString(
    'latin1',
  );
  const type = READ.find(([, isIt]) => isIt(head))?.[0];
  if (type !== undefined) return { type };
  const known = REFUSED.find(([, isIt]) => isIt(head))?.[0];
  return { reason: `${known ?? 'This file is not a picture of a kind that is read here.'} ${WANTED}` };
}

const READ: readonly [PictureType, (head: string) => boolean][] = [
  ['JPEG', (head) => head.startsWith('\xff\xd8\xff')],
  ['PNG', (head) => head.startsWith('\x89PNG\r\n\x1a\n')],
  ['WebP', (head) => head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP'],
  ['AVIF', (head) => brandsOf(head).some((brand) => brand === 'avif' || brand === 'avis')],
  ['GIF', (head) => /^GIF8[79]a/.test(head)],
];

/** What people take for pictures, with the reason for each. */
const REFUSED: readonly [string, (head: string) => boolean][] = [
  ['This file is empty.', (head) => head === ''],
  [
    'This is an SVG drawing, which can carry scripts.',
    (head) => /<svg[\s>]/i.test(head) || (isXml(head) && head.toLowerCase().includes('svg')),
  ],
  [
    'This is a HEIC picture, as phones make them.',
    (head) => brandsOf(head).some((brand) => /^(hei[cxms]|hev[cxms]|mif1|msf1)$/.test(brand)),
  ],
  [
    'This is a TIFF picture, which browsers do not show.',
    (head) => ['II*\0', 'MM\0*'].some((sign) => head.startsWith(sign)),
  ],
  ['This is a BMP picture.', (head) => head.startsWith('BM')],
  ['This is a PDF document.', (head) => head.startsWith('%PDF-')],
  ['This is a film.', (head) => brandsOf(head).length > 0],
  ['This is a packed file.', (head) => ['PK\x03\x04', '\x1f\x8b'].some((sign) => head.startsWith(sign))],
  ['This is a web page.', (head) => /<(!doctype html|html)[\s>]/i.test(head)],
];

const isXml = (head: string): boolean => /^(\xef\xbb\xbf)?\s*<(\?xml|!doctype|!--)/i.test(head);

/** Of a file in ISO boxes: major brand, and those that it is compatible with. */
function brandsOf(head: string): string[] {
  if (head.slice(4, 8) !== 'ftyp') return [];
  const end = Math.min(Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE(), 256);
  return [head.slice(8, 12), ...(head.slice(16, end).match(/[\s\S]{4}/g) ?? [])];
}
