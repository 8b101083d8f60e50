// Pictures as rows.

import type { Pool, PoolClient } from 'pg';
import type { Image, ImageVariant, PictureFormat } from './image.ts';

/** Sizes and files; where the files are is told when it is read. */
export interface NewImage {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly files: readonly { readonly name: string; readonly width: number; readonly height: number }[];
}

/** Before its files, as the sweep locks them. */
export async function insertImage(client: PoolClient, image: NewImage, now: number): Promise<void> {
  const { id, width, height } = image;
  await client.query(
    `INSERT INTO doorbuster_catalogue.images (id, width, height, created_at, unused_since)
     VALUES ($1, $2, $3, $4, $4)
     ON CONFLICT (id) DO UPDATE SET unused_since = excluded.unused_since`,
    [id, width, height, new Date(now)],
  );
}

/** Behind its files, which they name. */
export async function insertVariants(client: PoolClient, { id, files }: NewImage): Promise<void> {
  await client.query(
    `INSERT INTO doorbuster_catalogue.image_variants (image_id, position, file, width, height)
     SELECT $1, position, file, width, height
     FROM unnest($2::text[], $3::int[], $4::int[]) WITH ORDINALITY AS v (file, width, height, position)
     ON CONFLICT DO NOTHING`,
    [id, files.map(({ name }) => name), files.map((file) => file.width), files.map((file) => file.height)],
  );
}

/** A file as product data name it: beside the file of product data itself, so its name is its address from there. */
export interface NamedFile {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly type: PictureFormat;
}

/** By id of the picture. */
export async function readFilesOf(
  client: PoolClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly NamedFile[]>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<NamedFile & { id: string }>(
    `SELECT v.image_id AS id, v.file, v.width, v.height, f.content_type AS type
     FROM doorbuster_catalogue.image_variants AS v JOIN doorbuster_catalogue.files AS f ON f.name = v.file
     WHERE v.image_id = ANY ($1) ORDER BY v.image_id, v.position`,
    [ids],
  );
  const named = ({ file, width, height, type }: NamedFile): NamedFile => ({ file, width, height, type });
  return new Map([...Map.groupBy(rows, ({ id }) => id)].map(([id, files]) => [id, files.map(named)]));
}

/** Those that are there, by id. @param url of a file, by whether the store has it */
export async function readImages(
  pool: Pool,
  ids: readonly string[],
  store: string | undefined,
  url: (name: string, isUploaded: boolean) => string,
): Promise<ReadonlyMap<string, Image>> {
  if (ids.length === 0) return new Map();
  const { rows } = await pool.query<{
    id: string;
    image_width: number;
    image_height: number;
    file: string;
    width: number;
    height: number;
    type: PictureFormat;
    is_uploaded: boolean;
  }>(
    `SELECT i.id, i.width AS image_width, i.height AS image_height, v.file, v.width, v.height, f.content_type AS type,
            u.uploaded_at IS NOT NULL AS is_uploaded
     FROM doorbuster_catalogue.images AS i
     JOIN doorbuster_catalogue.image_variants AS v ON v.image_id = i.id
     JOIN doorbuster_catalogue.files AS f ON f.name = v.file
     LEFT JOIN doorbuster_catalogue.uploads AS u ON u.name = v.file AND u.store = $2
     WHERE i.id = ANY ($1)
     ORDER BY i.id, v.position`,
    [ids, store],
  );
  return new Map(
    Map.groupBy(rows, ({ id }) => id)
      .entries()
      .map(([id, found]) => {
        const { image_width: width, image_height: height } = found[0]!;
        const variants = found.map((row): ImageVariant => ({
          file: row.file,
          url: url(row.file, row.is_uploaded),
          width: row.width,
          height: row.height,
          type: row.type,
        }));
        return [id, { id, width, height, variants }];
      }),
  );
}
