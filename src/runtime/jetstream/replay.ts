// The records of a shard between two sequences, in bounded pieces, with the proof that none is missing: each record names
// the one before it, and the leader says which one is the last. A piece that breaks the chain is asked of the leader, one
// record after the other; when the leader's own break it, the journal is damaged.

import { decodeRecordHeader, type RecordHeader } from '../../actors/index.ts';
import { JournalDamaged, JournalUnavailable, type Sequence, type StoredRecord } from '../ports.ts';

/** Of one shard; see stream-reads.ts for who answers. */
export interface ShardReads {
  readonly shard: number;
  newest(): Promise<StoredRecord | undefined>;
  first(from: Sequence): Promise<StoredRecord | undefined>;
  piece(from: Sequence, recordsMax: number): Promise<readonly StoredRecord[]>;
}

/** @throws JournalUnavailable @throws JournalDamaged */
export async function* replay(
  reads: ShardReads,
  from: Sequence,
  to: Sequence,
): AsyncIterable<readonly StoredRecord[]> {
  const newest = await reads.newest();
  if (newest === undefined || newest.sequence < from || from > to) return;
  for (let at: Place = { next: from, previous: undefined }; ;) {
    const piece = await linkedPiece(reads, at, Math.min(to, newest.sequence));
    const wanted = piece.filter(({ sequence }) => sequence <= to);
    if (wanted.length > 0) yield wanted;
    const last = piece.at(-1)!.sequence;
    // One beyond the wanted ones names the last of them.
    if (last >= newest.sequence || last >= to) return;
    at = { next: last + 1, previous: last };
  }
}

interface Place {
  readonly next: Sequence;
  /** The record before it; undefined when anything before `next` will do. */
  readonly previous: Sequence | undefined;
}

/** At least one record. */
async function linkedPiece(
  reads: ShardReads,
  { next, previous }: Place,
  end: Sequence,
): Promise<readonly StoredRecord[]> {
  const { shard } = reads;
  const piece = linked(await reads.piece(next, end - next + 1), { next, previous });
  if (piece.length > 0) return piece;
  const record = await reads.first(next);
  if (record === undefined) {
    // It was behind the newest record a moment ago: whoever answers now lags behind.
    throw new JournalUnavailable(`shard ${shard} has a record from ${next} on, and it is not given`);
  }
  const { previous: named } = headerOf(record);
  if (!follows(named, { next, previous })) {
    throw new JournalDamaged(
      `record ${record.sequence} of shard ${shard} names record ${named} before it, and the journal has ` +
        `${previous === undefined ? `none from ${next} on` : `record ${previous}`} there: records are missing. ` +
        'See “When a shard is refused” in docs/operations.md.',
    );
  }
  return [record];
}

/** As far as each record names the one before it. */
function linked(piece: readonly StoredRecord[], at: Place): readonly StoredRecord[] {
  let { next, previous } = at;
  for (const [index, record] of piece.entries()) {
    if (record.sequence < next || !isLinked(record, { next, previous })) return piece.slice(0, index);
    previous = record.sequence;
    next = previous + 1;
  }
  return piece;
}

function isLinked(record: StoredRecord, at: Place): boolean {
  try {
    return follows(headerOf(record).previous, at);
  } catch {
    return false; // The leader's copy may be whole.
  }
}

const follows = (named: Sequence, { next, previous }: Place): boolean =>
  previous === undefined ? named < next : named === previous;

/** @throws JournalDamaged */
export function headerOf({ shard, sequence, bytes }: StoredRecord): RecordHeader {
  let header: RecordHeader;
  try {
    header = decodeRecordHeader(bytes);
  } catch (error) {
    throw new JournalDamaged(damageOf(shard, sequence, (error as Error).message), { cause: error });
  }
  if (header.shard === shard) return header;
  throw new JournalDamaged(damageOf(shard, sequence, `it says that it is of shard ${header.shard}`));
}

const damageOf = (shard: number, sequence: Sequence, why: string): string =>
  `record ${sequence} of shard ${shard} is damaged: ${why}. See “When a shard is refused” in docs/operations.md.`;
