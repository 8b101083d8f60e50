// Snapshots in a stream of their own, in pieces. A snapshot is what its name says, and the name is a subject:
//
//   …snapshots.names.<shard>.<sequence>.<epoch>.<SHA-256>.<bytes>.<id>     one empty message: the snapshot counts
//   …snapshots.pieces.<shard>.<id>                                         the bytes, in order
//   …snapshots.damaged.<shard>.…                                           set aside, one a shard; the message says why
//
// The name is written when the pieces were read back, so whatever has a name was whole once. Pieces without a name are of a
// writer that failed, or is at work; the shard's next writer removes them, and the other one, if it lives, finds them gone.
//
// No object store: to list the objects of one shard it reads the notes of all of them.

import { createHash } from 'node:crypto';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { JournalUnavailable, SnapshotDamaged, type Random, type Sequence } from '../ports.ts';
import type { SnapshotName, Snapshots } from '../ports.ts';
import type { OnSetAside } from '../snapshot-files.ts';
import { FencedPublisher, type PublisherOptions } from './fenced-publisher.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { JetStreamNames } from './names.ts';
import { StreamReads, type StoredMessage } from './stream-reads.ts';

export interface JetStreamSnapshotsOptions extends PublisherOptions {
  readonly names: JetStreamNames;
  readonly random: Random;
  readonly onSetAside?: OnSetAside;
}

/** A snapshot, and by which id its pieces are found. */
interface Kept {
  readonly name: SnapshotName;
  readonly id: string;
  readonly subject: string;
}

const ID_CHARACTERS = 8;

export class JetStreamSnapshots implements Snapshots {
  readonly #options: JetStreamSnapshotsOptions;
  readonly #names: JetStreamNames;
  readonly #publisher: FencedPublisher;
  readonly #reads: StreamReads;
  readonly #manager: Promise<JetStreamManager>;

  constructor(options: JetStreamSnapshotsOptions) {
    const { link, names } = options;
    this.#options = options;
    this.#names = names;
    this.#publisher = new FencedPublisher(options, names.snapshotStream);
    this.#reads = new StreamReads(link, names.snapshotStream);
    this.#manager = jetstreamManager(link.connection, { checkAPI: false, timeout: JETSTREAM_LIMITS.readMs });
  }

  async list(shard: number): Promise<readonly SnapshotName[]> {
    const kept = await this.#kept('names', shard);
    return kept.map(({ name }) => name);
  }

  /** Of all shards. @throws JournalUnavailable */
  async listAll(): Promise<readonly SnapshotName[]> {
    const subjects = await this.#subjects(`${this.#names.snapshotsOf('names', '*')}.>`);
    return subjects.map((subject) => keptOf(subject).name);
  }

  async *read(name: SnapshotName): AsyncIterable<Uint8Array> {
    const found = (await this.#kept('names', name.shard)).find((kept) => isSame(kept.name, name));
    if (found === undefined) throw new SnapshotDamaged('it is gone');
    yield* this.#readSummed(name, found.id);
  }

  async write(
    place: Pick<SnapshotName, 'shard' | 'sequence' | 'epoch'>,
    pieces: Iterable<Uint8Array>,
  ): Promise<SnapshotName> {
    const { shard, sequence, epoch } = place;
    await this.#removeUnnamed(shard);
    const id = Buffer.from(this.#options.random.characters(ID_CHARACTERS), 'latin1').toString('hex');
    try {
      const name = { shard, sequence, epoch, ...(await this.#writePieces(shard, id, pieces)) };
      for await (const piece of this.#readSummed(name, id)) void piece;
      await this.#publish(this.#subjectOf('names', name, id), new Uint8Array(), 0, id);
      return name;
    } catch (error) {
      // What cannot be removed now is removed by the next writer.
      await this.#purge(this.#piecesOf(shard, id)).catch(() => undefined);
      throw error;
    }
  }

  async remove(name: SnapshotName): Promise<void> {
    for (const kept of await this.#kept('names', name.shard)) {
      if (isSame(kept.name, name)) await this.#remove(kept);
    }
  }

  async setAside(name: SnapshotName, why: string): Promise<void> {
    const { onSetAside } = this.#options;
    try {
      for (const earlier of await this.#kept('damaged', name.shard)) await this.#remove(earlier);
      for (const { name: found, id, subject } of await this.#kept('names', name.shard)) {
        if (!isSame(found, name)) continue;
        await this.#publish(
          this.#subjectOf('damaged', name, id),
          new TextEncoder().encode(why),
          0,
          `${id}.damaged`,
        );
        await this.#purge(subject);
      }
      onSetAside?.(name, why);
    } catch (error) {
      // It stays in the list, and is found damaged again: that costs time and nothing else.
      onSetAside?.(name, `${why}; and it cannot be set aside: ${(error as Error).message}`);
    }
  }

  /** Newest first. @throws JournalUnavailable */
  async #kept(kind: 'names' | 'damaged', shard: number): Promise<readonly Kept[]> {
    const subjects = await this.#subjects(`${this.#names.snapshotsOf(kind, shard)}.>`);
    return subjects
      .map(keptOf)
      .sort(({ name: one }, { name: other }) => other.sequence - one.sequence || other.epoch - one.epoch);
  }

  async #writePieces(
    shard: number,
    id: string,
    pieces: Iterable<Uint8Array>,
  ): Promise<Pick<SnapshotName, 'sum' | 'bytes'>> {
    const hash = createHash('sha256');
    const subject = this.#piecesOf(shard, id);
    let bytes = 0;
    let number = 0;
    let last: Sequence = 0;
    for (const piece of gathered(pieces, JETSTREAM_LIMITS.snapshotPieceBytes)) {
      hash.update(piece);
      bytes += piece.length;
      last = await this.#publish(subject, piece, last, pieceId(id, number++));
    }
    return { sum: hash.digest('hex'), bytes };
  }

  /** @throws SnapshotDamaged behind the last piece, when it is not what its name says */
  async *#readSummed({ shard, sum, bytes }: SnapshotName, id: string): AsyncIterable<Uint8Array> {
    const hash = createHash('sha256');
    const subject = this.#piecesOf(shard, id);
    let left = bytes;
    let number = 0;
    for (let next: Sequence = 1; left > 0;) {
      const given = await this.#reads.piece(subject, next, JETSTREAM_LIMITS.readRecordsMax);
      const isNext = (piece: StoredMessage, at: number): boolean => isPiece(piece, id, number + at);
      const end = given.findIndex((piece, at) => !isNext(piece, at));
      const pieces = end === -1 ? given : given.slice(0, end);
      if (pieces.length === 0) {
        // Whoever answered may lag behind, or lack something; the leader does not.
        const piece = await this.#reads.first(subject, next);
        if (piece === undefined || !isNext(piece, 0))
          throw new SnapshotDamaged(`of its end ${left} bytes are gone`);
        pieces.push(piece);
      }
      for (const piece of pieces) {
        hash.update(piece.bytes);
        left -= piece.bytes.length;
        yield piece.bytes;
      }
      number += pieces.length;
      next = pieces.at(-1)!.sequence + 1;
    }
    const found = hash.digest('hex');
    if (left < 0 || found !== sum) throw new SnapshotDamaged(`its SHA-256 is ${found} and should be ${sum}`);
  }

  async #publish(subject: string, bytes: Uint8Array, expected: Sequence, id: string): Promise<Sequence> {
    const isIt = (stored: StoredMessage): boolean => idOf(stored) === id;
    const result = await this.#publisher.publish({ subject, bytes, expected, id, isIt });
    if (result.kind === 'appended') return result.sequence;
    const why = result.kind === 'fenced' ? 'another writer came in between' : result.cause;
    throw new JournalUnavailable(`the snapshot cannot be written: ${why}`);
  }

  async #remove({ subject, name, id }: Kept): Promise<void> {
    await this.#purge(subject);
    await this.#purge(this.#piecesOf(name.shard, id));
  }

