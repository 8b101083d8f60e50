// Snapshots as files of one folder. A name tells everything: shard, sequence and epoch of the record, SHA-256 of the bytes.
//
//   12-34567-3-9f86d0….snapshot           counts
//   12-34567-3-9f86d0….snapshot.damaged   set aside, one a shard
//   12-34567.writing                      being written; left over after a crash, removed at the next start
//
// A file gets its name only after it is on the disk and was read back, so whatever has a name was whole once.

import { createHash, type Hash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { JournalUnavailable, SnapshotDamaged, type SnapshotName, type Snapshots } from './ports.ts';

const NAME = /^(\d+)-(\d+)-(\d+)-([0-9a-f]{64})\.snapshot$/;
const DAMAGED = '.damaged';
const WRITING = '.writing';
const PIECE_BYTES = 256 * 1024;
/** Synced along the way, so that the journal's own sync never waits for a whole snapshot. */
const SYNC_EVERY_BYTES = 4 * 1024 * 1024;
/** Of descriptors or of memory, in the process or the system: they pass. */
const SHORTAGES = new Set<string | undefined>(['EMFILE', 'ENFILE', 'ENOMEM']);

/** Called when a snapshot was set aside, or could not be. */
export type OnSetAside = (name: SnapshotName, why: string) => void;

export class SnapshotFiles implements Snapshots {
  readonly #folder: string;
  readonly #onSetAside: OnSetAside;

  constructor(folder: string, onSetAside: OnSetAside = () => undefined) {
    this.#folder = folder;
    this.#onSetAside = onSetAside;
  }

  /** Makes the folder and removes what a crash left half written. Once at the start, by the one who writes. */
  async prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const file of await readdir(this.#folder)) {
      if (file.endsWith(WRITING)) await rm(join(this.#folder, file), { force: true });
    }
  }

  async list(shard: number): Promise<readonly SnapshotName[]> {
    return (await this.#names((file) => file.startsWith(`${shard}-`))).sort(
      (one, other) => other.sequence - one.sequence || other.epoch - one.epoch,
    );
  }

  /** Of all shards, in no order. */
  listAll(): Promise<readonly SnapshotName[]> {
    return this.#names(() => true);
  }

  async #names(isWanted: (file: string) => boolean): Promise<SnapshotName[]> {
    const names: SnapshotName[] = [];
    for (const file of (await this.#files()).filter(isWanted)) {
      const [, shard, sequence, epoch, sum] = NAME.exec(file) ?? [];
      if (shard === undefined) continue;
      // One that was removed meanwhile is not listed.
      const bytes = await sizeOf(join(this.#folder, file));
      if (bytes === undefined) continue;
      names.push({
        shard: Number(shard),
        sequence: Number(sequence),
        epoch: Number(epoch),
        sum: sum!,
        bytes,
      });
    }
    return names;
  }

  async *read(name: SnapshotName): AsyncIterable<Uint8Array> {
    yield* readSummed(join(this.#folder, fileOf(name)), name.sum);
  }

  async write(
    { shard, sequence, epoch }: Pick<SnapshotName, 'shard' | 'sequence' | 'epoch'>,
    pieces: Iterable<Uint8Array>,
  ): Promise<SnapshotName> {
    const writing = join(this.#folder, `${shard}-${sequence}${WRITING}`);
    try {
      const { sum, bytes } = await writeFile(writing, pieces);
      for await (const piece of readSummed(writing, sum)) void piece;
      const name: SnapshotName = { shard, sequence, epoch, sum, bytes };
      await rename(writing, join(this.#folder, fileOf(name)));
      await syncFolder(this.#folder);
      return name;
    } catch (error) {
      await rm(writing, { force: true });
      throw error;
    }
  }

  async remove(name: SnapshotName): Promise<void> {
    await rm(join(this.#folder, fileOf(name)), { force: true });
  }

  async setAside(name: SnapshotName, why: string): Promise<void> {
    try {
      for (const file of await this.#files()) {
        const isOfShard = file.startsWith(`${name.shard}-`) && file.endsWith(DAMAGED);
        if (isOfShard) await rm(join(this.#folder, file), { force: true });
      }
      const path = join(this.#folder, fileOf(name));
      await rename(path, path + DAMAGED);
      this.#onSetAside(name, why);
    } catch (error) {
      // It stays in the list, and is found damaged again: that costs time and nothing else.
      this.#onSetAside(name, `${why}; and it cannot be renamed: ${(error as Error).message}`);
    }
  }

  async #files(): Promise<string[]> {
    try {
      return await readdir(this.#folder);
    } catch (error) {
      if (isMissing(error)) return [];
      throw new JournalUnavailable(
        `the folder of snapshots ${this.#folder} cannot be read: ${(error as Error).message}`,
      );
    }
  }
}

export const fileOf = ({ shard, sequence, epoch, sum }: SnapshotName): string =>
  `${shard}-${sequence}-${epoch}-${sum}.snapshot`;

async function writeFile(
  path: string,
  pieces: Iterable<Uint8Array>,
): Promise<Pick<SnapshotName, 'sum' | 'bytes'>> {
  const file = await open(path, 'w', 0o600);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    let synced = 0;
    for (const piece of gathered(pieces)) {
      hash.update(piece);
      await file.write(piece);
      bytes += piece.length;
      if (bytes - synced < SYNC_EVERY_BYTES) continue;
      await file.datasync();
      synced = bytes;
    }
    await file.sync();
    return { sum: hash.digest('hex'), bytes };
  } finally {
    await file.close();
  }
}

/** Small sections together, so that there is one write for many. */
function* gathered(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < PIECE_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

async function* readSummed(path: string, sum: string): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  const file = await openWhole(path);
  try {
    for (let piece = await readPiece(file, hash); piece.length > 0; piece = await readPiece(file, hash)) {
      yield piece;
    }
  } finally {
    await file.close();
  }
  const found = hash.digest('hex');
  if (found !== sum) throw new SnapshotDamaged(`its SHA-256 is ${found} and should be ${sum}`);
}

async function openWhole(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    // It says nothing about the file: a whole snapshot would be set aside, and with it what it knows of lost records.
    if (SHORTAGES.has((error as NodeJS.ErrnoException).code))
      throw new JournalUnavailable(`${path} cannot be opened: ${(error as Error).message}`);
    throw new SnapshotDamaged(`it cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

async function readPiece(file: FileHandle, hash: Hash): Promise<Uint8Array> {
  try {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(PIECE_BYTES), 0, PIECE_BYTES, null);
    const piece = buffer.subarray(0, bytesRead);
    hash.update(piece);
    return piece;
  } catch (error) {
    throw new SnapshotDamaged(`it cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new JournalUnavailable(`${path} cannot be looked at: ${(error as Error).message}`);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
