// The tables of pictures and of the files that a CDN serves. The bytes stand here too: a file is committed together with what
// names it, every node can serve it while the CDN lacks it, and an upload that a crash cut off is simply done again.

import type { Shape } from '../schema-shape.ts';

export const ASSET_TABLES = `
  CREATE TABLE doorbuster_catalogue.images (
    -- SHA-256 of the names of its files.
    id text COLLATE "C" PRIMARY KEY,
    width int NOT NULL CHECK (width > 0),
    height int NOT NULL CHECK (height > 0),
    created_at timestamptz NOT NULL,
    -- Since when no product shows it; forgotten some time after.
    unused_since timestamptz
  );
  CREATE TABLE doorbuster_catalogue.files (
    -- SHA-256 of the bytes, and an ending.
    name text COLLATE "C" PRIMARY KEY,
    content_type text NOT NULL,
    bytes bytea NOT NULL,
    created_at timestamptz NOT NULL,
    unused_since timestamptz
  );
  -- Pictures are compressed already.
  ALTER TABLE doorbuster_catalogue.files ALTER COLUMN bytes SET STORAGE EXTERNAL;
  CREATE TABLE doorbuster_catalogue.image_variants (
    image_id text COLLATE "C" NOT NULL REFERENCES doorbuster_catalogue.images ON DELETE CASCADE,
    position int NOT NULL,
    file text COLLATE "C" NOT NULL REFERENCES doorbuster_catalogue.files,
    width int NOT NULL CHECK (width > 0),
    height int NOT NULL CHECK (height > 0),
    PRIMARY KEY (image_id, position)
  );
  CREATE INDEX image_variants_of_file ON doorbuster_catalogue.image_variants (file);
  CREATE TABLE doorbuster_catalogue.stores (
    -- A bucket, or the folder of one node.
    id text COLLATE "C" PRIMARY KEY,
    seen_at timestamptz NOT NULL
  );
  -- What each store has, should have, or should have no more. A row outlives its file until the store has removed it.
  CREATE TABLE doorbuster_catalogue.uploads (
    name text COLLATE "C" NOT NULL,
    store text COLLATE "C" NOT NULL REFERENCES doorbuster_catalogue.stores ON DELETE CASCADE,
    wanted text NOT NULL CHECK (wanted IN ('present', 'absent')),
    attempts int NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    -- The node that tries it just now, and how long it may.
    leased_by text COLLATE "C",
    leased_until timestamptz,
    last_error text,
    uploaded_at timestamptz,
    PRIMARY KEY (name, store)
  );
  CREATE INDEX uploads_to_do ON doorbuster_catalogue.uploads (store, next_try_at)
    WHERE uploaded_at IS NULL OR wanted = 'absent';`;

/** As schema-shape.ts finds them. */
export const ASSET_SHAPE: Shape = {
  images: [
    'id text COLLATE "C" NOT NULL',
    'width integer NOT NULL',
    'height integer NOT NULL',
    'created_at timestamp with time zone NOT NULL',
    'unused_since timestamp with time zone',
    'UNIQUE (id)',
  ],
  files: [
    'name text COLLATE "C" NOT NULL',
    'content_type text NOT NULL',
    'bytes bytea NOT NULL',
    'created_at timestamp with time zone NOT NULL',
    'unused_since timestamp with time zone',
    'UNIQUE (name)',
  ],
  image_variants: [
    'image_id text COLLATE "C" NOT NULL',
    'position integer NOT NULL',
    'file text COLLATE "C" NOT NULL',
    'width integer NOT NULL',
    'height integer NOT NULL',
    'UNIQUE (image_id, position)',
    '(file)',
  ],
  stores: ['id text COLLATE "C" NOT NULL', 'seen_at timestamp with time zone NOT NULL', 'UNIQUE (id)'],
  uploads: [
    'name text COLLATE "C" NOT NULL',
    'store text COLLATE "C" NOT NULL',
    'wanted text NOT NULL',
    'attempts integer NOT NULL',
    'next_try_at timestamp with time zone NOT NULL',
    'leased_by text COLLATE "C"',
    'leased_until timestamp with time zone',
    'last_error text',
    'uploaded_at timestamp with time zone',
    'UNIQUE (name, store)',
  ],
};
