// The schema `doorbuster`: what the projection writes. Nothing of it is only here: it may be dropped at any time, and the journal
// makes it again.

import type { SchemaPlan, Shape } from './schema-shape.ts';

// Texts that are compared by machines have the collation "C": a page of keys then begins where the last one ended, on
// every server. Positions are rewritten with each batch, so their pages are left half empty for it.
const STEPS: readonly string[] = [
  `CREATE TABLE doorbuster.orders (
     id text COLLATE "C" PRIMARY KEY,
     product_id text COLLATE "C" NOT NULL,
     customer_id text COLLATE "C" NOT NULL,
     idempotency_key text COLLATE "C" NOT NULL,
     quantity int NOT NULL CHECK (quantity > 0),
     unit_amount bigint NOT NULL CHECK (unit_amount >= 0),
     currency text NOT NULL,
     status text NOT NULL CHECK (status IN ('reserved', 'payment_pending', 'in_review', 'paid', 'cancelled',
       'expired', 'refund_due', 'refunded')),
     created_at timestamptz NOT NULL,
     hold_expires_at timestamptz,
     version bigint NOT NULL,
     shard int NOT NULL,
     UNIQUE (customer_id, product_id, idempotency_key)
   );
   CREATE INDEX orders_of_customer ON doorbuster.orders (customer_id, created_at DESC, id DESC);
   CREATE TABLE doorbuster.products (
     id text COLLATE "C" PRIMARY KEY,
     name text NOT NULL,
     description text NOT NULL,
     starts_at timestamptz NOT NULL,
     ends_at timestamptz NOT NULL,
     unit_amount bigint NOT NULL CHECK (unit_amount >= 0),
     currency text NOT NULL,
     per_customer_limit int NOT NULL,
     hold_seconds int NOT NULL,
     paused boolean NOT NULL DEFAULT false,
     revision int NOT NULL,
     version bigint NOT NULL,
     shard int NOT NULL
   );
   CREATE TABLE doorbuster.stock_movements (
     product_id text COLLATE "C" NOT NULL,
     request_id text COLLATE "C" NOT NULL,
     kind text NOT NULL CHECK (kind IN ('loaded', 'withdrawn')),
     quantity bigint NOT NULL CHECK (quantity > 0),
     at timestamptz NOT NULL,
     version bigint NOT NULL,
     PRIMARY KEY (product_id, request_id)
   );
   CREATE TABLE doorbuster.positions (
     shard int PRIMARY KEY,
     sequence bigint NOT NULL,
     record_at timestamptz
   ) WITH (fillfactor = 50);
   CREATE TABLE doorbuster.journal (id text PRIMARY KEY);`,
  `ALTER TABLE doorbuster.products ADD COLUMN retired_at timestamptz;`,
];

/** By version: what its step added. Statements that name a conflict need the unique keys, pages of lists the index. */
const ADDED: readonly Shape[] = [
  {
    orders: [
      'id text COLLATE "C" NOT NULL',
      'product_id text COLLATE "C" NOT NULL',
      'customer_id text COLLATE "C" NOT NULL',
      'idempotency_key text COLLATE "C" NOT NULL',
      'quantity integer NOT NULL',
      'unit_amount bigint NOT NULL',
      'currency text NOT NULL',
      'status text NOT NULL',
      'created_at timestamp with time zone NOT NULL',
      'hold_expires_at timestamp with time zone',
      'version bigint NOT NULL',
      'shard integer NOT NULL',
      'UNIQUE (id)',
      'UNIQUE (customer_id, product_id, idempotency_key)',
      '(customer_id, created_at, id)',
    ],
    products: [
      'id text COLLATE "C" NOT NULL',
      'name text NOT NULL',
      'description text NOT NULL',
      'starts_at timestamp with time zone NOT NULL',
      'ends_at timestamp with time zone NOT NULL',
      'unit_amount bigint NOT NULL',
      'currency text NOT NULL',
      'per_customer_limit integer NOT NULL',
      'hold_seconds integer NOT NULL',
      'paused boolean NOT NULL',
      'revision integer NOT NULL',
      'version bigint NOT NULL',
      'shard integer NOT NULL',
      'UNIQUE (id)',
    ],
    stock_movements: [
      'product_id text COLLATE "C" NOT NULL',
      'request_id text COLLATE "C" NOT NULL',
      'kind text NOT NULL',
      'quantity bigint NOT NULL',
      'at timestamp with time zone NOT NULL',
      'version bigint NOT NULL',
      'UNIQUE (product_id, request_id)',
    ],
    positions: [
      'shard integer NOT NULL',
      'sequence bigint NOT NULL',
      'record_at timestamp with time zone',
      'UNIQUE (shard)',
    ],
    journal: ['id text NOT NULL', 'UNIQUE (id)'],
  },
  { products: ['retired_at timestamp with time zone'] },
];

export const PROJECTION_SCHEMA: SchemaPlan = {
  name: 'doorbuster',
  lock: 4_713_250_211,
  steps: STEPS,
  added: ADDED,
  rights: ['SELECT', 'INSERT', 'UPDATE'],
  remedy:
    'Put it right, or put it out of the way (ALTER SCHEMA doorbuster RENAME TO doorbuster_old): the next start makes it anew, ' +
    'and fills it from the journal.',
};
