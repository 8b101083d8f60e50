// The files that this thread serves itself, kept in memory while they are asked for: before the CDN has them, or while it cannot
// be reached, a whole crowd may ask for the same few.

import { LRUCache } from 'lru-cache';
import { isFileName } from './file-name.ts';

const KEPT_BYTES_MAX = 32 * 1024 * 1024;
/** Names that are read at once; another is told to come again. */
const FILE_READS_MAX = 8;

export class FilesBusy extends Error {
  override readonly name = 'FilesBusy';
}

export class FileShelf {
  readonly #read: (name: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;
  readonly #kept = new LRUCache<string, Uint8Array<ArrayBuffer>>({
    maxSize: KEPT_BYTES_MAX,
    sizeCalculation: ({ byteLength }) => byteLength + 1,
  });
  readonly #underWay = new Map<string, Promise<Uint8Array<ArrayBuffer> | undefined>>();

  constructor(read: (name: string) => Promise<Uint8Array<ArrayBuffer> | undefined>) {
    this.#read = read;
  }

  /** Undefined: nobody has it. @throws FilesBusy */
  async file(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!isFileName(name)) return undefined;
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const others = this.#underWay.get(name);
    if (others !== undefined) return others;
    if (this.#underWay.size >= FILE_READS_MAX) throw new FilesBusy();
    const reading = this.#read(name).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, reading);
    const bytes = await reading;
    if (bytes !== undefined) this.#kept.set(name, bytes);
    return bytes;
  }
}
