// Taking a shard over: append a claim behind its newest record, then rebuild its memory from all records before it.
//
// The claim comes first, because from then on nobody else's append succeeds: what is read afterwards is complete.

import { decodeRecord, encodeRecord, type JournalRecord } from '../actors/index.ts';
import { JournalUnavailable, type ShardPorts } from './ports.ts';
import { ShardState } from './shard-state.ts';

const OWNER_CHARACTERS = 16;

/**
 * @param onRecord sees every replayed record, also of earlier owners
 * @returns the shard's state with the claim as its head; undefined when somebody else claimed it in between, or under a
 *   newer placement
 */
export async function claim(
  shard: number,
  revision: number,
  { journal, clock, random }: ShardPorts,
  onRecord: (record: JournalRecord) => void,
): Promise<ShardState | undefined> {
  const head = await journal.head(shard);
  const newest = head && decodeRecord(head.bytes);
  if (newest !== undefined && newest.revision > revision) return undefined;
  const header = {
    shard,
    epoch: (newest?.epoch ?? 0) + 1,
    owner: random.characters(OWNER_CHARACTERS),
    number: 0,
    previous: head?.sequence ?? 0,
    revision,
    at: clock.now(),
  };
  const bytes = encodeRecord(header, []);
  const result = await journal.append(shard, bytes, header.previous);
  if (result.kind === 'fenced') return undefined;
  if (result.kind === 'unknown') throw new JournalUnavailable(`claim of shard ${shard}: ${result.cause}`);

  const state = new ShardState(shard);
  for await (const records of journal.replay(shard, 1, result.sequence)) {
    for (const stored of records) onRecord(state.replay(stored));
  }
  return state;
}
