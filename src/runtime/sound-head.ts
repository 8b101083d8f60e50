// A shard's newest record as a claim may build on it: whoever knows of the shard beside the journal knows no more than the
// journal does. Snapshots are made of durable records only, and rows of Postgres, too; so more would be the trace of records
// that are gone. Asked before a claim, which would lengthen the journal and hide it.
//
// A journal of several servers may be asked of one that was the leader and has not heard that it is so no more: it tells an
// older record, and nothing is lost. So it is asked again, for longer than that can last.

import { lostRecords } from './lost-records.ts';
import {
  JournalDamaged,
  SnapshotDamaged,
  type Sequence,
  type ShardPorts,
  type SnapshotName,
  type Snapshots,
  type StoredRecord,
  type Witness,
} from './ports.ts';

/** After the first look. */
const LOOKS_AGAIN = 3;

type SoundHeadPorts = Pick<ShardPorts, 'journal' | 'snapshots' | 'witness' | 'timers'>;

/** @throws JournalUnavailable @throws JournalDamaged when somebody knows more */
export async function soundHead(shard: number, ports: SoundHeadPorts): Promise<StoredRecord | undefined> {
  const { journal, snapshots, witness, timers } = ports;
  // Both before the head is read, which therefore covers them.
  const listed = (await snapshots?.list(shard)) ?? [];
  const known = await witness?.(shard);
  const staleMs = journal.headStaleMs ?? 0;
  for (let looks = 0; ; looks++) {
    const head = await journal.head(shard);
    const sequence = head?.sequence ?? 0;
    const lost =
      (await lostBeforeSnapshot(sequence, listed, snapshots)) ?? lostBeforeWitness(shard, sequence, known);
    if (lost === undefined) return head;
    if (staleMs === 0 || looks === LOOKS_AGAIN) throw new JournalDamaged(lost);
    await new Promise<void>((resolve) => void timers.after(staleMs / LOOKS_AGAIN, resolve));
  }
}

function lostBeforeWitness(shard: number, head: Sequence, known: Witness | undefined): string | undefined {
  if (known === undefined || known.sequence <= head) return undefined;
  return lostRecords(shard, head, known.what, known.sequence);
}

/** One that is whole and goes beyond the head. */
async function lostBeforeSnapshot(
  head: Sequence,
  listed: readonly SnapshotName[],
  snapshots: Snapshots | undefined,
): Promise<string | undefined> {
  for (const name of listed) {
    if (name.sequence <= head) return undefined;
    if (await isWhole(name, snapshots!))
      return lostRecords(name.shard, head, 'a snapshot holds', name.sequence);
  }
  return undefined;
}

async function isWhole(name: SnapshotName, snapshots: Snapshots): Promise<boolean> {
  try {
    for await (const piece of snapshots.read(name)) void piece;
    return true;
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error;
    await snapshots.setAside(name, error.message);
    return false;
  }
}
