// The network address that a try to sign in came from: of the connection, or, where that is a proxy that the node was told to trust,
// of whom the proxy says. What such a header says can be written by anybody, so nobody else's is read.

import { BlockList, isIP } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

/** One subscriber has 2^64 addresses of IPv6: they count as one. */
const PREFIX_GROUPS = 4;

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

export function clientAddress(c: Context, proxies: BlockList): string {
  let client = plain(getConnInfo(c).remote.address ?? 'unknown');
  // Each proxy adds whom it heard at the end.
  const told = c.req.header('x-forwarded-for')?.split(',') ?? [];
  while (isTrusted(client, proxies)) {
    const next = plain(told.pop() ?? '');
    if (isIP(next) === 0) break;
    client = next;
  }
  return isIP(client) === 6 ? `${expanded(client).slice(0, PREFIX_GROUPS).join(':')}::/64` : client;
}

function isTrusted(address: string, proxies: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && proxies.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** Without a port, a zone, brackets, and IPv6 around IPv4. */
function plain(text: string): string {
  const trimmed = text.trim();
  const address =
    /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  const withoutZone = address.split('%')[0]!;
  return /^::ffff:([\d.]+)$/i.exec(withoutZone)?.[1] ?? withoutZone;
}

function expanded(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : []);
  const [before, after] = [groups(head), groups(tail)];
  if (tail === undefined) return before;
  return [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after];
}
