// The tables of pictures and of the files that a CDN serves. The bytes stand here too: a file is committed together with what
// names it, every node can serve it while the CDN lacks it, and an upload that a crash cut off is simply done again.

export const ASSET_TABLES = `
  CREATE TABLE doorbuster_catalogue.images (
    -- SHA-256 of the picture without its metadata.
    id text COLLATE "C" PRIMARY KEY,
    width int NOT NULL CHECK (width > 0),
    height int NOT NULL CHECK (height > 0),
    -- Its files: name, width, height, type.
    variants jsonb NOT NULL,
    created_at timestamptz NOT NULL
  );
  CREATE TABLE doorbuster_catalogue.files (
    -- SHA-256 of the bytes, and an ending.
    name text COLLATE "C" PRIMARY KEY,
    content_type text NOT NULL,
    bytes bytea NOT NULL,
    created_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    last_error text,
    uploaded_at timestamptz
  );
  CREATE INDEX files_to_upload ON doorbuster_catalogue.files (next_try_at) WHERE uploaded_at IS NULL;`;
