// What is said of a shard whose journal ends before something that somebody knows of it. Whoever knows more than the
// journal is a witness: only durable records leave the owner, so what a witness has seen was there.

import type { Sequence } from './ports.ts';

/**
 * @param head newest record of the shard in the journal, 0 for none
 * @param witness who knows more, and a verb: “a snapshot holds”
 * @param known how far that goes
 */
export function lostRecords(shard: number, head: Sequence, witness: string, known: Sequence): string {
  return (
    `${witness} shard ${shard} up to record ${known}, but the journal’s newest record of that shard is ` +
    `${head === 0 ? 'none' : head}: the journal lost records that were acknowledged, at least 1 and at most ` +
    `${known - head} of this shard. Restore it from the backup that reaches furthest; see “When a shard is refused” ` +
    'in docs/operations.md.'
  );
}

/** The shards of which a witness knows more than the journal has, and what to say of each. */
export function lostBefore(
  heads: ReadonlyMap<number, Sequence>,
  witness: string,
  known: ReadonlyMap<number, Sequence>,
): Map<number, string> {
  const lost = new Map<number, string>();
  for (const [shard, sequence] of known) {
    const head = heads.get(shard) ?? 0;
    if (sequence > head) lost.set(shard, lostRecords(shard, head, witness, sequence));
  }
  return lost;
}
