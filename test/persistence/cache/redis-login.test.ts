// Credentials that Redis, a Cluster or the sentinels do not take: the log names what is wrong and shows no secret; nobody fails.

/* oxlint-disable vitest/expect-expect -- expectRefused asserts, too */

import { afterEach, expect, test } from 'vitest';
import { waitUntil } from '../../harness/wait-until.ts';
import { freePort } from '../../servers/free-port.ts';
import { startRedis, startSentinel, type RedisServer, type RedisSettings } from '../../servers/redis.ts';
import { rememberingLog } from '../log.ts';
import { endAll, expectRefused, openOn, started, whenFound } from './open-caches.ts';

const RIGHT = 'the-right-one';
const WRONG = 'the-wrong-one';
const SECRETS = [RIGHT, WRONG];
const LOGIN = /^Redis refuses the user or the password of REDIS_URL/;

afterEach(endAll);

const withLogin = (url: string, login: string): string => url.replace('://', `://${login}@`);

test('one server: a wrong password, a wrong user and none are named; with the right ones it works', async () => {
  const redis = await started(startRedis({ requirepass: RIGHT }));
  await expectRefused(withLogin(redis.url, `:${WRONG}`), LOGIN, SECRETS);
  await expectRefused(withLogin(redis.url, `nobody:${WRONG}`), LOGIN, SECRETS);
  await expectRefused(redis.url, LOGIN, SECRETS);
  await whenFound(openOn(withLogin(redis.url, `:${RIGHT}`)), 'x');
});

test('a user with the rights that docs/cache.md lists suffices; one with fewer is named', async () => {
  const redis = await started(startRedis());
  const rights = '~test:v1:* +getrange +set +eval +evalsha +time +info';
  const set = (user: string): Promise<string> => redis.ask(`ACL SETUSER ${user}`);
  expect(await set(`enough on >${RIGHT} ${rights}`)).toBe('+OK');
  expect(await set(`less on >${RIGHT} ~another:* +getrange +eval +evalsha +info`)).toBe('+OK');
  const log = rememberingLog();
  await whenFound(openOn(withLogin(redis.url, `enough:${RIGHT}`), log), 'x');
  expect(log.lines).toEqual([]);
  const refused = rememberingLog();
  const cache = openOn(withLogin(redis.url, `less:${RIGHT}`), refused);
  await waitUntil('it is said', async () => {
    expect(await cache.get('order', 'x')).toBeUndefined();
    return refused.lines.length > 0;
  });
  expect(refused.lines[0]).toMatchObject({
    level: 'error',
    message: expect.stringMatching(/^the user of REDIS_URL may not/),
  });
  expect(JSON.stringify(refused.lines)).not.toContain(RIGHT);
});

test('a Cluster: a wrong password is named; with the right one it works', async () => {
  const redis = await started(startClusterOfOne({ requirepass: RIGHT }));
  const url = redis.url.replace('redis:', 'redis+cluster:');
  await expectRefused(withLogin(url, `:${WRONG}`), LOGIN, SECRETS);
  await expectRefused(url, LOGIN, SECRETS);
  await whenFound(openOn(withLogin(url, `:${RIGHT}`)), 'x');
});

test('sentinels have a password of their own, and the primary has another: each is named', async () => {
  const primary = await started(startRedis({ requirepass: RIGHT }));
  const own = 'of-the-sentinel';
  const sentinel = await started(
    startSentinel([
      `sentinel monitor sale 127.0.0.1 ${primary.port} 1`,
      `requirepass ${own}`,
      `sentinel auth-pass sale ${RIGHT}`,
    ]),
  );
  const url = (login: string, query: string): string =>
    `redis+sentinel://${login}127.0.0.1:${sentinel.port}/sale${query}`;
  const sentinels = /^the sentinels refuse the sentinelPassword of REDIS_URL/;
  const secrets = [...SECRETS, own];
  await expectRefused(url(`:${RIGHT}@`, `?sentinelPassword=${WRONG}`), sentinels, secrets);
  await expectRefused(url(`:${RIGHT}@`, ''), sentinels, secrets);
  await expectRefused(url(`:${WRONG}@`, `?sentinelPassword=${own}`), LOGIN, secrets);
  await whenFound(openOn(url(`:${RIGHT}@`, `?sentinelPassword=${own}`)), 'x');
});

test('it is refused while its password is another one, and used when that is mended', async () => {
  const redis = await started(startRedis({ requirepass: WRONG }));
  const log = rememberingLog();
  const cache = openOn(withLogin(redis.url, `:${RIGHT}`), log);
  await waitUntil('it is named', () => log.lines.length > 0);
  await redis.ask(`AUTH ${WRONG}\r\nCONFIG SET requirepass ${RIGHT}`);
  await whenFound(cache, 'x');
  expect(log.lines.map(({ level }) => level)).toEqual(['error', 'info']);
  expect(JSON.stringify(log.lines)).not.toMatch(new RegExp(SECRETS.join('|')));
});

async function startClusterOfOne(settings: RedisSettings): Promise<RedisServer> {
  const redis = await startRedis({
    ...settings,
    'cluster-enabled': 'yes',
    'cluster-port': await freePort(),
    'cluster-announce-ip': '127.0.0.1',
  });
  await redis.ask(`AUTH ${RIGHT}\r\nCLUSTER ADDSLOTSRANGE 0 16383`);
  return redis;
}
