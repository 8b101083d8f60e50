// Whether the NATS servers can keep what an acknowledgement promises. What they cannot keep is refused by name, with what
// to do; what they keep in part, or what cannot be known, is told.

import { ExpectedError } from '../expected-error.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';
import { connectedServer, monitoredServer, type ServerFacts } from './server-facts.ts';

export interface ServerNeeds {
  readonly replicas: 1 | 3;
  /** The largest record. */
  readonly flushBytesMax: number;
}

export interface ServerCheckOptions extends ServerNeeds {
  /** Where the servers' monitoring listens; without them nobody tells whether they sync. */
  readonly monitorUrls: readonly string[];
}

/** A server that must not keep a journal. */
export class ServerUnfit extends ExpectedError {
  override readonly name = 'ServerUnfit';
}

type Version = readonly [major: number, minor: number, patch: number];

/** Streams have no metadata before it, and nothing can make it sync each message. */
const OLDEST: Version = [2, 10, 0];
/** Before it, three servers acknowledge two appends that expect the same, or lose acknowledged ones. */
const OLDEST_REPLICATED: Version = [2, 11, 0];
const SOUND_REPLICATED: Version = [2, 12, 3];
/** These lose a whole stream when they are killed. */
const LOSING: readonly [Version, Version] = [
  [2, 10, 20],
  [2, 10, 22],
];

/** @returns what an operator should know @throws ServerUnfit */
export async function checkServer(link: Link, options: ServerCheckOptions): Promise<string[]> {
  const connected = connectedServer(link);
  const monitored: ServerFacts[] = [];
  const silent: string[] = [];
  for (const url of options.monitorUrls) {
    try {
      monitored.push(await monitoredServer(url));
    } catch (error) {
      silent.push(`The monitoring of NATS at ${url} does not answer: ${(error as Error).message}.`);
    }
  }
  const isMonitored = monitored.some(({ name }) => name === connected.name);
  return [...silent, ...judgeServers(isMonitored ? monitored : [connected, ...monitored], options)];
}

/** @throws ServerUnfit */
export function judgeServers(servers: readonly ServerFacts[], needs: ServerNeeds): string[] {
  const unfit = servers.flatMap((server) => refusalsOf(server, needs));
  if (unfit.length > 0) throw new ServerUnfit(unfit.join(' '));
  const told = servers.flatMap((server) => warningsOf(server, needs));
  if (servers.length >= needs.replicas) return told;
  return [
    ...told,
    `Of ${needs.replicas} NATS servers that keep the journal only ${servers.length} could be looked at: the versions and ` +
      'settings of the others are not known. Tell where their monitoring listens.',
  ];
}

function refusalsOf(server: ServerFacts, { replicas, flushBytesMax }: ServerNeeds): string[] {
  const { name, version, maxPayloadBytes, hasJetStream } = server;
  const who = `NATS server ${name} ${version}`;
  const faults: string[] = [];
  if (!hasJetStream) faults.push(`${who} has no JetStream: start it with "jetstream" in its configuration.`);
  const known = versionOf(version);
  if (known === undefined) faults.push(`${who} does not tell a version that is known here.`);
  else if (isBefore(known, OLDEST))
    faults.push(`${who} is too old: 2.10 is needed, and 2.12.3 for three servers.`);
  else if (replicas > 1 && isBefore(known, OLDEST_REPLICATED)) {
    faults.push(`${who} does not keep a journal of three copies safely: 2.11 is needed, 2.12.3 is better.`);
  } else if (!isBefore(known, LOSING[0]) && !isBefore(LOSING[1], known)) {
    faults.push(`${who} can lose everything when it is killed: 2.10.23 or later is needed.`);
  }
  const needed = flushBytesMax + JETSTREAM_LIMITS.messageOverheadBytes;
  if (maxPayloadBytes < needed) {
    faults.push(
      `${who} takes messages of ${maxPayloadBytes} bytes, and a record may need ${needed}: raise max_payload.`,
    );
  }
  return faults;
}

function warningsOf(server: ServerFacts, { replicas }: ServerNeeds): string[] {
  const { name, version, syncsAlways, asksForUsers } = server;
  const who = `NATS server ${name} ${version}`;
  const told: string[] = [];
  if (replicas > 1 && isBefore(versionOf(version)!, SOUND_REPLICATED)) {
    told.push(`${who} has faults in clusters that 2.12.3 no longer has: update it.`);
  }
  if (syncsAlways === false) {
    told.push(
      `${who} acknowledges what it has not synced: a power loss, at all its copies at once, loses orders that were ` +
        'acknowledged. Set "sync_interval: always" in the "jetstream" block of its configuration.',
    );
  } else if (syncsAlways === undefined) {
    told.push(
      `Whether ${who} syncs a message before it acknowledges it cannot be known here, since a server tells it on its ` +
        'monitoring page alone. Unless it has "sync_interval: always", a power loss loses orders that were acknowledged.',
    );
  }
  if (!asksForUsers) {
    told.push(
      `${who} asks nobody for a user: whoever reaches it is an admin of the shop and may write to the journal. Give it users ` +
        'with no more permissions than they need: docs/jetstream.md#permissions.',
    );
  }
  return told;
}

function versionOf(text: string): Version | undefined {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  return patch === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function isBefore(one: Version, other: Version): boolean {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at !== -1 && one[at]! < other[at]!;
}
