// The tables of the people who make campaigns, of their sessions, and of tries to sign in.

import type { Shape } from '../schema-shape.ts';

export const ACCOUNT_TABLES = `
  CREATE TABLE doorbuster_catalogue.users (
    id text COLLATE "C" PRIMARY KEY,
    -- In lower case.
    email text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('editor', 'publisher', 'viewer')),
    -- With its algorithm, parameters and salt.
    password_hash text NOT NULL,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL
  );
  CREATE TABLE doorbuster_catalogue.sessions (
    -- SHA-256 of what the cookie holds: who reads the table cannot use it.
    token_hash bytea PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL REFERENCES doorbuster_catalogue.users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
  );
  CREATE INDEX sessions_of_user ON doorbuster_catalogue.sessions (user_id);
  CREATE TABLE doorbuster_catalogue.sign_in_tries (
    -- An e-mail, whether anybody has it or not, or the network address of who tried.
    key text COLLATE "C" PRIMARY KEY,
    tries int NOT NULL,
    -- From then on nothing of it counts.
    ends_at timestamptz NOT NULL
  );
  CREATE INDEX sign_in_tries_by_end ON doorbuster_catalogue.sign_in_tries (ends_at);`;

/** As schema-shape.ts finds them. */
export const ACCOUNT_SHAPE: Shape = {
  users: [
    'id text COLLATE "C" NOT NULL',
    'email text COLLATE "C" NOT NULL',
    'name text NOT NULL',
    'role text NOT NULL',
    'password_hash text NOT NULL',
    'disabled_at timestamp with time zone',
    'created_at timestamp with time zone NOT NULL',
    'UNIQUE (id)',
    'UNIQUE (email)',
  ],
  sessions: [
    'token_hash bytea NOT NULL',
    'user_id text COLLATE "C" NOT NULL',
    'created_at timestamp with time zone NOT NULL',
    'seen_at timestamp with time zone NOT NULL',
    'expires_at timestamp with time zone NOT NULL',
    'UNIQUE (token_hash)',
    '(user_id)',
  ],
  sign_in_tries: [
    'key text COLLATE "C" NOT NULL',
    'tries integer NOT NULL',
    'ends_at timestamp with time zone NOT NULL',
    'UNIQUE (key)',
    '(ends_at)',
  ],
};
