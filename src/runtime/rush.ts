// Whether shoppers need the processor at this moment, told by how often the journal commits. Whoever works for later (rows,
// snapshots) asks before each piece of work and lets them go first, for a bounded time.

import type { Clock } from './ports.ts';

/** More commits in a second than these are a rush. */
const RUSH_COMMITS_PER_SECOND = 200;

/**
 * @param commits counts the journal's commits: shared with its thread
 * @returns tells whether the journal has been busy since it was last asked
 */
export function rushOf(commits: SharedArrayBuffer, clock: Pick<Clock, 'monotonic'>): () => boolean {
  const count = new Int32Array(commits);
  let seen = Atomics.load(count, 0);
  let askedAt = clock.monotonic();
  return () => {
    const now = clock.monotonic();
    const since = Atomics.load(count, 0) - seen;
    const isRush = since * 1_000 > RUSH_COMMITS_PER_SECOND * (now - askedAt);
    seen += since;
    askedAt = now;
    return isRush;
  };
}
