// Pictures and product data over HTTP, from a library that does what the test says; with a real one: test/node/assets.test.ts.

import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { assetRoutes } from '../../src/http/asset-routes.ts';
import type { HttpContext } from '../../src/http/index.ts';
import { Problem, problemResponse } from '../../src/http/problem.ts';
import { FilesBusy } from '../../src/persistence/index.ts';

const NAME = `${'ab'.repeat(32)}.json`;

function appOf(file: (name: string) => Promise<Uint8Array<ArrayBuffer> | undefined>): Hono {
  const app = new Hono();
  assetRoutes(app, { cms: { assets: { file } } } as unknown as HttpContext);
  app.onError((error) => {
    if (error instanceof Problem) return problemResponse(error.code, error.extra);
    throw error;
  });
  return app;
}

test('a file has its type by its name, and can be kept for ever', async () => {
  const app = appOf(async () => new Uint8Array(Buffer.from('{}')));
  const response = await app.request(`/assets/${NAME}`);
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    etag: `"${NAME}"`,
  });
  expect(await response.text()).toBe('{}');
});

test('what is not there may be there later: nobody keeps that', async () => {
  const response = await appOf(async () => undefined).request(`/assets/${NAME}`);
  expect(response.status).toBe(404);
  expect(response.headers.get('cache-control')).toBe('no-store');
});

test('no name but a file’s is looked for', async () => {
  const asked: string[] = [];
  const app = appOf(async (name) => {
    asked.push(name);
    return undefined;
  });
  for (const wrong of ['x', '..', `${NAME}.exe`, '%2e%2e%2f'])
    expect((await app.request(`/assets/${wrong}`)).status).toBe(404);
  expect(asked).toEqual([]);
});

test('where too many names are asked for at once, one more is told to come again', async () => {
  const response = await appOf(() => Promise.reject(new FilesBusy())).request(`/assets/${NAME}`);
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).not.toBeNull();
  expect(((await response.json()) as { code: string }).code).toBe('overloaded');
});
