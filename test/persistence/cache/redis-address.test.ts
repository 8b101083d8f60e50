import { expect, test } from 'vitest';
import { parseRedisAddress } from '../../../src/persistence/cache/index.ts';

const nobody = { username: undefined, password: undefined };

test.each([
  ['redis://cache', { kind: 'single', tls: false, host: 'cache', port: 6_379, db: 0, ...nobody }],
  [
    'rediss://u:p@cache:1/3',
    { kind: 'single', tls: true, host: 'cache', port: 1, db: 3, username: 'u', password: 'p' },
  ],
  [
    'redis://:p%40%2F@[::1]:2',
    { kind: 'single', host: '::1', port: 2, username: undefined, password: 'p@/' },
  ],
  [
    'redis+sentinel://u:p@a:1,b/sale?db=2&sentinelPassword=q',
    {
      kind: 'sentinel',
      sentinels: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26_379 },
      ],
      name: 'sale',
      db: 2,
      sentinelPassword: 'q',
      username: 'u',
      password: 'p',
    },
  ],
  ['rediss+sentinel://a/sale', { kind: 'sentinel', tls: true, name: 'sale' }],
  ['rediss+cluster://a:1', { kind: 'cluster', tls: true, nodes: [{ host: 'a', port: 1 }] }],
  [
    'redis+cluster://a:1,b:2',
    {
      kind: 'cluster',
      tls: false,
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      ...nobody,
    },
  ],
])('%s is understood', (text, parts) => {
  expect(parseRedisAddress(text)).toMatchObject(parts);
});

test.each([
  ['', 'is no address'],
  ['cache:6379', 'is no address'],
  ['http://cache', 'no scheme'],
  ['rediss+others://cache', 'no scheme'],
  ['redis+rediss://cache', 'no scheme'],
  ['redis://', 'is no address'],
  ['redis://:pass-word@cache:0', 'a host or a port'],
  ['redis://:pass-word@cache:66666', 'a host or a port'],
  ['redis://:pass-word@a:1,b:2', 'neither Sentinel nor Cluster'],
  ['redis://pass-word@cache', 'a user without a password'],
  ['redis://:pass-word@cache/first', 'a database that is no number'],
  ['redis://:pass-word@cache?db=1', 'a parameter'],
  ['redis://:pass-word%@cache', 'a % that begins no sign'],
  ['redis+sentinel://:pass-word@a:1,b:2', 'lacks the name'],
  ['redis+sentinel://:pass-word@a:1/sale?sentinelpassword=pass-word', 'a parameter'],
  ['redis+cluster://:pass-word@a:1/2', 'names a database'],
])('%s is refused, and says what would be right without the password', (text, why) => {
  let message = '';
  try {
    parseRedisAddress(text);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toContain(why);
  expect(message).toContain('redis+sentinel://[user:password@]host');
  expect(message).not.toContain('pass-word');
});
