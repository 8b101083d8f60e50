// Why no connection to Postgres came about, in words for whoever wrote DATABASE_URL: host, database and user by name, the
// password never.

import { Client, type Pool } from 'pg';
import { ExpectedError } from '../runtime/expected-error.ts';
import { POSTGRES_LIMITS } from './connection.ts';

/** Trying again can help, when somebody else mends it; the message says what. */
export class PostgresUnreachable extends ExpectedError {
  override readonly name = 'PostgresUnreachable';

  /** @param pool that could not connect */
  constructor(error: unknown, pool: Pool) {
    super(
      `Postgres cannot be used: ${reasonOf(error, pool)}. Check DATABASE_URL, and that the server runs.`,
      {
        cause: error,
      },
    );
  }
}

function reasonOf(error: unknown, pool: Pool): string {
  // Not connected: it only takes the settings apart, as the pool's own clients do.
  const { host, port, user, database } = new Client(pool.options);
  const server = host.startsWith('/') ? `the socket in ${host}, port ${port}` : `${host}:${port}`;
  const message = messageOf(error);
  const code = (error as { code?: string } | null)?.code ?? '';
  if (message.startsWith('SASL') && message.includes('password must be'))
    return `${server} wants a password of the user "${user}", and none is given`;
  if (/timeout/i.test(message) || code === 'ETIMEDOUT')
    return `${server} did not answer in ${POSTGRES_LIMITS.connectTimeoutMs} ms`;
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host name ${host} is unknown here (${code})`;
    case 'ECONNREFUSED':
    case 'ENOENT':
      return `nobody listens at ${server} (${code})`;
    case '28P01':
      return `${server} refuses the password of the user "${user}"`;
    case '28000':
      return `${server} does not let the user "${user}" in: ${message}`;
    case '3D000':
      return `${server} has no database "${database}"`;
    case '42501':
      return `the user "${user}" may not enter the database "${database}" (GRANT CONNECT ON DATABASE): ${message}`;
    case '53300':
      return `${server} has no connection left: ${message}`;
    default:
      return `${server}: ${message}`;
  }
}

/** A refused connection is an AggregateError whose own message is empty. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
