// Uploads and removals when stores fail, nodes die and products change: everything arrives in the end, nothing that is used is
// forgotten, and nothing that is not used stays.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  AssetLibrary,
  AssetUploader,
  PurgeHook,
  type AssetUploaderOptions,
  type UploadLimits,
} from '../../../src/persistence/index.ts';
import { systemClock, systemTimers as timers } from '../../../src/runtime/index.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { startPostgres, type PostgresServer } from '../../servers/postgres.ts';
import { addProduct, emptyCatalogue, openCatalogue, setAssets } from './catalogue-database.ts';
import { MemoryStore } from './memory-store.ts';

const CDN = 'https://cdn.example.com/';
const DAY_MS = 24 * 3_600_000;
const QUICK: Partial<UploadLimits> = {
  firstRetryMs: 5,
  lastRetryMs: 40,
  lookPeriodMs: 10,
  sweepPeriodMs: 20,
};

let postgres: PostgresServer;
let pool: Pool;
let store: MemoryStore;
let library: AssetLibrary;
let uploaders: AssetUploader[] = [];
let pictures = 0;
let aheadMs = 0;
const clock = { now: () => systemClock.now() + aheadMs, monotonic: () => systemClock.monotonic() };

beforeAll(async () => {
  postgres = await startPostgres();
  pool = await openCatalogue(postgres.connection, 8);
}, 120_000);
afterAll(async () => {
  await pool?.end();
  await postgres?.stop();
}, 60_000);
beforeEach(async () => {
  aheadMs = 0;
  await emptyCatalogue(pool);
  store = new MemoryStore();
  library = openLibrary(store);
});
afterEach(async () => {
  await Promise.all(uploaders.map((uploader) => uploader.stop()));
  uploaders = [];
});

/** Pictures need no process here: each is two files of a few bytes, one of which all have in common. */
const desk = {
  make: async (bytes: Uint8Array) => {
    const common = { name: `${'c'.repeat(64)}.jpg`, width: 9, height: 9, type: 'image/jpeg' as const };
    const hex = Buffer.from(bytes).toString('hex').padStart(64, '0');
    const own = { name: `${hex}.webp`, width: 9, height: 9, type: 'image/webp' as const };
    const files = [own, common].map((file) => ({ ...file, bytes: new Uint8Array(Buffer.from(file.name)) }));
    return { outcome: 'made' as const, width: 9, height: 9, files };
  },
};
const COMMON = `${'c'.repeat(64)}.jpg`;

const openLibrary = (to: MemoryStore): AssetLibrary =>
  new AssetLibrary({ pool, clock, desk, store: to, cdnUrl: CDN, secret: 'a secret' });

function start(options: Partial<AssetUploaderOptions> = {}): AssetUploader {
  const uploader = new AssetUploader({
    pool,
    clock,
    timers,
    store,
    owner: 'a',
    purge: undefined,
    limits: QUICK,
    onTrouble: () => undefined,
    onMended: () => undefined,
    ...options,
  });
  uploaders.push(uploader);
  uploader.start();
  return uploader;
}

/** @returns its id, and its file that no other has */
async function addPicture(): Promise<{ id: string; own: string }> {
  const added = await library.addImage(Buffer.from(`picture ${++pictures}`));
  if (added.outcome !== 'added') throw new Error(added.reason);
  return { id: added.image.id, own: added.image.variants[0]!.file };
}

async function addData(value: object): Promise<string> {
  const client = await pool.connect();
  try {
    return await library.addDataFile(client, value);
  } finally {
    client.release();
  }
}

/** The days of a picture and of a file that no product shows are counted from now on. */
const whenMarked = (imageId: string, file: string): Promise<unknown> =>
  waitUntil('both are marked', async () => {
    const { rows } = await pool.query(
      `SELECT FROM doorbuster_catalogue.images WHERE id = $1 AND unused_since IS NOT NULL
       UNION ALL SELECT FROM doorbuster_catalogue.files WHERE name = $2 AND unused_since IS NOT NULL`,
      [imageId, file],
    );
    return rows.length === 2;
  });

