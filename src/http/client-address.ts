// The network address that a request came from: of its connection, or, where that is a proxy that the node was told to trust, of whom
// the proxy says. What such a header says can be written by anybody, so nobody else's is read.

import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { Context } from 'hono';
import { derivedSecret } from './derived-secret.ts';
import { KeyedHash } from './keyed-hash.ts';

/** One subscriber has 2^64 addresses of IPv6: they count as one. */
const PREFIX_GROUPS = 4;
/** What one provider or company has: /24 of IPv4, /48 of IPv6. */
const NETWORK_OCTETS = 3;
const NETWORK_GROUPS = 3;
/** Of base64url: 128 bits. */
const HASH_CHARACTERS = 22;
/** Of an address as `of` says it. */
const ADDRESS_CHARACTERS_MAX = 64;
/** Groups of 16 bits in an address of IPv6. */
const GROUPS = 8;

/** Of a request that came over no connection. */
export const NO_ADDRESS = 'unknown';

/** @param list addresses, or networks such as 10.0.0.0/8 @returns undefined when one of them is neither */
export function proxiesOf(list: readonly string[]): BlockList | undefined {
  const proxies = new BlockList();
  for (const each of list) {
    const [address = '', bits] = each.split('/');
    const version = isIP(address);
    if (version === 0 || each.split('/').length > 2) return undefined;
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) proxies.addAddress(address, family);
    else if (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32))
      proxies.addSubnet(address, Number(bits), family);
    else return undefined;
  }
  return proxies;
}

/** What of a request tells its address. */
export type Arrived = Pick<IncomingMessage, 'headers' | 'socket'>;

interface Peer {
  /** Without a port, a zone, and IPv6 around IPv4. */
  readonly address: string;
  /** What its requests count as, unless it speaks for others. */
  readonly client: string;
  readonly isProxy: boolean;
}

export class ClientAddresses {
  readonly #proxies: BlockList;
  readonly #hash: KeyedHash;
  /** A connection has one other end, however many requests it brings. */
  readonly #peers = new WeakMap<object, Peer>();

  /** @param trusted addresses and networks, as `proxiesOf` takes them @param secret common to all nodes */
  constructor(trusted: readonly string[], secret: string) {
    const proxies = proxiesOf(trusted);
    if (proxies === undefined) throw new Error('a trusted proxy is neither an address nor a network');
    this.#proxies = proxies;
    this.#hash = new KeyedHash(derivedSecret(secret, 'address 1'), ADDRESS_CHARACTERS_MAX);
  }

  /** @returns an IPv4 address, or the /64 of an IPv6 one, always written alike */
  of({ socket, headers }: Arrived): string {
    let peer = this.#peers.get(socket);
    if (peer === undefined) this.#peers.set(socket, (peer = this.#peerOf(socket.remoteAddress)));
    return peer.isProxy ? this.#told(peer, headers['x-forwarded-for']) : peer.client;
  }

  /** The same, of a request that the framework has. */
  ofContext(c: Context): string {
    const arrived = (c.env as { readonly incoming?: Arrived } | undefined)?.incoming;
    if (arrived === undefined) return NO_ADDRESS;
    // What a test calls a request may have no headers of its own.
    const headers = { 'x-forwarded-for': c.req.header('x-forwarded-for') };
    return this.of({ socket: arrived.socket, headers });
  }

  /** What is kept of an address: alike for one address, and nobody without the secret finds the address from it. */
  hashOf(address: string): string {
    return this.#hash.of(address, 'utf8').slice(0, HASH_CHARACTERS);
  }

  #peerOf(remote: string | undefined): Peer {
    const address = plain(remote ?? NO_ADDRESS);
    return { address, client: subscriber(address), isProxy: this.#isTrusted(address) };
  }

  /** Each proxy adds whom it heard at the end. */
  #told(peer: Peer, forwarded: string | string[] | undefined): string {
    const told = String(forwarded ?? '').split(',');
    let client = peer.address;
    while (this.#isTrusted(client)) {
      const next = plain(told.pop() ?? '');
      if (isIP(next) === 0) break;
      client = next;
    }
    return subscriber(client);
  }

  #isTrusted(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#proxies.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }
}

/** Without a port, a zone, brackets, and IPv6 around IPv4. */
function plain(text: string): string {
  const trimmed = text.trim();
  const address =
    /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  const withoutZone = address.split('%')[0] ?? '';
  return /^::ffff:([\d.]+)$/i.exec(withoutZone)?.[1] ?? withoutZone;
}

const subscriber = (address: string): string =>
  isIP(address) === 6 ? `${ipv6Groups(address).slice(0, PREFIX_GROUPS).join(':')}::/64` : address;

/** @param address as `of` says it @returns the range that it is in: 203.0.113.0/24, 2001:db8:1::/48; `unknown` of what is no address */
export function networkOf(address: string): string {
  const [plainAddress = ''] = address.split('/');
  if (isIP(plainAddress) === 4) return `${plainAddress.split('.').slice(0, NETWORK_OCTETS).join('.')}.0/24`;
  if (isIP(plainAddress) !== 6) return NO_ADDRESS;
  return `${ipv6Groups(plainAddress).slice(0, NETWORK_GROUPS).join(':')}::/48`;
}

/** @param address of IPv6 @returns its eight groups, in lower case and without leading zeros */
function ipv6Groups(address: string): string[] {
  const [head = '', tail] = address.replace(/[\d.]+\.[\d.]+$/, '0:0').split('::');
  const groups = (text: string | undefined): string[] =>
    text ? text.split(':').map((group) => Number.parseInt(group, 16).toString(16)) : [];
  const [before, after] = [groups(head), groups(tail)];
  if (tail === undefined) return before;
  return [
    ...before,
    ...Array<string>(Math.max(0, GROUPS - before.length - after.length)).fill('0'),
    ...after,
  ];
}
