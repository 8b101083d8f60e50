// The network address that a request came from. Of a proxy, where one stands in front: what a header says of who is behind it can
// be written by anybody.

import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

/** One subscriber has 2^64 addresses of IPv6: they count as one. */
const PREFIX_GROUPS = 4;

export function clientAddress(c: Context): string {
  const { address = 'unknown' } = getConnInfo(c).remote;
  const mapped = /^::ffff:([\d.]+)$/.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return address.includes(':') ? `${expanded(address).slice(0, PREFIX_GROUPS).join(':')}::/64` : address;
}

function expanded(address: string): string[] {
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : []);
  const [before, after] = [groups(head), groups(tail)];
  if (tail === undefined) return before;
  return [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after];
}
