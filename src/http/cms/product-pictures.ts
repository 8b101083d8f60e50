// Pictures of products between the form and the library: those that a form brings are taken in, those that a page shows are looked
// up. A form with other mistakes keeps the pictures that it brought; the library forgets those that no product names in the end.

import type { Image } from '../../persistence/index.ts';
import type { HttpContext } from '../context.ts';
import { newImageField, NEW_IMAGES_PER_FORM, type FieldError, type Uploads } from '../pages/cms/index.ts';
import type { CmsForm } from './form.ts';
import { IMAGES_MAX, type ImageTyped, type ProductTyped } from './product-form.ts';

export const picturesOf = (
  { cms }: HttpContext,
  imageIds: readonly string[],
): Promise<ReadonlyMap<string, Image>> => cms!.assets.images([...new Set(imageIds)]);

export async function uploadsOf({ cms }: HttpContext, imageIds: readonly string[]): Promise<Uploads> {
  const progress = await cms!.assets.progressOf([...new Set(imageIds)]);
  return { ...progress, hasCdn: cms!.assets.imageOrigins.length > 0 };
}

export interface PicturesTaken {
  readonly typed: ProductTyped;
  readonly errors: readonly FieldError[];
  /** Alternative texts of pictures that were refused. */
  readonly newAlts: readonly string[];
}

/** Behind those that the form has already. */
export async function takePictures(
  { cms }: HttpContext,
  form: CmsForm,
  typed: ProductTyped,
): Promise<PicturesTaken> {
  const images: ImageTyped[] = [...typed.images];
  const errors: FieldError[] = [];
  const newAlts: string[] = [];
  for (let row = 0; row < NEW_IMAGES_PER_FORM; row++) {
    const file = form.file(newImageField(row, 'file'));
    const alt = form.fields(newImageField(row, 'alt')).trim();
    const refuse = (reason: string): void => {
      newAlts.push(alt);
      errors.push({ field: newImageField(newAlts.length - 1, 'file'), message: `${file!.name}: ${reason}` });
    };
    if (file === undefined) {
      if (alt !== '') newAlts.push(alt);
    } else if (images.length >= IMAGES_MAX) refuse(`A product has at most ${IMAGES_MAX} pictures.`);
    else {
      // oxlint-disable-next-line no-await-in-loop -- the library makes one picture at a time
      const added = await cms!.assets.addImage(file.bytes);
      if (added.outcome === 'refused') refuse(added.reason);
      else if (images.some(({ imageId }) => imageId === added.image.id))
        refuse('The product has this picture already.');
      else {
        const place = String(images.length + 1);
        images.push({ imageId: added.image.id, alt, place, isRemoved: false });
      }
    }
  }
  return { typed: { ...typed, images }, errors, newAlts };
}

/** What a form that only asks for more rows says of files that were chosen: a page cannot choose them again by itself. */
export function leavePictures(form: CmsForm): Omit<PicturesTaken, 'typed'> {
  const rows = Array.from({ length: NEW_IMAGES_PER_FORM }, (_, row) => row);
  const errors = rows.flatMap((row): FieldError[] => {
    const field = newImageField(row, 'file');
    const name = form.file(field)?.name ?? form.fields(field);
    return name === '' ? [] : [{ field, message: `Choose ${name} again: “More rows” takes no pictures.` }];
  });
  return { errors, newAlts: rows.map((row) => form.fields(newImageField(row, 'alt')).trim()) };
}
