// Which revision of the placement document the claims in the journal know: a document that was lost begins anew above it.

import { decodeRecordHeader } from '../../actors/index.ts';
import type { Timers, Clock } from '../ports.ts';
import { systemClock, systemTimers } from '../system.ts';
import { JetStreamJournal } from './journal.ts';
import type { JetStreamStore } from './store.ts';

const HEADS_AT_ONCE = 32;

/** @throws JournalUnavailable */
export async function highestRevision({
  link,
  names,
  shards,
}: Pick<JetStreamStore, 'link' | 'names' | 'shards'>): Promise<number> {
  const ports: { clock: Clock; timers: Timers } = { clock: systemClock, timers: systemTimers };
  const journal = new JetStreamJournal({ link, names, ...ports });
  let highest = 0;
  for (let from = 0; from < shards; from += HEADS_AT_ONCE) {
    const some = Array.from({ length: Math.min(HEADS_AT_ONCE, shards - from) }, (_, at) => from + at);
    for (const head of await Promise.all(some.map((shard) => journal.head(shard))))
      highest = Math.max(highest, head === undefined ? 0 : decodeRecordHeader(head.bytes).revision);
  }
  return highest;
}
