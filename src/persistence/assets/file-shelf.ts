// The files that this thread serves itself, kept in memory while they are asked for: before the CDN has them, or while it cannot
// be reached, a whole crowd may ask for the same few. Names that nobody has cost next to nothing, or they would take the place of
// those that somebody has.

import { LRUCache } from 'lru-cache';
import { isFileName } from './file-name.ts';
import { NameLookup } from './name-lookup.ts';

const KEPT_BYTES_MAX = 32 * 1024 * 1024;
/** Files that are read at once; others wait for their turn. */
const FILE_READS_MAX = 8;
/** Names that are looked for or wait; another is told to come again. */
const FILES_WANTED_MAX = 2_000;

type Bytes = Uint8Array<ArrayBuffer>;

export interface FileSource {
  /** Where it is tried first, when that is cheap also for a name that nobody has. */
  readonly near: ((name: string) => Promise<Bytes | undefined>) | undefined;
  /** Those of these names that `read` has. */
  readonly known: (names: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly read: (name: string) => Promise<Bytes | undefined>;
}

export class FilesBusy extends Error {
  override readonly name = 'FilesBusy';
}

export class FileShelf {
  readonly #source: FileSource;
  readonly #names: NameLookup;
  readonly #kept = new LRUCache<string, Bytes>({
    maxSize: KEPT_BYTES_MAX,
    sizeCalculation: ({ byteLength }) => byteLength + 1,
  });
  readonly #wanted = new Map<string, Promise<Bytes | undefined>>();
  #reads = 0;
  readonly #turns: (() => void)[] = [];

  constructor(source: FileSource) {
    this.#source = source;
    this.#names = new NameLookup(source.known);
  }

  /** Undefined: nobody has it. @throws FilesBusy */
  async file(name: string): Promise<Bytes | undefined> {
    if (!isFileName(name)) return undefined;
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const others = this.#wanted.get(name);
    if (others !== undefined) return others;
    if (this.#wanted.size >= FILES_WANTED_MAX) throw new FilesBusy();
    const finding = this.#find(name).finally(() => this.#wanted.delete(name));
    this.#wanted.set(name, finding);
    const bytes = await finding;
    if (bytes !== undefined) this.#kept.set(name, bytes);
    return bytes;
  }

  async #find(name: string): Promise<Bytes | undefined> {
    const { near, read } = this.#source;
    const found = near && (await this.#inTurn(() => near(name)));
    if (found !== undefined) return found;
    return (await this.#names.has(name)) ? this.#inTurn(() => read(name)) : undefined;
  }

  async #inTurn(read: () => Promise<Bytes | undefined>): Promise<Bytes | undefined> {
    // Who ends a read hands its place on.
    if (this.#reads < FILE_READS_MAX) this.#reads++;
    else await new Promise<void>((resolve) => this.#turns.push(resolve));
    try {
      return await read();
    } finally {
      const next = this.#turns.shift();
      if (next === undefined) this.#reads--;
      else next();
    }
  }
}