const whenUploaded = (of = library): Promise<unknown> =>
  waitUntil(
    'everything is uploaded',
    async () => {
      const { files, uploaded } = await of.progress();
      return files > 0 && uploaded === files;
    },
    () => store,
  );

async function fileNames(): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    'SELECT name FROM doorbuster_catalogue.files ORDER BY name',
  );
  return rows.map(({ name }) => name);
}

test('while the store fails it is said why, tried again with pauses, and everything arrives when it works', async () => {
  const told: string[] = [];
  store.trouble = 'The bucket "b" refuses the key';
  start({ onTrouble: (reason) => told.push(reason), onMended: () => told.push('mended') });
  const { id, own } = await addPicture();
  await waitUntil('it was tried often', () => store.puts >= 8);
  expect(await library.progressOf([id])).toEqual({
    files: 2,
    uploaded: 0,
    failing: 2,
    lastError: 'The bucket "b" refuses the key',
  });
  expect((await library.image(id))!.variants[0]!.url).toBe(`/assets/${own}`);
  expect(Buffer.from((await library.file(own))!).toString()).toBe(own);
  expect(told).toEqual(['The bucket "b" refuses the key']);

  store.trouble = undefined;
  await whenUploaded();
  expect(await library.progress()).toEqual({ files: 2, uploaded: 2, failing: 0, lastError: undefined });
  expect((await library.image(id))!.variants[0]!.url).toBe(CDN + own);
  await waitUntil('it is said', () => told.includes('mended'));
  expect(told).toEqual(['The bucket "b" refuses the key', 'mended']);
});

test('the longer a store fails, the longer are the pauses, up to a bound; when it answers, nothing waits for its hour', async () => {
  store.trouble = 'down';
  start({ limits: { ...QUICK, firstRetryMs: 50, lastRetryMs: 3_600_000 } });
  await addPicture();
  const next = async (): Promise<number> => {
    const { rows } = await pool.query<{ ms: number; attempts: number }>(
      `SELECT max(extract(epoch FROM next_try_at) * 1000)::float AS ms, min(attempts)::int AS attempts
       FROM doorbuster_catalogue.uploads WHERE last_error IS NOT NULL`,
    );
    return rows[0]!.attempts >= 5 ? rows[0]!.ms - clock.now() : 0;
  };
  await waitUntil('it waits for seconds', async () => (await next()) > 300);
  // Everything failed sits far in the future; one new file that arrives brings the others along.
  await pool.query("UPDATE doorbuster_catalogue.uploads SET next_try_at = now() + interval '1 hour'");
  store.trouble = undefined;
  await addPicture();
  await whenUploaded();
  expect(store.files.size).toBe(3);
});

test('what a node that died had in hand is taken up by itself at once, by another when its time is over', async () => {
  // It dies in the middle of its puts: they never end, and it says nothing more.
  store.gate = new Promise(() => undefined);
  const dead = new AssetUploader({
    pool,
    clock,
    timers,
    store,
    owner: 'dead',
    purge: undefined,
    onTrouble: () => undefined,
    onMended: () => undefined,
  });
  await addPicture();
  dead.start();
  await waitUntil('it has both in hand', () => store.puts === 2);

  store.gate = Promise.resolve();
  const other = start({ owner: 'b' });
  const { own } = await addPicture();
  await waitUntil('the new one is there', () => store.files.has(own));
  expect(store.files.size).toBe(1);

  aheadMs = 121_000;
  await whenUploaded();
  await other.stop();

  store.gate = new Promise(() => undefined);
  store.puts = 0;
  const third = await addPicture();
  const again = new AssetUploader({ ...optionsOf(), owner: 'c' });
  again.start();
  await waitUntil('it has it in hand', () => store.puts === 1);
  store.gate = Promise.resolve();
  start({ owner: 'c' });
  await waitUntil('it is there', () => store.files.has(third.own));
});

