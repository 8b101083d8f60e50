// Taking a shard over: append a claim behind its newest record, then rebuild its memory from a snapshot and the records
// behind it.
//
// The claim comes first, because from then on nobody else's append succeeds: what is read afterwards is complete.

import { decodeRecord, encodeRecord } from '../actors/index.ts';
import { JournalUnavailable, type Sequence, type ShardPorts } from './ports.ts';
import type { ShardState } from './shard-state.ts';
import { restore } from './snapshot-restore.ts';
import { soundHead } from './sound-head.ts';

const OWNER_CHARACTERS = 16;

/** An append of before whose result is unknown. */
export interface UnknownAppend {
  /** The record that it expected before it. */
  readonly head: Sequence;
  readonly owner: string;
  readonly number: number;
}

/**
 * What is there of the shard now, without a claim: read while another owner still works, so that little is left to read when
 * it has stopped.
 */
export async function readBeforehand(
  shard: number,
  ports: Pick<ShardPorts, 'journal' | 'snapshots' | 'timers'>,
): Promise<ShardState | undefined> {
  const head = await ports.journal.head(shard);
  return head && restore(shard, head.sequence, ports);
}

/**
 * @param begun what was read beforehand
 * @param unknown its fate is read from the journal
 * @param onLanded called when it turns out to be durable
 * @returns the shard's state with the claim as its head; undefined when somebody else claimed it in between, or under a
 *   newer placement
 * @throws JournalUnavailable @throws InvariantViolation
 */
export async function claim(
  shard: number,
  revision: number,
  ports: ShardPorts,
  begun: ShardState | undefined,
  unknown: UnknownAppend | undefined,
  onLanded: () => void,
): Promise<ShardState | undefined> {
  const { journal, clock, random } = ports;
  const head = await soundHead(shard, ports);
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
  if (unknown !== undefined && (await hasLanded(shard, unknown, result.sequence, ports))) onLanded();
  return restore(shard, result.sequence, ports, begun);
}

/** It landed exactly when it is the first record behind the one that it expected. A snapshot may have passed it already. */
async function hasLanded(
  shard: number,
  { head, owner, number }: UnknownAppend,
  claimed: Sequence,
  { journal }: ShardPorts,
): Promise<boolean> {
  for await (const [stored] of journal.replay(shard, head + 1, claimed)) {
    if (stored === undefined) continue;
    const record = decodeRecord(stored.bytes);
    return record.owner === owner && record.number === number;
  }
  return false;
}
