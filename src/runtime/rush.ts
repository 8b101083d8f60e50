// Whether shoppers need the processor at this moment, told by how much the journal commits: in a rush many orders share a
// commit, so the number of commits says little. Whoever works for later (rows, snapshots) asks before each piece of work
// and lets shoppers go first, for a bounded time.

import type { CommitMeter } from './commit-meter.ts';
import type { Clock } from './ports.ts';

/** Of records, some five hundred orders: more in a second is a rush. */
const RUSH_BYTES_PER_SECOND = 50_000;

/** @returns tells whether the journal has been busy since it was last asked */
export function rushOf(
  committed: Pick<CommitMeter, 'bytes'>,
  clock: Pick<Clock, 'monotonic'>,
): () => boolean {
  let seen = committed.bytes;
  let askedAt = clock.monotonic();
  return () => {
    const now = clock.monotonic();
    const { bytes } = committed;
    // Right also when the meter has wrapped around.
    const since = (bytes - seen) | 0;
    const isRush = since * 1_000 > RUSH_BYTES_PER_SECOND * (now - askedAt);
    seen = bytes;
    askedAt = now;
    return isRush;
  };
}
