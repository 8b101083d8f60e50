// Pictures and product data from the bytes of a person to rows, and on to a store.

import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  AssetLibrary,
  AssetUploader,
  PictureDesk,
  type AssetLibraryOptions,
  type AssetUploaderOptions,
  type Image,
} from '../../../src/persistence/index.ts';
import { systemClock as clock, systemTimers as timers } from '../../../src/runtime/index.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { POSTGRES_KINDS, SERVER_MS_MAX, type StartedPostgres } from '../postgres-kinds.ts';
import { emptyCatalogue, openCatalogue } from './catalogue-database.ts';
import { MemoryStore } from './memory-store.ts';

const CDN = 'https://cdn.example.com/';
const desk = new PictureDesk(() => undefined);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let kettle: Buffer;
beforeAll(async () => {
  kettle = await sharp({ create: { width: 400, height: 300, channels: 3, background: '#a40' } })
    .jpeg()
    .toBuffer();
});

describe.each(POSTGRES_KINDS)('assets in $kind Postgres', { timeout: SERVER_MS_MAX }, ({ start }) => {
  let postgres: StartedPostgres;
  let pool: Pool;
  let store: MemoryStore;

  beforeAll(async () => {
    postgres = await start();
    pool = await openCatalogue(postgres.connection);
  }, SERVER_MS_MAX);
  afterAll(async () => {
    await pool?.end();
    await postgres?.stop();
  }, SERVER_MS_MAX);
  beforeEach(async () => {
    await emptyCatalogue(pool);
    store = new MemoryStore();
  });

  const openLibrary = (options: Partial<AssetLibraryOptions> = {}): AssetLibrary =>
    new AssetLibrary({ pool, clock, desk, store, cdnUrl: CDN, secret: 'a secret', ...options });
  const openUploader = (options: Partial<AssetUploaderOptions> = {}): AssetUploader =>
    new AssetUploader({
      pool,
      clock,
      timers,
      store,
      owner: 'a',
      purge: undefined,
      onTrouble: () => undefined,
      onMended: () => undefined,
      ...options,
    });

  async function added(library: AssetLibrary, bytes: Uint8Array = kettle): Promise<Image> {
    const adding = await library.addImage(bytes);
    if (adding.outcome !== 'added') throw new Error(adding.reason);
    return adding.image;
  }

  async function dataFile(library: AssetLibrary, value: object): Promise<string> {
    const client = await pool.connect();
    try {
      return await library.addDataFile(client, value);
    } finally {
      client.release();
    }
  }

  test('a picture comes in several widths and formats, named by their bytes, and from the CDN once it has them', async () => {
    const library = openLibrary();
    const image = await added(library);
    expect(image).toMatchObject({ width: 400, height: 300 });
    expect(image.variants.map(({ type, width, height }) => [type, width, height])).toEqual([
      ['image/avif', 400, 300],
      ['image/avif', 320, 240],
      ['image/webp', 400, 300],
      ['image/webp', 320, 240],
      ['image/jpeg', 400, 300],
    ]);
    for (const { file, url } of image.variants) {
      expect(file.slice(0, 64)).toBe(sha256((await library.file(file))!));
      expect(url).toBe(`/assets/${file}`);
    }
    expect(await library.image(image.id)).toEqual(image);
    expect(await library.progressOf([image.id])).toEqual({
      files: 5,
      uploaded: 0,
      failing: 0,
      lastError: undefined,
    });

    const uploader = openUploader();
    uploader.start();
    await waitUntil('all are there', async () => (await library.progress()).uploaded === 5);
    await uploader.stop();
    const { variants } = (await library.image(image.id))!;
    for (const { file, url, type } of variants) {
      expect(url).toBe(CDN + file);
      expect(store.files.get(file)!.contentType).toBe(type);
      expect(sha256(store.files.get(file)!.bytes)).toBe(file.slice(0, 64));
    }
  });

  test('the same picture again is the same, and uploaded once', async () => {
    const library = openLibrary();
    const uploader = openUploader();
    uploader.start();
    const first = await added(library);
    await waitUntil('all are there', async () => (await library.progress()).uploaded === 5);
    const second = await added(library);
    await uploader.stop();
    expect(second.id).toBe(first.id);
    expect(await library.progress()).toMatchObject({ files: 5, uploaded: 5 });
    expect(store.puts).toBe(5);
  });

  test('product data are a file, whose name says nothing to who can guess what stands in it', async () => {
    const library = openLibrary();
    const value = { name: 'Kettle <1 l>', price: { amount: 1_999, currency: 'EUR' } };
    const name = await dataFile(library, value);
    const bytes = (await library.file(name))!;
    expect(name).toBe(`${sha256(bytes)}.json`);
    const { salt, ...told } = JSON.parse(new TextDecoder().decode(bytes)) as { salt: string };
    expect(told).toEqual(value);
    expect(salt).toMatch(/^[\w-]{22}$/);
    expect(await dataFile(library, value)).toBe(name);
    expect(await dataFile(openLibrary({ secret: 'another secret' }), value)).not.toBe(name);
    expect((await library.progress()).files).toBe(2);
  });

  test('product data name the files of pictures', async () => {
    const library = openLibrary();
    const { id, variants } = await added(library);
    const client = await pool.connect();
    const files = await library.filesOf(client, [id, 'no-such']);
    client.release();
    const named = variants.map(({ file, width, height, type }) => ({ file, width, height, type }));
    expect([...files]).toEqual([[id, named]]);
  });

  test('a product’s data are taken back with the transaction that made them', async () => {
    const library = openLibrary();
    const client = await pool.connect();
    await client.query('BEGIN');
    const name = await library.addDataFile(client, { name: 'Kettle' });
    await client.query('ROLLBACK');
    client.release();
    expect(await library.file(name)).toBeUndefined();
    expect((await library.progress()).files).toBe(0);
  });
});
