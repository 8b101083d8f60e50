// A photograph of a product for tests of pages that people look at: one of the demonstration's drawings, as a raster file.

import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import type { ChosenFile } from './cms-forms.ts';

const FOLDER = new URL('../../src/http/pages/static/products/', import.meta.url);
const WIDTH = 1_000;

/** @param drawing such as `film-camera` @param width pixels; the formats of a large one take seconds to make */
export async function productPicture(
  drawing: string,
  alt: string,
  width = WIDTH,
): Promise<ChosenFile & { readonly alt: string }> {
  const svg = readFileSync(new URL(`${drawing}.svg`, FOLDER));
  const bytes = await sharp(svg).resize(width).jpeg({ quality: 80 }).toBuffer();
  return { name: `${drawing}.jpg`, bytes: new Uint8Array(bytes), alt };
}
