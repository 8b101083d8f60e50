// The tables of who may enter. Of a customer on a list only the key is kept, 128 bits of a hash: nobody can read names out of it.

import type { Shape } from '../schema-shape.ts';

/** A step by itself, behind that of the catalogue. */
export const ELIGIBILITY_TABLES = `
  CREATE TABLE doorbuster_catalogue.customer_lists (
    id text COLLATE "C" PRIMARY KEY,
    campaign_id text COLLATE "C" NOT NULL REFERENCES doorbuster_catalogue.campaigns ON DELETE CASCADE,
    customers int NOT NULL CHECK (customers >= 0),
    -- The one in force. Another one is being written, or is what a load that died left behind.
    is_current boolean NOT NULL DEFAULT false,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    -- When its last part was written, by Postgres’s own clock.
    touched_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  CREATE UNIQUE INDEX current_list_of_campaign ON doorbuster_catalogue.customer_lists (campaign_id) WHERE is_current;
  CREATE INDEX lists_of_campaign ON doorbuster_catalogue.customer_lists (campaign_id);
  CREATE TABLE doorbuster_catalogue.customer_list_parts (
    list_id text COLLATE "C" NOT NULL REFERENCES doorbuster_catalogue.customer_lists ON DELETE CASCADE,
    number int NOT NULL,
    -- Finds the part of a key without reading the keys.
    first_key bytea NOT NULL,
    -- Keys of 16 bytes, in order within the part and over the parts.
    keys bytea NOT NULL,
    PRIMARY KEY (list_id, number)
  );
  -- Hashes do not get smaller by compression.
  ALTER TABLE doorbuster_catalogue.customer_list_parts ALTER COLUMN keys SET STORAGE EXTERNAL;`;

/** As schema-shape.ts finds them. */
export const ELIGIBILITY_SHAPE: Shape = {
  customer_lists: [
    'id text COLLATE "C" NOT NULL',
    'campaign_id text COLLATE "C" NOT NULL',
    'customers integer NOT NULL',
    'is_current boolean NOT NULL',
    'made_at timestamp with time zone NOT NULL',
    'made_by text NOT NULL',
    'touched_at timestamp with time zone NOT NULL',
    'UNIQUE (id)',
    '(campaign_id)',
  ],
  customer_list_parts: [
    'list_id text COLLATE "C" NOT NULL',
    'number integer NOT NULL',
    'first_key bytea NOT NULL',
    'keys bytea NOT NULL',
    'UNIQUE (list_id, number)',
  ],
};
