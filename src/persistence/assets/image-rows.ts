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

export async function insertImage(client: PoolClient, image: NewImage, now: number): Promise<void> {
  const { id, width, height, files } = image;
  await client.query(
    `INSERT INTO doorbuster_catalogue.images (id, width, height, created_at, unused_since)
     VALUES ($1, $2, $3, $4, $4)
     ON CONFLICT (id) DO UPDATE SET unused_since = excluded.unused_since`,
    [id, width, height, new Date(now)],
  );
  await client.query(
    `INSERT INTO doorbuster_catalogue.image_variants (image_id, position, file, width, height)
     SELECT $1, position, file, width, height
     FROM unnest($2::text[], $3::int[], $4::int[]) WITH ORDINALITY AS v (file, width, height, position)
     ON CONFLICT DO NOTHING`,
    [id, files.map(({ name }) => name), files.map((file) => file.width), files.map((file) => file.height)],
  );
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
