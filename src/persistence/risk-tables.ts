// The tables of payments and of risk control. Behind those of eligibility, as a step by itself.
//
//   payments             what a provider may hold of an order's money, from before it is first asked until it is settled for good
//   risk_decisions       each decision on a payment, with what it rested on
//   risk_sightings       who came to pay, from where and by which card, for the rules; kept for eight days
//   customer_statuses    what other systems say of customers; whoever is not here is active
//   order_origins        where orders that hold units came from, for figures and rules; kept for a month

import type { Shape } from './schema-shape.ts';

export const RISK_TABLES = `
  ALTER TABLE doorbuster_catalogue.campaigns ADD COLUMN gate jsonb NOT NULL DEFAULT '{}';
  CREATE TABLE doorbuster_catalogue.payments (
    order_id text COLLATE "C" PRIMARY KEY,
    product_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    currency text NOT NULL,
    method text NOT NULL,
    -- What the provider takes the money by; gone when the payment is settled.
    token text,
    -- Alike for two tokens of one card; the provider says it.
    fingerprint text COLLATE "C",
    -- A keyed hash of the network address.
    address text COLLATE "C",
    state text NOT NULL CHECK (state IN ('open', 'captured', 'refunded', 'voided')),
    -- What the provider calls it.
    provider_id text COLLATE "C",
    -- Times that the provider may have been asked to take it.
    attempts int NOT NULL DEFAULT 0,
    last_error text,
    -- Who decided, of an order in review, that it may be paid.
    approved_by text,
    begun_at timestamptz NOT NULL,
    closed_at timestamptz,
    -- Whose turn it is to look after it; by the clock of Postgres.
    lease text COLLATE "C",
    leased_until timestamptz,
    next_look_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  CREATE INDEX payments_open ON doorbuster_catalogue.payments (next_look_at) WHERE closed_at IS NULL;
  CREATE INDEX payments_of_customer ON doorbuster_catalogue.payments (customer_id, begun_at);
  CREATE INDEX payments_of_fingerprint ON doorbuster_catalogue.payments (fingerprint, begun_at);
  CREATE INDEX payments_of_address ON doorbuster_catalogue.payments (address, begun_at);
  CREATE TABLE doorbuster_catalogue.risk_decisions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('allow', 'review', 'deny')),
    -- The word rules, or the name of a person.
    decided_by text NOT NULL,
    -- Digest of the rules that were in force.
    rules text COLLATE "C" NOT NULL,
    -- In words, one for each rule that spoke.
    reasons jsonb NOT NULL,
    facts jsonb NOT NULL,
    -- When a person decided on a review; until then it waits.
    settled_at timestamptz
  );
  CREATE INDEX risk_decisions_of_order ON doorbuster_catalogue.risk_decisions (order_id, id);
  CREATE INDEX risk_decisions_of_customer ON doorbuster_catalogue.risk_decisions (customer_id, id);
  CREATE INDEX risk_decisions_by_time ON doorbuster_catalogue.risk_decisions (at, id);
  CREATE UNIQUE INDEX risk_reviews_open ON doorbuster_catalogue.risk_decisions (order_id) WHERE outcome = 'review' AND settled_at IS NULL;
  CREATE TABLE doorbuster_catalogue.risk_sightings (
    order_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    address text COLLATE "C" NOT NULL,
    -- Empty where the provider knows none.
    fingerprint text COLLATE "C" NOT NULL,
    -- The last time, by the clock of Postgres.
    at timestamptz NOT NULL,
    PRIMARY KEY (order_id, address, fingerprint)
  );
  CREATE INDEX risk_sightings_of_address ON doorbuster_catalogue.risk_sightings (address, at);
  CREATE INDEX risk_sightings_of_fingerprint ON doorbuster_catalogue.risk_sightings (fingerprint, at);
  CREATE INDEX risk_sightings_by_time ON doorbuster_catalogue.risk_sightings (at);
  CREATE TABLE doorbuster_catalogue.customer_statuses (
    customer_id text COLLATE "C" PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('active', 'new', 'restricted', 'blocked')),
    account_created_at timestamptz,
    -- By the clock of the system that says it: what is older than what is known changes nothing.
    as_of timestamptz NOT NULL,
    source text NOT NULL,
    -- By the clock of Postgres, for whoever follows.
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  CREATE INDEX customer_statuses_changed ON doorbuster_catalogue.customer_statuses (changed_at, customer_id);
  -- One row for each purchase, so it has as few indexes as can be; an order may be here twice.
  CREATE TABLE doorbuster_catalogue.order_origins (
    order_id text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    -- The range of the address: 203.0.113.0/24, 2001:db8:1::/48.
    network text COLLATE "C" NOT NULL,
    -- A keyed hash of the address, the same as of payments.
    address text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL
  );
  CREATE INDEX order_origins_by_time ON doorbuster_catalogue.order_origins USING brin (at);
  CREATE INDEX order_origins_of_address ON doorbuster_catalogue.order_origins (address, at);`;

