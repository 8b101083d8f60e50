import { expect, test } from 'vitest';
import { ClientAddresses, networkOf, NO_ADDRESS, type Arrived } from '../../src/http/client-address.ts';

const addresses = new ClientAddresses(['10.9.0.0/16', 'fd00::9'], 'a secret');

const arrived = (remoteAddress: string | undefined, forwarded?: string): Arrived =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as never;

test.each([
  ['192.0.2.7', undefined, '192.0.2.7'],
  ['::ffff:192.0.2.7', undefined, '192.0.2.7'],
  // Nobody is believed who was not named as a proxy.
  ['192.0.2.7', '203.0.113.1', '192.0.2.7'],
  ['10.9.1.1', '198.51.100.1, 203.0.113.1', '203.0.113.1'],
  ['10.9.1.1', '198.51.100.1, 203.0.113.1, 10.9.2.2', '203.0.113.1'],
  ['10.9.1.1', '203.0.113.1:4711', '203.0.113.1'],
  ['10.9.1.1', 'somebody', '10.9.1.1'],
  ['10.9.1.1', undefined, '10.9.1.1'],
  ['fd00::9', '[2001:db8:1:2:3::4]:80', '2001:db8:1:2::/64'],
  // One address in many forms is one.
  ['2001:db8:1:2::9', undefined, '2001:db8:1:2::/64'],
  ['fd00::9', '2001:0DB8:0001:0002:0:0:0:1', '2001:db8:1:2::/64'],
  ['2001:db8::1', undefined, '2001:db8:0:0::/64'],
  ['fe80::1%eth0', undefined, 'fe80:0:0:0::/64'],
  ['::1:2:3:4:5:192.0.2.1', undefined, '0:1:2:3::/64'],
  [undefined, undefined, NO_ADDRESS],
])('a connection from %s that says %s counts as %s', (remote, forwarded, counted) => {
  expect(addresses.of(arrived(remote, forwarded))).toBe(counted);
});

test('each request of a proxy’s connection has its own address', () => {
  const { socket } = arrived('10.9.1.1');
  const told = ['203.0.113.1', '203.0.113.2'].map((forwarded) =>
    addresses.of({ socket, headers: { 'x-forwarded-for': forwarded } }),
  );
  expect(told).toEqual(['203.0.113.1', '203.0.113.2']);
});

test('a hash is alike for one address on all nodes of one secret, and tells no address', () => {
  const other = new ClientAddresses([], 'a secret');
  expect(addresses.hashOf('192.0.2.7')).toBe(other.hashOf('192.0.2.7'));
  expect(addresses.hashOf('192.0.2.7')).toMatch(/^[\w-]{22}$/);
  expect(addresses.hashOf('192.0.2.7')).not.toBe(addresses.hashOf('192.0.2.8'));
  expect(addresses.hashOf('192.0.2.7')).not.toBe(new ClientAddresses([], 'another').hashOf('192.0.2.7'));
});

test('a network is the /24 of an IPv4 address and the /48 of an IPv6 one', () => {
  expect(networkOf('192.0.2.7')).toBe('192.0.2.0/24');
  expect(networkOf('2001:db8:1:2::/64')).toBe('2001:db8:1::/48');
  expect(networkOf(NO_ADDRESS)).toBe(NO_ADDRESS);
});
