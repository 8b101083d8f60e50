// Pictures and files of product data: taken in, named by what they hold, kept in Postgres, and given out. What carries them to
// the CDN is the uploader; nobody here waits for it.

import { createHash, createHmac } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { Clock } from '../../runtime/index.ts';
import { inTransaction } from '../transaction.ts';
import type { AssetStore } from './asset-store.ts';
import { fileName } from './file-name.ts';
import {
  insertFiles,
  readFileBytes,
  readKnownNames,
  readProgress,
  type NewFile,
  type UploadProgress,
} from './file-rows.ts';
import { FileShelf } from './file-shelf.ts';
import type { Image, ImageAdded, ImageVariant } from './image.ts';
import { insertImage, insertVariants, readFilesOf, readImages, type NamedFile } from './image-rows.ts';
import type { PictureDesk } from './picture-desk.ts';

export interface AssetLibraryOptions {
  readonly pool: Pool;
  readonly clock: Pick<Clock, 'now'>;
  readonly desk: Pick<PictureDesk, 'make'>;
  readonly store: AssetStore;
  /** Where the CDN shows what the store has; undefined: the node shows it. */
  readonly cdnUrl: string | undefined;
  /** Nobody else knows it. */
  readonly secret: string;
  /** There is something to upload. */
  readonly onAdded?: () => void;
  readonly imagesMax?: number;
}

const IMAGES_MAX = 10_000;
/** Of a file of product data. */
const DATA_BYTES_MAX = 256 * 1024;
const SALT_BYTES = 16;

export class AssetLibrary {
  readonly #options: AssetLibraryOptions;
  readonly #shelf: FileShelf;

  constructor(options: AssetLibraryOptions) {
    const { pool, store } = options;
    this.#options = options;
    this.#shelf = new FileShelf({
      near: store.read && ((name) => store.read!(name)),
      known: (names) => readKnownNames(pool, names),
      read: (name) => readFileBytes(pool, name),
    });
  }

  /** Where pages may take pictures from beside the node itself, for their Content-Security-Policy. */
  get imageOrigins(): readonly string[] {
    const { cdnUrl } = this.#options;
    return cdnUrl === undefined ? [] : [new URL(cdnUrl).origin];
  }

  /** Takes seconds: in a process of its own, which this thread does not wait for. */
  async addImage(bytes: Uint8Array): Promise<ImageAdded> {
    const { pool, clock, desk, imagesMax = IMAGES_MAX } = this.#options;
    const { rows } = await pool.query<{ images: number }>(
      'SELECT count(*)::int AS images FROM doorbuster_catalogue.images',
    );
    if (rows[0]!.images >= imagesMax) {
      const reason = `There are ${rows[0]!.images} pictures already, and there may be no more. Take pictures that are not needed off their products; a week later there is room.`;
      return { outcome: 'refused', reason, canRetry: false };
    }
    const made = await desk.make(bytes);
    if (made.outcome === 'refused') return made;
    const { width, height, files } = made;
    const image = { id: sha256(files.map(({ name }) => name).join('\n')), width, height, files };
    const store = await this.#storeId();
    await inTransaction(pool, async (client) => {
      const now = clock.now();
      await insertImage(client, image, now);
      await insertFiles(client, files, store, now);
      await insertVariants(client, image);
    });
    this.#options.onAdded?.();
    const variants = files.map(({ name: file, width, height, type }): ImageVariant => {
      return { file, url: this.url(file, false), width, height, type };
    });
    return { outcome: 'added', image: { id: image.id, width, height, variants } };
  }

  async image(id: string): Promise<Image | undefined> {
    return (await this.images([id])).get(id);
  }

  /** Those that are there, by id. */
  async images(ids: readonly string[]): Promise<ReadonlyMap<string, Image>> {
    const url = (name: string, isUploaded: boolean): string => this.url(name, isUploaded);
    return readImages(this.#options.pool, ids, await this.#storeId(), url);
  }

  /** For product data, in the transaction that makes them so. */
  filesOf(
    client: PoolClient,
    imageIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly NamedFile[]>> {
    return readFilesOf(client, imageIds);
  }

  /**
   * Product data for the CDN, in the transaction that makes them so. Who can guess what stands in it still cannot guess its name,
   * nor try guesses out: the file carries a salt that follows from what stands in it and a secret.
   * @returns name of the file, to be kept where it is used: a file that nobody names is forgotten
   */
  async addDataFile(client: PoolClient, value: object): Promise<string> {
    const { clock, secret } = this.#options;
    const salt = createHmac('sha256', secret)
      .update(`data file\0${JSON.stringify(value)}`)
      .digest();
    const text = JSON.stringify({ ...value, salt: salt.subarray(0, SALT_BYTES).toString('base64url') });
    const bytes = Buffer.from(text);
    if (bytes.byteLength > DATA_BYTES_MAX)
      throw new Error(`product data of ${bytes.byteLength} bytes are more than ${DATA_BYTES_MAX}`);
    const file: NewFile = { name: fileName(bytes, 'application/json'), type: 'application/json', bytes };
    await insertFiles(client, [file], await this.#storeId(), clock.now());
    return file.name;
  }

  /** Undefined: it does not exist, or no more. @throws FilesBusy */
  file(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#shelf.file(name);
  }

  /** The CDN's address of a file that it has, the node's own of another. */
  url(name: string, isUploaded: boolean): string {
    const { cdnUrl } = this.#options;
    return isUploaded && cdnUrl !== undefined ? cdnUrl + name : `/assets/${name}`;
  }

  async progress(): Promise<UploadProgress> {
    return readProgress(this.#options.pool, await this.#storeId(), undefined);
  }

  /** Of the files of these pictures. */
  async progressOf(imageIds: readonly string[]): Promise<UploadProgress> {
    return readProgress(this.#options.pool, await this.#storeId(), imageIds);
  }

  /** Undefined while it cannot be used: everything goes on without it. */
  #storeId(): Promise<string | undefined> {
    return this.#options.store.id().catch(() => undefined);
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
