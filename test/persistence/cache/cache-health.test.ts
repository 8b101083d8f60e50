import { expect, test } from 'vitest';
import { CacheHealth } from '../../../src/persistence/cache/cache-health.ts';
import { troubleOf } from '../../../src/persistence/cache/cache-trouble.ts';
import { rememberingLog } from '../log.ts';

const AWAY = 'connect ECONNREFUSED 127.0.0.1:6379';
const READ_ONLY = "READONLY You can't write against a read only replica.";
const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
const ALL = 'All sentinels are unreachable. Retrying from scratch after 55 ms. Last error: ';

test.each([
  [AWAY, 'warn', /^the cache is away/],
  [`${ALL}${AWAY}`, 'warn', /^the cache is away/],
  ['no answer within 50 ms', 'warn', /^the cache is away/],
  [WRONG_PASSWORD, 'error', /^Redis refuses the user or the password/],
  ['NOAUTH Authentication required.', 'error', /^Redis refuses the user or the password/],
  [`${ALL}${WRONG_PASSWORD}`, 'error', /^the sentinels refuse the sentinelPassword/],
  ["NOPERM this user has no permissions to run the 'get' command", 'error', /^the user of REDIS_URL may not/],
  [READ_ONLY, 'error', /^REDIS_URL leads to a read-only replica/],
  [
    `ERR Error running script (call to f_1): @user_script:8: -${READ_ONLY}`,
    'error',
    /^REDIS_URL leads to a read-only replica/,
  ],
  ['self-signed certificate in certificate chain', 'error', /^the certificate of Redis is not trusted/],
  ['unable to verify the first certificate', 'error', /^the certificate of Redis is not trusted/],
  ["Hostname/IP does not match certificate's altnames: IP: 127.0.0.1", 'error', /^the certificate of Redis/],
])('%s', (cause, level, message) => {
  expect(troubleOf(cause)).toEqual({ level, message: expect.stringMatching(message) });
});

test('each kind of trouble is told once until it is over; what is away is not told when more is known', () => {
  const log = rememberingLog();
  let now = 0;
  const health = new CacheHealth(log, { monotonic: () => now });
  expect(health.isUnavailable).toBe(true);
  const levels = (): string[] => log.lines.map(({ level }) => level);
  for (const cause of [AWAY, AWAY, WRONG_PASSWORD, WRONG_PASSWORD, AWAY]) health.failed(cause);
  expect(levels()).toEqual(['warn', 'error']);
  now = 1_500;
  health.succeeded();
  health.succeeded();
  expect(health.isUnavailable).toBe(false);
  expect(levels()).toEqual(['warn', 'error', 'info']);
  expect(log.lines[2]).toMatchObject({ message: 'the cache is back', fields: { awayForMs: 1_500 } });
  health.failed(WRONG_PASSWORD);
  health.failed(AWAY);
  expect(levels()).toEqual(['warn', 'error', 'info', 'error']);
});

test('a server that takes nothing is told once until it does, and not when it is asked anew', () => {
  const log = rememberingLog();
  const health = new CacheHealth(log, { monotonic: () => 0 });
  const levels = (): string[] => log.lines.map(({ level }) => level);
  for (let round = 0; round < 3; round++) {
    health.succeeded();
    health.refusedEntry(READ_ONLY);
    expect(health.isUnavailable).toBe(false);
    health.failed('the connection ended');
    expect(health.isUnavailable).toBe(true);
  }
  health.succeeded();
  expect(levels()).toEqual(['error']);
  health.tookEntry();
  health.tookEntry();
  expect(levels()).toEqual(['error', 'info']);
  health.failed('the connection ended');
  health.succeeded();
  health.refusedEntry(READ_ONLY);
  expect(levels()).toEqual(['error', 'info', 'warn', 'info', 'error']);
});

test('a server that was there from the beginning is nothing to tell', () => {
  const log = rememberingLog();
  new CacheHealth(log, { monotonic: () => 0 }).succeeded();
  expect(log.lines).toEqual([]);
});
