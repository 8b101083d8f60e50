// Where a feed has to begin at a node's start: whoever works the records off knows better than the server how far it is. A
// database that is new, or restored from an older state, gets everything again that it lacks.
//
// Other nodes may be at work on the same consumer, and are not disturbed: a record is acknowledged after it was committed,
// so positions that are read behind the acknowledgements cover them. What they do not cover was lost.

import type { Sequence } from '../ports.ts';
import type { JetStreamFeed } from './feed.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';
import { StreamReads } from './stream-reads.ts';

export interface FeedRewindOptions {
  readonly feed: Pick<JetStreamFeed, 'ackFloor' | 'rewind'>;
  readonly link: Link;
  readonly names: JetStreamNames;
  readonly shards: number;
  /** Reads how far each shard was worked off, now; shards without anything may be missing. */
  readonly positions: () => Promise<ReadonlyMap<number, Sequence>>;
}

/** Shards that are asked for at once. */
const SHARDS_PER_LOOK = 16;

/** @returns behind which record the feed begins anew; undefined when it was left alone @throws JournalUnavailable */
export async function rewindFeed(options: FeedRewindOptions): Promise<Sequence | undefined> {
  const { feed, shards, positions } = options;
  const acknowledged = await feed.ackFloor();
  const known = await positions();
  const behind = [...Array(shards).keys()]
    .map((shard) => ({ shard, position: known.get(shard) ?? 0 }))
    .filter(({ position }) => position < acknowledged);
  const floor = await lowestLacking(behind, acknowledged, options);
  if (floor !== undefined) await feed.rewind(floor);
  return floor;
}

interface ShardPosition {
  readonly shard: number;
  readonly position: Sequence;
}

/** Of the shards of which a record was acknowledged that is not worked off. */
async function lowestLacking(
  behind: readonly ShardPosition[],
  acknowledged: Sequence,
  { link, names }: FeedRewindOptions,
): Promise<Sequence | undefined> {
  const reads = new StreamReads(link, names.journalStream);
  let lowest: Sequence | undefined;
  for (let at = 0; at < behind.length; at += SHARDS_PER_LOOK) {
    const looks = behind.slice(at, at + SHARDS_PER_LOOK).map(async ({ shard, position }) => {
      const next = await reads.first(names.journalOf(shard), position + 1);
      return next !== undefined && next.sequence <= acknowledged ? position : Infinity;
    });
    const lacking = Math.min(...(await Promise.all(looks)));
    if (lacking < (lowest ?? Infinity)) lowest = lacking;
  }
  return lowest;
}