  async #removeUnnamed(shard: number): Promise<void> {
    const pieces = await this.#subjects(`${this.#names.snapshotsOf('pieces', shard)}.*`);
    if (pieces.length === 0) return;
    const kept = [...(await this.#kept('names', shard)), ...(await this.#kept('damaged', shard))];
    const known = new Set(kept.map(({ id }) => this.#piecesOf(shard, id)));
    for (const subject of pieces) if (!known.has(subject)) await this.#purge(subject);
  }

  #purge(subject: string): Promise<unknown> {
    return this.#asked((manager) => manager.streams.purge(this.#names.snapshotStream, { filter: subject }));
  }

  /** Those that have a message, as the stream's leader knows them. */
  async #subjects(filter: string): Promise<string[]> {
    const stream = this.#names.snapshotStream;
    const { state } = await this.#asked((manager) =>
      manager.streams.info(stream, { subjects_filter: filter }),
    );
    return Object.keys(state.subjects ?? {});
  }

  /** @throws JournalUnavailable */
  async #asked<T>(ask: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    try {
      const manager = await this.#manager;
      return await this.#options.link.whileUp(() => ask(manager));
    } catch (error) {
      const { snapshotStream } = this.#names;
      throw new JournalUnavailable(
        `the stream ${snapshotStream} does not answer: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
  }

  #piecesOf(shard: number, id: string): string {
    return `${this.#names.snapshotsOf('pieces', shard)}.${id}`;
  }

  #subjectOf(kind: 'names' | 'damaged', name: SnapshotName, id: string): string {
    const { shard, sequence, epoch, sum, bytes } = name;
    return [this.#names.snapshotsOf(kind, shard), sequence, epoch, sum, bytes, id].join('.');
  }
}

const idOf = ({ headers }: StoredMessage): string | undefined => headers?.get('Nats-Msg-Id');
const pieceId = (id: string, number: number): string => `${id}.${number}`;
const isPiece = (stored: StoredMessage, id: string, number: number): boolean =>
  idOf(stored) === pieceId(id, number);

function keptOf(subject: string): Kept {
  const [shard, sequence, epoch, sum, bytes, id] = subject.split('.').slice(-6) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const name = {
    shard: Number(shard),
    sequence: Number(sequence),
    epoch: Number(epoch),
    sum,
    bytes: Number(bytes),
  };
  return { name, id, subject };
}

const isSame = (one: SnapshotName, other: SnapshotName): boolean =>
  one.sequence === other.sequence && one.epoch === other.epoch && one.sum === other.sum;

/** Pieces of one size, whatever they came in. */
function* gathered(pieces: Iterable<Uint8Array>, pieceBytes: number): Generator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.length;) {
      const part = piece.subarray(from, from + pieceBytes - bytes);
      waiting.push(part);
      bytes += part.length;
      from += part.length;
      if (bytes < pieceBytes) continue;
      yield Buffer.concat(waiting);
      waiting = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}
