// The store of nodes that share a CDN: a bucket of any S3-compatible service. Each object can be read by name and is never changed.

import { AwsClient } from 'aws4fetch';
import { AssetStoreFailed, type AssetStore } from './asset-store.ts';
import { bucketTrouble } from './bucket-trouble.ts';
import { sumOf } from './file-name.ts';
import { answerOf, causeOf } from './http-trouble.ts';

export interface BucketStoreOptions {
  /** Origin of the service. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly timeoutMs?: number;
}

const BUCKET_TIMEOUT_MS = 30_000;

export class BucketStore implements AssetStore {
  readonly #options: BucketStoreOptions;
  readonly #client: AwsClient;

  constructor(options: BucketStoreOptions) {
    const { accessKeyId, secretAccessKey, region } = options;
    this.#options = options;
    // Whoever calls tries again, and keeps count.
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
  }

  async id(): Promise<string> {
    const { endpoint, bucket, prefix } = this.#options;
    return `bucket ${endpoint}/${bucket}/${prefix}`;
  }

  async put(
    name: string,
    bytes: Uint8Array<ArrayBuffer>,
    contentType: string,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#send('PUT', name, signal, bytes, {
      'Content-Type': contentType,
      'Cache-Control': 'public, max-age=31536000, immutable',
      // Signed with the rest: the service refuses bytes that are not those of the name.
      'X-Amz-Content-Sha256': sumOf(name),
    });
  }

  async delete(name: string, signal: AbortSignal): Promise<void> {
    await this.#send('DELETE', name, signal);
  }

  async #send(
    method: 'PUT' | 'DELETE',
    name: string,
    signal: AbortSignal,
    body?: Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<void> {
    const { endpoint, bucket, prefix, timeoutMs = BUCKET_TIMEOUT_MS } = this.#options;
    const place = `The bucket "${bucket}" at ${new URL(endpoint).host}`;
    let response: Response;
    try {
      const url = `${endpoint}/${bucket}/${prefix}${name}`;
      const signed = await this.#client.sign(url, { method, headers, ...(body && { body }) });
      response = await fetch(signed, {
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
    } catch (error) {
      throw new AssetStoreFailed(`${place} ${causeOf(error, timeoutMs)}`, { cause: error });
    }
    const { whole } = await answerOf(response);
    const isGone = method === 'DELETE' && response.status === 404 && !whole.includes('NoSuchBucket');
    if (!response.ok && !isGone)
      throw new AssetStoreFailed(`${place} ${bucketTrouble(response.status, whole)}`);
  }
}
