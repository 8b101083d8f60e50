// A picture in a page.

import { expect, test } from 'vitest';
import { picture } from '../../src/http/pages/picture.ts';
import type { Image, ImageVariant } from '../../src/persistence/index.ts';

const variant = (type: ImageVariant['type'], width: number): ImageVariant => {
  const file = `${width}.${type.slice(6)}`;
  return { file, url: `/assets/${file}`, width, height: width / 2, type };
};
const image: Image = {
  id: 'i',
  width: 640,
  height: 320,
  variants: [
    variant('image/avif', 640),
    variant('image/avif', 320),
    variant('image/webp', 640),
    variant('image/webp', 320),
    variant('image/jpeg', 640),
  ],
};

const textOf = async (...args: Parameters<typeof picture>): Promise<string> =>
  String(await picture(...args)).replaceAll(/\s+/g, ' ');

test('the browser may choose format and width, and knows the size before it has the picture', async () => {
  const text = await textOf(image, 'A kettle', { sizes: '20em' });
  expect(text).toContain(
    '<source type="image/avif" srcset="/assets/640.avif 640w, /assets/320.avif 320w" sizes="20em" />',
  );
  expect(text.indexOf('image/avif')).toBeLessThan(text.indexOf('image/webp'));
  expect(text).toContain('src="/assets/640.jpeg" alt="A kettle"');
  expect(text).toMatch(/width="640" height="320" loading="lazy"/);
  expect(await textOf(image, '', { sizes: '20em', isFirst: true })).toContain('loading="eager"');
});

test('what people write of it stays text', async () => {
  const text = await textOf(image, '"><script>alert(1)</script>', { sizes: '20em' });
  expect(text).not.toContain('<script>');
  expect(text).toContain('alt="&quot;&gt;&lt;script&gt;');
});
