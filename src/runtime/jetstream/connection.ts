// Where the NATS servers are and as whom to connect: the same for the main thread of a node and for each of the others.

import { AuthorizationError, type NodeConnectionOptions } from '@nats-io/transport-node';
import { ExpectedError } from '../expected-error.ts';
import type { Timers } from '../ports.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import { Link } from './link.ts';

export interface NatsConnectionSettings {
  /** Servers of one cluster, each `nats://[user:password@]host[:port]`, or `tls://…`; a name and no password is a token. */
  readonly servers: readonly string[];
  /** Answers come under it; permissions may allow each user its own. */
  readonly inboxPrefix?: string | undefined;
}

/** No NATS server takes us. */
export class NatsUnreachable extends ExpectedError {
  override readonly name = 'NatsUnreachable';
}

/** @throws NatsUnreachable */
export async function openLink(
  settings: NatsConnectionSettings,
  timers: Pick<Timers, 'after'>,
): Promise<Link> {
  const options = connectionOptionsOf(settings);
  try {
    return await Link.open(options, timers);
  } catch (error) {
    const where = [options.servers].flat().join(', ');
    const why = error instanceof Error ? error.message : String(error);
    const todo =
      error instanceof AuthorizationError
        ? 'Check the user and the password in NATS_URL.'
        : 'Check NATS_URL, and that the servers run and can be reached from here.';
    throw new NatsUnreachable(`No NATS server at ${where} takes this node: ${why}. ${todo}`, {
      cause: error,
    });
  }
}

/** The client takes addresses without users. The first one with a user says who connects. @throws NatsUnreachable */
export function connectionOptionsOf({ servers, inboxPrefix }: NatsConnectionSettings): NodeConnectionOptions {
  const urls = servers.map(urlOf);
  const who = urls.find(({ username }) => username !== '');
  return {
    servers: urls.map(({ host }) => host),
    timeout: JETSTREAM_LIMITS.connectMs,
    ...(urls.some(({ protocol }) => protocol === 'tls:') && { tls: {} }),
    ...(inboxPrefix !== undefined && { inboxPrefix }),
    ...(who && credentialsOf(who)),
  };
}

function credentialsOf({ username, password }: URL): { token: string } | { user: string; pass: string } {
  if (password === '') return { token: decodeURIComponent(username) };
  return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}

function urlOf(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `nats://${text}`);
  const isKnown = url !== null && ['nats:', 'tls:'].includes(url.protocol) && url.hostname !== '';
  if (isKnown) return url;
  // It may carry a password, so it is not shown.
  throw new NatsUnreachable('NATS_URL must be nats://host:port, or tls://host:port, or several with commas.');
}
