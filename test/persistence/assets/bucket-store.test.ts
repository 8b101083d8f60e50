// The store in a bucket against a real S3-compatible server, and against services that fail: each failure is told in words that
// name what to mend, in bounded time, and never with a key in it.

import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { BucketStore, type BucketStoreOptions } from '../../../src/persistence/index.ts';
import { TcpProxy } from '../../harness/tcp-proxy.ts';
import { BUCKET, BUCKET_KEY, startBucket, type BucketServer } from '../../servers/bucket.ts';
import { freePort } from '../../servers/free-port.ts';

const bytes = new Uint8Array(Buffer.from('a picture'));
const name = `${createHash('sha256').update(bytes).digest('hex')}.webp`;
const never = new AbortController().signal;
/** Of the services that do not answer. */
const TIMEOUT_MS = 300;

let bucket: BucketServer;
let service: Server | undefined;

beforeAll(async () => {
  bucket = await startBucket();
});
afterAll(() => bucket?.stop());
afterEach(() => {
  service?.closeAllConnections();
  service?.close();
});

const open = (options: Partial<BucketStoreOptions> = {}): BucketStore =>
  new BucketStore({ endpoint: bucket.endpoint, bucket: BUCKET, prefix: '', ...BUCKET_KEY, ...options });

async function answering(handler: RequestListener): Promise<string> {
  const server = (service = createServer(handler));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const failureOf = (store: BucketStore): Promise<string> =>
  store.put(name, bytes, 'image/webp', never).then(
    () => 'it worked',
    (error: Error) => `${error.name}: ${error.message}`,
  );

test('a file is there with its type and to be kept for ever, and is gone when it was deleted', async () => {
  const store = open({ prefix: 'shop/assets/' });
  await store.put(name, bytes, 'image/webp', never);
  const object = (await bucket.object(`shop/assets/${name}`))!;
  expect(object).toMatchObject({
    contentType: 'image/webp',
    cacheControl: 'public, max-age=31536000, immutable',
  });
  expect(Buffer.from(object.bytes)).toEqual(Buffer.from(bytes));
  await store.put(name, bytes, 'image/webp', never);
  expect(await bucket.keys()).toEqual([`shop/assets/${name}`]);
  await store.delete(name, never);
  expect(await bucket.object(`shop/assets/${name}`)).toBeUndefined();
  await store.delete(name, never);
});

test('bytes that are not those of the name are refused by the service', async () => {
  await expect(open().put(name, new Uint8Array([1, 2, 3]), 'image/webp', never)).rejects.toThrow('BadDigest');
  expect(await bucket.object(name)).toBeUndefined();
});

test.each<[string, Partial<BucketStoreOptions>, string]>([
  ['another secret', { secretAccessKey: 'not-the-secret' }, 'S3_SECRET_ACCESS_KEY'],
  ['another key', { accessKeyId: 'shop:nobody' }, 'S3_ACCESS_KEY_ID'],
  ['another bucket', { bucket: 'no-such' }, 'The bucket "no-such" at 127.0.0.1'],
  ['another region', { region: 'eu-west-1' }, 'is S3_REGION right?'],
  ['a name that nobody has', { endpoint: 'http://bucket.invalid' }, 'is not known by this name'],
])('%s is told in words', async (_, options, told) => {
  const failure = await failureOf(open(options));
  expect(failure).toMatch(/^AssetStoreFailed: The bucket /);
  expect(failure).toContain(told);
  expect(failure).not.toContain(options.secretAccessKey ?? BUCKET_KEY.secretAccessKey);
});

test.each<[string, RequestListener, string]>([
  [
    'answers 500 with a page',
    (_, response) => void response.writeHead(500).end('<html>'.padEnd(1e6, 'x')),
    'has trouble of its own (answered 500',
  ],
  [
    'answers 403 with nothing',
    (_, response) => void response.writeHead(403).end(),
    'are S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY right',
  ],
  [
    'does not let the key write',
    (_, response) => void response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>'),
    'it needs PutObject and DeleteObject',
  ],
  [
    'points elsewhere',
    (_, response) => void response.writeHead(301, { Location: 'http://127.0.0.1:1/' }).end(),
    'is at another address',
  ],
  ['cuts the connection', (request) => void request.socket.destroy(), 'ended the connection'],
  ['does not answer', () => undefined, `did not answer within ${TIMEOUT_MS / 1_000} seconds`],
  [
    'never ends its answer',
    (_, response) => void response.writeHead(500).write('wait'),
    'has trouble of its own (answered 500',
  ],
])('a service that %s is told in words, in bounded time', async (_, handler, told) => {
  const endpoint = await answering(handler);
  const failure = await failureOf(open({ endpoint, timeoutMs: TIMEOUT_MS }));
  expect(failure).toContain(told);
  expect(failure.length).toBeLessThan(500);
});

test('a service that is not there, or holds everything up, is told in words', async () => {
  const port = await freePort();
  expect(await failureOf(open({ endpoint: `http://127.0.0.1:${port}` }))).toContain('refuses connections');
  const proxy = await TcpProxy.to(bucket.port);
  proxy.stall();
  const held = open({ endpoint: `http://127.0.0.1:${proxy.port}`, timeoutMs: TIMEOUT_MS });
  expect(await failureOf(held)).toContain('did not answer');
  proxy.heal();
  await proxy.close();
});

test('an upload that is under way ends when the node does', async () => {
  const endpoint = await answering(() => undefined);
  const stop = new AbortController();
  const putting = open({ endpoint }).put(name, bytes, 'image/webp', stop.signal);
  stop.abort();
  await expect(putting).rejects.toThrow('this node stops');
});
