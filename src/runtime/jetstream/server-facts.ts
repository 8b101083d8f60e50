// What can be found out about the NATS servers. A client is told the version and the largest message of the server that it
// is connected to; how often servers sync, and what the others are, only their monitoring pages tell (`http` in a server's
// configuration).

import type { Link } from './link.ts';

export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  readonly maxPayloadBytes: number;
  readonly hasJetStream: boolean;
  /** Whether every message is synced before it is acknowledged; undefined when that cannot be known. */
  readonly syncsAlways: boolean | undefined;
  /** False: whoever reaches it may do everything. */
  readonly asksForUsers: boolean;
}

/** As the server itself tells it, in part. */
interface Varz {
  readonly server_name: string;
  readonly version: string;
  readonly max_payload: number;
  /** Left out when it is false. */
  readonly auth_required?: boolean;
  readonly jetstream?: { readonly config?: { readonly sync_always?: boolean } };
}

/** Of the server at the other end. */
export function connectedServer({ connection: { info } }: Link): ServerFacts {
  return {
    name: info?.server_name ?? '',
    version: info?.version ?? '',
    maxPayloadBytes: info?.max_payload ?? 0,
    hasJetStream: info?.jetstream ?? false,
    syncsAlways: undefined,
    asksForUsers: info?.auth_required ?? false,
  };
}

/** The cluster of the server at the other end, and how many servers of it that one tells of. */
export function clusterOf({ connection: { info } }: Link): { cluster: string | undefined; known: number } {
  return { cluster: info?.cluster, known: new Set(info?.connect_urls).size };
}

/** @param url of a server's monitoring, `http://host:8222` @throws when it does not answer */
export async function monitoredServer(url: string): Promise<ServerFacts> {
  const response = await fetch(new URL('/varz', url), { signal: AbortSignal.timeout(MONITOR_MS_MAX) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const { server_name, version, max_payload, auth_required, jetstream } = (await response.json()) as Varz;
  return {
    name: server_name,
    version,
    maxPayloadBytes: max_payload,
    hasJetStream: jetstream?.config !== undefined,
    // Left out when it is false.
    syncsAlways: jetstream?.config?.sync_always ?? false,
    asksForUsers: auth_required ?? false,
  };
}

const MONITOR_MS_MAX = 5_000;
