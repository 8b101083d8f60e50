// The sandbox's own file: payments, what it took and gave back, and the webhooks that it owes. Synchronous to the disk, so that what it
// answered survives whatever happens to its process.

import { DatabaseSync } from 'node:sqlite';

const TABLES = `
  CREATE TABLE IF NOT EXISTS payments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('open', 'pending', 'captured', 'refunded', 'voided')),
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    -- Of the last try.
    token TEXT,
    declined TEXT,
    -- When a pending one is decided, epoch milliseconds; NULL: never by itself.
    due_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS payments_due ON payments (due_at) WHERE due_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS movements (
    order_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('capture', 'refund')),
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS webhooks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What the receiver knows it by: the same for the same news.
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    -- NULL: delivered, or given up.
    due_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;`;

export function openSandboxFile(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;');
  database.exec(TABLES);
  return database;
}
