// Files, and what a store should have of them, as rows. Whoever adds a file does it in the transaction that names it; rows are
// locked in the order of their names: those of pictures, then those of files, then those of uploads, here as in the sweep.

import type { Pool, PoolClient } from 'pg';
import type { FileType } from './file-name.ts';

export interface NewFile {
  readonly name: string;
  readonly type: FileType;
  readonly bytes: Uint8Array;
}

/**
 * The same file again is there once, and is kept as if it were new.
 * @param store undefined while it cannot be reached: its uploader finds out later what it lacks
 */
export async function insertFiles(
  client: PoolClient,
  files: readonly NewFile[],
  store: string | undefined,
  now: number,
): Promise<void> {
  const at = new Date(now);
  const sorted = files.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  for (const { name, type, bytes } of sorted)
    await client.query(
      `INSERT INTO doorbuster_catalogue.files (name, content_type, bytes, created_at, unused_since)
       VALUES ($1, $2, $3, $4, $4)
       ON CONFLICT (name) DO UPDATE SET unused_since = excluded.unused_since`,
      [name, type, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), at],
    );
  if (store === undefined) return;
  await client.query(
    'INSERT INTO doorbuster_catalogue.stores (id, seen_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING',
    [store, at],
  );
  // What was to be removed is wanted again.
  await client.query(
    `INSERT INTO doorbuster_catalogue.uploads (name, store, wanted, next_try_at)
     SELECT name, $2, 'present', $3 FROM unnest($1::text[]) AS wanted (name)
     ON CONFLICT (name, store) DO UPDATE
       SET wanted = 'present', uploaded_at = NULL, attempts = 0, last_error = NULL, next_try_at = $3
       WHERE uploads.wanted = 'absent'`,
    [sorted.map(({ name }) => name), store, at],
  );
}

export async function readFileBytes(pool: Pool, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { rows } = await pool.query<{ bytes: Buffer<ArrayBuffer> }>(
    'SELECT bytes FROM doorbuster_catalogue.files WHERE name = $1',
    [name],
  );
  return rows[0]?.bytes;
}

/** Those of these names that are files. */
export async function readKnownNames(pool: Pool, names: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ name: string }>(
    'SELECT name FROM doorbuster_catalogue.files WHERE name = ANY ($1)',
    [names],
  );
  return new Set(rows.map(({ name }) => name));
}

/** How far the uploads are. */
export interface UploadProgress {
  readonly files: number;
  readonly uploaded: number;
  /** Tried and not there yet. */
  readonly failing: number;
  /** Why the newest of these failed, for people. */
  readonly lastError: string | undefined;
}

/** @param imageIds of these pictures; undefined: of all files */
export async function readProgress(
  pool: Pool,
  store: string | undefined,
  imageIds: readonly string[] | undefined,
): Promise<UploadProgress> {
  const { rows } = await pool.query<{
    files: number;
    uploaded: number;
    failing: number;
    last_error: string | null;
  }>(
    `SELECT count(*)::int AS files, count(u.uploaded_at)::int AS uploaded,
            count(u.last_error) FILTER (WHERE u.uploaded_at IS NULL)::int AS failing,
            (array_agg(u.last_error ORDER BY u.next_try_at DESC)
              FILTER (WHERE u.uploaded_at IS NULL AND u.last_error IS NOT NULL))[1] AS last_error
     FROM doorbuster_catalogue.files AS f
     LEFT JOIN doorbuster_catalogue.uploads AS u ON u.name = f.name AND u.store = $1
     WHERE $2::text[] IS NULL OR EXISTS (
       SELECT FROM doorbuster_catalogue.image_variants AS v WHERE v.file = f.name AND v.image_id = ANY ($2))`,
    [store, imageIds],
  );
  const { files, uploaded, failing, last_error: lastError } = rows[0]!;
  return { files, uploaded, failing, lastError: lastError ?? undefined };
}
