// Pictures on their way to a real bucket, from a real node: they arrive when the node is killed in the middle, and when the bucket is
// away for a while; and nobody who buys notices.

import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AssetLibrary, BucketStore, openPool, PictureDesk, type Image } from '../../src/persistence/index.ts';
import { systemClock as clock } from '../../src/runtime/index.ts';
import { Engine, temporaryFolder } from '../harness/engine.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { BUCKET, BUCKET_KEY, startBucket, type BucketServer } from '../servers/bucket.ts';
import { plain } from '../persistence/assets/odd-pictures.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';

const CDN = 'https://cdn.example.com/shop/';
const PRODUCT = 'sku';

let bucket: BucketServer;
let proxy: TcpProxy;
let database: Database;
let pool: Pool;
let engine: Engine;
let library: AssetLibrary;
let env: Record<string, string>;
let customers = 0;
let pictures = 0;

beforeAll(async () => {
  [bucket, database] = await Promise.all([startBucket(), createNodeDatabase()]);
  proxy = await TcpProxy.to(bucket.port);
  const endpoint = `http://127.0.0.1:${proxy.port}`;
  env = {
    WORKERS: '2',
    DATABASE_URL: database.url,
    CDN_URL: CDN,
    S3_ENDPOINT: endpoint,
    S3_BUCKET: BUCKET,
    S3_PREFIX: 'shop',
    S3_ACCESS_KEY_ID: BUCKET_KEY.accessKeyId,
    S3_SECRET_ACCESS_KEY: BUCKET_KEY.secretAccessKey,
  };
  engine = await Engine.start({ dataDir: temporaryFolder(), env });
  await engine.product(PRODUCT, { quantity: 1_000 });
  pool = openPool(database.connection, 2, 'doorbuster test');
  // Pictures come in as by another node: the one under test finds them in Postgres.
  library = new AssetLibrary({
    pool,
    clock,
    desk: new PictureDesk(() => undefined),
    store: new BucketStore({ endpoint, bucket: BUCKET, prefix: 'shop/', ...BUCKET_KEY }),
    cdnUrl: CDN,
    secret: 'a secret',
  });
}, 120_000);
afterAll(async () => {
  await engine?.remove();
  await pool?.end();
  await Promise.all([proxy?.close(), bucket?.stop(), database?.drop()]);
}, 60_000);

/** Another one each time. */
async function addPicture(): Promise<Image> {
  const bytes = await plain(100 + pictures++, 80)
    .png()
    .toBuffer();
  const added = await library.addImage(bytes);
  if (added.outcome !== 'added') throw new Error(added.reason);
  return added.image;
}

async function buy(): Promise<void> {
  const token = await engine.token(`customer-${++customers}`);
  expect((await engine.buy(token, PRODUCT, 'key')).status).toBe(201);
}

const whenUploaded = (image: Image): Promise<unknown> =>
  waitUntil(
    'the picture is in the bucket',
    async () => {
      const { files, uploaded } = await library.progressOf([image.id]);
      return files > 0 && uploaded === files;
    },
    () => engine.output,
  );

/** As it is in the bucket, past every proxy. */
async function expectInBucket(image: Image): Promise<void> {
  for (const { file, type } of image.variants) {
    const object = (await bucket.object(`shop/${file}`))!;
    expect(object).toMatchObject({
      contentType: type,
      cacheControl: 'public, max-age=31536000, immutable',
    });
    expect(createHash('sha256').update(object.bytes).digest('hex')).toBe(file.slice(0, 64));
  }
}

async function underWay(): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'SELECT count(*)::int FROM doorbuster_catalogue.uploads WHERE leased_until IS NOT NULL',
  );
  return rows[0]!.count;
}

test('a picture is in the bucket under the sum of its bytes, with its type and to be kept for ever', async () => {
  const image = await addPicture();
  expect(image.variants.map(({ url }) => url)).toEqual(image.variants.map(({ file }) => `/assets/${file}`));
  await whenUploaded(image);
  await expectInBucket(image);
  const { variants } = (await library.image(image.id))!;
  expect(variants.map(({ url }) => url)).toEqual(image.variants.map(({ file }) => CDN + file));
});

test('the node itself serves each file to whoever has its name, and lists nothing', async () => {
  const image = await addPicture();
  for (const { file, type } of image.variants) {
    const { status, headers } = await engine.call('GET', `/assets/${file}`);
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      etag: `"${file}"`,
    });
    const again = await engine.call('GET', `/assets/${file}`, { headers: { 'If-None-Match': `"${file}"` } });
    expect(again.status).toBe(304);
  }
  const wrong = [
    '',
    '.',
    '..%2fjournal.sqlite',
    'folder-id',
    'x.webp',
    `${'0'.repeat(64)}.webp`,
    `${'0'.repeat(64)}.exe`,
  ];
  for (const name of wrong) {
    const { status, headers } = await engine.call('GET', `/assets/${name}`);
    expect(status, name).toBe(404);
    expect(headers.get('cache-control') ?? '').not.toContain('immutable');
  }
});

test('killed in the middle of an upload and started again, the node brings what was under way', async () => {
  proxy.stall();
  const image = await addPicture();
  await waitUntil('uploads are under way', async () => (await underWay()) > 0);
  await engine.kill();
  expect(await bucket.object(`shop/${image.variants[0]!.file}`)).toBeUndefined();
  // Nothing that the dead node has sent arrives any more.
  proxy.cut();
  proxy.heal();
  engine = await Engine.start({ dataDir: engine.dataDir, env });
  await whenUploaded(image);
  await expectInBucket(image);
}, 120_000);

test('with the bucket down the sale goes on, the node serves pictures itself, and they arrive when it is back', async () => {
  await bucket.kill();
  const image = await addPicture();
  await waitUntil('it is said', async () => (await library.progressOf([image.id])).failing > 0);
  const { uploaded, lastError } = await library.progressOf([image.id]);
  expect(uploaded).toBe(0);
  expect(lastError).toMatch(
    /^The bucket "assets" at 127.0.0.1:\d+ (ended the connection|refuses connections)/,
  );
  for (let order = 0; order < 20; order++) await buy();
  const shown = (await library.image(image.id))!;
  for (const { url, type } of shown.variants) {
    expect(url).toMatch(/^\/assets\//);
    const { status, headers } = await engine.call('GET', url);
    expect([status, headers.get('content-type')]).toEqual([200, type]);
  }
  expect(engine.output).toContain('pictures and product data do not reach their store');
  await bucket.start();
  await whenUploaded(image);
  await expectInBucket(image);
  await buy();
}, 120_000);