/** As schema-shape.ts finds them. */
export const RISK_SHAPE: Shape = {
  campaigns: ['gate jsonb NOT NULL'],
  payments: [
    'order_id text COLLATE "C" NOT NULL',
    'product_id text COLLATE "C" NOT NULL',
    'customer_id text COLLATE "C" NOT NULL',
    'amount bigint NOT NULL',
    'currency text NOT NULL',
    'method text NOT NULL',
    'token text',
    'fingerprint text COLLATE "C"',
    'address text COLLATE "C"',
    'state text NOT NULL',
    'provider_id text COLLATE "C"',
    'attempts integer NOT NULL',
    'last_error text',
    'approved_by text',
    'begun_at timestamp with time zone NOT NULL',
    'closed_at timestamp with time zone',
    'lease text COLLATE "C"',
    'leased_until timestamp with time zone',
    'next_look_at timestamp with time zone NOT NULL',
    'UNIQUE (order_id)',
    '(customer_id, begun_at)',
    '(fingerprint, begun_at)',
    '(address, begun_at)',
  ],
  risk_decisions: [
    'id bigint NOT NULL',
    'order_id text COLLATE "C" NOT NULL',
    'product_id text COLLATE "C" NOT NULL',
    'customer_id text COLLATE "C" NOT NULL',
    'at timestamp with time zone NOT NULL',
    'outcome text NOT NULL',
    'decided_by text NOT NULL',
    'rules text COLLATE "C" NOT NULL',
    'reasons jsonb NOT NULL',
    'facts jsonb NOT NULL',
    'settled_at timestamp with time zone',
    'UNIQUE (id)',
    '(order_id, id)',
    '(customer_id, id)',
    '(at, id)',
  ],
  risk_sightings: [
    'order_id text COLLATE "C" NOT NULL',
    'customer_id text COLLATE "C" NOT NULL',
    'address text COLLATE "C" NOT NULL',
    'fingerprint text COLLATE "C" NOT NULL',
    'at timestamp with time zone NOT NULL',
    'UNIQUE (order_id, address, fingerprint)',
    '(address, at)',
    '(fingerprint, at)',
    '(at)',
  ],
  customer_statuses: [
    'customer_id text COLLATE "C" NOT NULL',
    'status text NOT NULL',
    'account_created_at timestamp with time zone',
    'as_of timestamp with time zone NOT NULL',
    'source text NOT NULL',
    'changed_at timestamp with time zone NOT NULL',
    'UNIQUE (customer_id)',
    '(changed_at, customer_id)',
  ],
  order_origins: [
    'order_id text COLLATE "C" NOT NULL',
    'product_id text COLLATE "C" NOT NULL',
    'customer_id text COLLATE "C" NOT NULL',
    'network text COLLATE "C" NOT NULL',
    'address text COLLATE "C" NOT NULL',
    'at timestamp with time zone NOT NULL',
    '(at)',
    '(address, at)',
  ],
};
