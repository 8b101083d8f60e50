// The tables of campaigns, products, commands to the engine, and the trail. Texts that machines compare have the collation "C".

import type { Shape } from '../schema-shape.ts';

/** Behind the tables of accounts and of assets. */
export const CATALOGUE_TABLES = `
  CREATE TABLE doorbuster_catalogue.campaigns (
    id text COLLATE "C" PRIMARY KEY,
    slug text COLLATE "C" NOT NULL UNIQUE,
    title text NOT NULL,
    description text NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    time_zone text NOT NULL,
    entry jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'published', 'paused', 'cancelled')),
    version int NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    CHECK (starts_at < ends_at)
  );
  CREATE TABLE doorbuster_catalogue.products (
    id text COLLATE "C" PRIMARY KEY,
    campaign_id text COLLATE "C" NOT NULL REFERENCES doorbuster_catalogue.campaigns ON DELETE CASCADE,
    position int NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    sku text COLLATE "C" NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    list_amount bigint CHECK (list_amount >= 0),
    amount bigint CHECK (amount >= 0),
    currency text NOT NULL,
    quantity bigint CHECK (quantity >= 0),
    per_customer_limit int NOT NULL,
    hold_seconds int NOT NULL,
    attributes jsonb NOT NULL,
    data_file text COLLATE "C",
    version int NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    -- The newest version whose configuration was put into the outbox.
    sent_version int,
    -- What the engine has said.
    engine_revision int NOT NULL DEFAULT 0,
    confirmed_version int,
    confirmed_at timestamptz,
    -- The version whose configuration it refused, until it confirms another.
    refused_version int,
    refusal text,
    CHECK (starts_at < ends_at)
  );
  CREATE INDEX products_of_campaign ON doorbuster_catalogue.products (campaign_id, position, id);
  CREATE TABLE doorbuster_catalogue.product_images (
    product_id text COLLATE "C" NOT NULL REFERENCES doorbuster_catalogue.products ON DELETE CASCADE,
    position int NOT NULL,
    image_id text COLLATE "C" NOT NULL REFERENCES doorbuster_catalogue.images,
    alt text NOT NULL,
    PRIMARY KEY (product_id, position)
  );
  CREATE INDEX products_of_image ON doorbuster_catalogue.product_images (image_id);
  CREATE INDEX products_of_sku ON doorbuster_catalogue.products (sku);
  CREATE TABLE doorbuster_catalogue.outbox (
    -- The order in which the commands of a product are sent: whoever adds one holds the product.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('configure', 'loadStock', 'withdrawStock', 'withdrawAvailable', 'pause', 'resume')),
    -- Stock changes are counted once under it, however often they are sent.
    request_id text COLLATE "C",
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    -- Whose turn it is to send it; by the clock of Postgres.
    lease text COLLATE "C",
    leased_until timestamptz,
    next_try_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The engine's answer, or its refusal.
    answered_at timestamptz,
    outcome jsonb,
    UNIQUE (product_id, request_id),
    CHECK (request_id IS NOT NULL OR kind IN ('configure', 'pause', 'resume'))
  );
  CREATE INDEX outbox_of_product ON doorbuster_catalogue.outbox (product_id, id);
  CREATE INDEX outbox_unanswered ON doorbuster_catalogue.outbox (product_id, id) WHERE answered_at IS NULL;
  CREATE TABLE doorbuster_catalogue.trail (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    user_name text NOT NULL,
    campaign_id text COLLATE "C",
    product_id text COLLATE "C",
    action text NOT NULL,
    changes jsonb NOT NULL
  );
  CREATE INDEX trail_of_campaign ON doorbuster_catalogue.trail (campaign_id, id);`;

/** As schema-shape.ts finds them. */
export const CATALOGUE_SHAPE: Shape = {
  campaigns: [
    'id text COLLATE "C" NOT NULL',
    'slug text COLLATE "C" NOT NULL',
    'title text NOT NULL',
    'description text NOT NULL',
    'starts_at timestamp with time zone',
    'ends_at timestamp with time zone',
    'time_zone text NOT NULL',
    'entry jsonb NOT NULL',
    'status text NOT NULL',
    'version integer NOT NULL',
    'created_at timestamp with time zone NOT NULL',
    'updated_at timestamp with time zone NOT NULL',
    'updated_by text NOT NULL',
    'UNIQUE (id)',
    'UNIQUE (slug)',
  ],
  products: [
    'id text COLLATE "C" NOT NULL',
    'campaign_id text COLLATE "C" NOT NULL',
    'position integer NOT NULL',
    'name text NOT NULL',
    'description text NOT NULL',
    'sku text COLLATE "C" NOT NULL',
    'starts_at timestamp with time zone',
    'ends_at timestamp with time zone',
    'list_amount bigint',
    'amount bigint',
    'currency text NOT NULL',
    'quantity bigint',
    'per_customer_limit integer NOT NULL',
    'hold_seconds integer NOT NULL',
    'attributes jsonb NOT NULL',
    'data_file text COLLATE "C"',
    'version integer NOT NULL',
    'updated_at timestamp with time zone NOT NULL',
    'updated_by text NOT NULL',
    'sent_version integer',
    'engine_revision integer NOT NULL',
    'confirmed_version integer',
    'confirmed_at timestamp with time zone',
    'refused_version integer',
    'refusal text',
    'UNIQUE (id)',
    '(campaign_id, position, id)',
    '(sku)',
  ],
  product_images: [
    'product_id text COLLATE "C" NOT NULL',
    'position integer NOT NULL',
    'image_id text COLLATE "C" NOT NULL',
    'alt text NOT NULL',
    'UNIQUE (product_id, position)',
    '(image_id)',
  ],
  outbox: [
    'id bigint NOT NULL',
    'product_id text COLLATE "C" NOT NULL',
    'kind text NOT NULL',
    'request_id text COLLATE "C"',
    'payload jsonb NOT NULL',
    'created_at timestamp with time zone NOT NULL',
    'created_by text NOT NULL',
    'attempts integer NOT NULL',
    'lease text COLLATE "C"',
    'leased_until timestamp with time zone',
    'next_try_at timestamp with time zone NOT NULL',
    'answered_at timestamp with time zone',
    'outcome jsonb',
    'UNIQUE (id)',
    'UNIQUE (product_id, request_id)',
    '(product_id, id)',
  ],
  trail: [
    'id bigint NOT NULL',
    'at timestamp with time zone NOT NULL',
    'user_id text COLLATE "C" NOT NULL',
    'user_name text NOT NULL',
    'campaign_id text COLLATE "C"',
    'product_id text COLLATE "C"',
    'action text NOT NULL',
    'changes jsonb NOT NULL',
    'UNIQUE (id)',
    '(campaign_id, id)',
  ],
};
