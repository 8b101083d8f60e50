// The store of a node without a bucket: a folder, which the node serves itself. A file appears there whole or not at all.

import { link, mkdir, open, readFile, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AssetStoreFailed, type AssetStore } from './asset-store.ts';
import { isFileName } from './file-name.ts';

/** Tells this folder from one that takes its place. */
const IDENTITY = 'folder-id';

export class FolderStore implements AssetStore {
  readonly #folder: string;
  #id: Promise<string> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  id(): Promise<string> {
    this.#id ??= this.#readId().catch((error: unknown) => {
      this.#id = undefined;
      throw this.#failed('be used', error);
    });
    return this.#id;
  }

  async put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      // What a kill left half-written has this name too, and is written over when the upload is done again.
      const half = join(this.#folder, `${name}.half`);
      await writeDurably(half, bytes);
      await rename(half, join(this.#folder, name));
    } catch (error) {
      throw this.#failed('be written', error);
    }
  }

  async delete(name: string): Promise<void> {
    try {
      await rm(join(this.#folder, name), { force: true });
    } catch (error) {
      throw this.#failed('be changed', error);
    }
  }

  /** Undefined when it is not there, or cannot be read: Postgres has it too. */
  async read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!isFileName(name)) return undefined;
    return readFile(join(this.#folder, name)).catch(() => undefined);
  }

  async #readId(): Promise<string> {
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, IDENTITY);
    const read = async (): Promise<string> => `folder ${(await readFile(path, 'utf8')).trim()}`;
    try {
      return await read();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    // Several threads may be first; the link of one of them stands.
    const own = `${path}.${crypto.randomUUID()}`;
    await writeDurably(own, Buffer.from(`${crypto.randomUUID()}\n`));
    await link(own, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await unlink(own);
    return read();
  }

  #failed(verb: string, error: unknown): AssetStoreFailed {
    return new AssetStoreFailed(`The folder ${this.#folder} cannot ${verb}: ${(error as Error).message}`);
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