const optionsOf = (): AssetUploaderOptions => ({
  pool,
  clock,
  timers,
  store,
  owner: 'a',
  purge: undefined,
  onTrouble: () => undefined,
  onMended: () => undefined,
});

test('a stop leaves what is under way to others, at once and without a word', async () => {
  const told: string[] = [];
  store.gate = new Promise(() => undefined);
  const stopped = start({ onTrouble: (reason) => told.push(reason) });
  const { id } = await addPicture();
  await waitUntil('it has both in hand', () => store.puts === 2);
  await stopped.stop();
  expect(told).toEqual([]);
  expect(await library.progressOf([id])).toEqual({ files: 2, uploaded: 0, failing: 0, lastError: undefined });
  store.gate = Promise.resolve();
  start({ owner: 'b' });
  await whenUploaded();
});

test('several nodes with one store upload each file once', async () => {
  for (let each = 0; each < 10; each++) await addPicture();
  start({ owner: 'a' });
  start({ owner: 'b' });
  start({ owner: 'c' });
  await whenUploaded();
  expect(store.puts).toBe(11);
});

test('another store gets everything that the first one had', async () => {
  start();
  const { id, own } = await addPicture();
  await whenUploaded();
  const second = new MemoryStore('another bucket');
  const moved = openLibrary(second);
  expect((await moved.image(id))!.variants[0]!.url).toBe(`/assets/${own}`);
  start({ store: second, owner: 'b' });
  await whenUploaded(moved);
  expect(second.files).toEqual(store.files);
  expect((await moved.image(id))!.variants[0]!.url).toBe(CDN + own);
});

test('what no product shows is forgotten some days later, in Postgres and in the store; what one shows stays', async () => {
  start();
  await addProduct(pool, 'kettle');
  const used = await addPicture();
  const unused = await addPicture();
  const data = await addData({ name: 'Kettle' });
  const oldData = await addData({ name: 'Kettle of yesterday' });
  await setAssets(pool, 'kettle', { imageIds: [used.id], dataFile: data });
  await whenUploaded();
  await whenMarked(unused.id, oldData);

  aheadMs = 6 * DAY_MS;
  const kept = await addPicture();
  await whenUploaded();
  aheadMs = 8 * DAY_MS;
  await waitUntil(
    'they are gone from the store',
    () => !store.files.has(unused.own) && !store.files.has(oldData),
  );
  const expected = [used.own, data, kept.own, COMMON].toSorted();
  await waitUntil('they are gone', async () => (await fileNames()).length === expected.length);
  expect(await fileNames()).toEqual(expected);
  expect([...store.files.keys()].toSorted()).toEqual(expected);
  expect([...(await library.images([used.id, unused.id, kept.id])).keys()].toSorted()).toEqual(
    [used.id, kept.id].toSorted(),
  );

  // Its product shows it no more: from now on its days are counted.
  await setAssets(pool, 'kettle', {});
  await whenMarked(used.id, data);
  expect(store.files.has(used.own)).toBe(true);
  aheadMs = 16 * DAY_MS;
  await waitUntil('all are gone from the store', () => store.files.size === 0);
  expect(await fileNames()).toEqual([]);
});

test('a file that is wanted again while it is being removed is there in the end', async () => {
  const uploader = start();
  const { own } = await addPicture();
  await whenUploaded();
  await uploader.stop();
  store.trouble = 'down';
  aheadMs = 8 * DAY_MS;
  const rows = async (): Promise<{ wanted: string; attempts: number }[]> =>
    (await pool.query('SELECT wanted, attempts FROM doorbuster_catalogue.uploads')).rows as never;
  const states = async (): Promise<string[]> => (await rows()).map(({ wanted }) => wanted);
  const sweeping = start();
  await waitUntil('both are to be removed', async () => (await states()).join() === 'absent,absent');
  await sweeping.stop();
  // One that does not look for files that the store lacks, which would also find this one, later.
  await pool.query('UPDATE doorbuster_catalogue.uploads SET attempts = 0');
  start({ limits: { ...QUICK, sweepPeriodMs: 1e9 } });
  await waitUntil('it has tried', async () => (await rows()).every(({ attempts }) => attempts > 0));
  pictures--;
  expect((await addPicture()).own).toBe(own);
  store.trouble = undefined;
  await whenUploaded();
  expect(store.files.has(own)).toBe(true);
  expect(await states()).toEqual(['present', 'present']);
});

