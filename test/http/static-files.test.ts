// The static files of the pages, as they are and compressed.

import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createApp, loadAssets, type HttpContext } from '../../src/http/index.ts';
import { encodingFor } from '../../src/http/pages/content-encoding.ts';

const assets = loadAssets();
const { app } = createApp({ assets, demo: true } as Partial<HttpContext> as HttpContext, {
  onError: (error) => {
    throw error;
  },
});

const get = (name: string, headers: Record<string, string> = {}) =>
  app.request(`/static/${name}?v=${assets.get(name)!.hash}`, { headers });

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

test('every file comes compressed to whoever takes it so, and is the same file', async () => {
  let [plainBytes, brotliBytes, gzipBytes] = [0, 0, 0];
  for (const [name, { bytes }] of assets) {
    const [plain, brotli, gzip] = [
      await get(name),
      await get(name, { 'Accept-Encoding': 'gzip, deflate, br, zstd' }),
      await get(name, { 'Accept-Encoding': 'gzip' }),
    ];
    expect(plain.headers.get('content-encoding'), name).toBeNull();
    expect(Buffer.compare(await bytesOf(plain), bytes), name).toBe(0);
    const [brotliBody, gzipBody] = [await bytesOf(brotli), await bytesOf(gzip)];
    if (bytes.byteLength > 500) {
      expect(brotli.headers.get('content-encoding'), name).toBe('br');
      expect(gzip.headers.get('content-encoding'), name).toBe('gzip');
      expect(Buffer.compare(brotliDecompressSync(brotliBody), bytes), name).toBe(0);
      expect(Buffer.compare(gunzipSync(gzipBody), bytes), name).toBe(0);
    }
    plainBytes += bytes.byteLength;
    brotliBytes += brotliBody.byteLength;
    gzipBytes += gzipBody.byteLength;
    // A cache that keeps one of them must not give it to those who cannot read it, nor take it for another.
    const answers = [plain, brotli, gzip];
    for (const { headers } of answers) {
      expect(headers.get('vary'), name).toBe('Accept-Encoding');
      expect(headers.get('cache-control'), name).toContain('immutable');
      expect(headers.get('x-content-type-options'), name).toBe('nosniff');
    }
    const encodings = new Set(answers.map(({ headers }) => headers.get('content-encoding')));
    expect(new Set(answers.map(({ headers }) => headers.get('etag'))).size, name).toBe(encodings.size);
  }
  expect(gzipBytes).toBeLessThan(plainBytes / 2);
  expect(brotliBytes).toBeLessThan(gzipBytes);
});

test('a file that a browser has already is not sent again', async () => {
  for (const accepted of ['br', 'gzip', 'identity']) {
    const first = await get('base.css', { 'Accept-Encoding': accepted });
    const etag = first.headers.get('etag')!;
    const again = await get('base.css', { 'Accept-Encoding': accepted, 'If-None-Match': etag });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    expect(again.headers.get('vary')).toBe('Accept-Encoding');
    const other = await get('base.css', { 'Accept-Encoding': accepted, 'If-None-Match': '"another"' });
    expect(other.status).toBe(200);
  }
});

test.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['deflate, zstd', undefined],
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['GZIP;q=0.5, BR;q=0.1', 'gzip'],
  ['br;q=0, gzip;q=0.001', 'gzip'],
  ['br;q=0, gzip;q=0', undefined],
  ['*', 'br'],
  ['*;q=0', undefined],
  ['gzip;q=0, *', 'br'],
  ['br ; q=1.0 , gzip', 'br'],
  ['br;q=0.5, identity', undefined],
  ['br;q=many', undefined],
  [';;,,q=1', undefined],
])('Accept-Encoding %j is answered with %j', (accepted, encoding) => {
  expect(encodingFor(accepted)).toBe(encoding);
});