let hook: Server | undefined;
afterEach(() => {
  hook?.closeAllConnections();
  hook?.close();
});

async function startHook(
  answer: (call: number) => number,
): Promise<{ url: string; calls: { authorization: string | undefined; body: unknown }[] }> {
  const calls: { authorization: string | undefined; body: unknown }[] = [];
  const server = (hook = createServer((request, response) => {
    const { authorization } = request.headers;
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      calls.push({ authorization, body: JSON.parse(body) as unknown });
      response.writeHead(answer(calls.length)).end('what?');
    });
  }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/purge/all`, calls };
}

test('the CDN is told what to forget, again until it has understood', async () => {
  const { url, calls } = await startHook((call) => (call < 3 ? 503 : 200));
  start({ purge: new PurgeHook({ url, token: 'token-of-the-hook', cdnUrl: CDN }) });
  const { own } = await addPicture();
  await whenUploaded();
  expect(calls).toEqual([]);
  aheadMs = 8 * DAY_MS;
  await waitUntil('it was told three times', () => calls.length === 3);
  await waitUntil('nothing is left to do', async () => {
    const { rows } = await pool.query('SELECT FROM doorbuster_catalogue.uploads');
    return rows.length === 0;
  });
  const told = {
    authorization: 'Bearer token-of-the-hook',
    body: { urls: [CDN + own, CDN + COMMON].toSorted() },
  };
  expect(calls.map(({ authorization, body }) => ({ authorization, body: sorted(body) }))).toEqual([
    told,
    told,
    told,
  ]);
  expect(store.files.size).toBe(0);
});

const sorted = (body: unknown): unknown => ({ urls: (body as { urls: string[] }).urls.toSorted() });

test('a CDN that never understands is asked a bounded number of times, and it is said', async () => {
  const { url, calls } = await startHook(() => 401);
  const told: string[] = [];
  start({
    limits: { ...QUICK, removalTriesMax: 3 },
    purge: new PurgeHook({ url, token: 'wrong', cdnUrl: CDN }),
    onTrouble: (reason) => told.push(reason),
  });
  await addPicture();
  await whenUploaded();
  aheadMs = 8 * DAY_MS;
  await waitUntil('it is given up', async () => {
    const { rows } = await pool.query('SELECT FROM doorbuster_catalogue.uploads');
    return rows.length === 0;
  });
  expect(calls).toHaveLength(3);
  expect(told.at(-1)).toContain('2 files stay in the store or the CDN: The purge hook at 127.0.0.1');
  expect(told.at(-1)).toContain('is CDN_PURGE_TOKEN right?');
});

test('a purge hook that is not there is told in words, without its address’s path', async () => {
  const { url } = await startHook(() => 200);
  hook!.close();
  hook!.closeAllConnections();
  const purge = new PurgeHook({ url, token: undefined, cdnUrl: CDN });
  const failure = await purge
    .purge([COMMON], new AbortController().signal)
    .catch((error: Error) => error.message);
  expect(failure).toMatch(/^The purge hook at 127.0.0.1:\d+ refuses connections/);
  expect(failure).not.toContain('/purge');
});

test('there are so many pictures and no more', async () => {
  const full = new AssetLibrary({ pool, clock, desk, store, cdnUrl: undefined, secret: '', imagesMax: 1 });
  expect((await full.addImage(Buffer.from('one'))).outcome).toBe('added');
  expect(await full.addImage(Buffer.from('two'))).toMatchObject({
    outcome: 'refused',
    reason: expect.stringContaining('1 pictures already') as string,
  });
});
