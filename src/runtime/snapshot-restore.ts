// A shard's state from its newest snapshot that is whole, belongs to the journal and is not beyond the wanted record. One
// that is damaged is set aside; the next older one, or the whole journal, takes its place.

import { SnapshotDecoder } from '../actors/index.ts';
import {
  JournalDamaged,
  JournalUnavailable,
  SnapshotDamaged,
  type Journal,
  type Sequence,
  type SnapshotName,
  type Snapshots,
  type Timers,
} from './ports.ts';
import { ShardState } from './shard-state.ts';

interface RestorePorts {
  readonly journal: Pick<Journal, 'replay'>;
  readonly snapshots?: Snapshots;
  readonly timers: Pick<Timers, 'giveWay'>;
}

/**
 * The shard as of record `upTo`: snapshot, then the records behind it.
 * @param begun what was read of it before; reading goes on from there
 * @throws InvariantViolation @throws JournalUnavailable
 */
export async function restore(
  shard: number,
  upTo: Sequence,
  ports: RestorePorts,
  begun?: ShardState,
): Promise<ShardState> {
  if (begun !== undefined && (await goOn(begun, upTo, ports))) return begun;
  const state = await newestSnapshot(shard, upTo, ports);
  await follow(state, upTo, ports);
  return state;
}

/** @returns false when it cannot: whatever is wrong is found again, and told, by whoever reads from the beginning */
async function goOn(begun: ShardState, upTo: Sequence, ports: RestorePorts): Promise<boolean> {
  try {
    await follow(begun, upTo, ports);
    return true;
  } catch (error) {
    if (error instanceof JournalUnavailable) throw error;
    return false;
  }
}

/** Takes over the records behind the state's head, up to `upTo`, which is there. @throws JournalDamaged when it is not */
export async function follow(
  state: ShardState,
  upTo: Sequence,
  { journal, timers }: RestorePorts,
): Promise<void> {
  for await (const records of journal.replay(state.shard, state.position.head + 1, upTo)) {
    for (const stored of records) {
      state.replay(stored);
      await timers.giveWay();
    }
  }
  if (state.position.head === upTo) return;
  throw new JournalDamaged(`record ${upTo} of shard ${state.shard} is in the journal, and is not given back`);
}

/** An empty state when there is no snapshot to begin with. */
async function newestSnapshot(shard: number, upTo: Sequence, ports: RestorePorts): Promise<ShardState> {
  const { snapshots } = ports;
  for (const name of (await snapshots?.list(shard)) ?? []) {
    if (name.sequence > upTo) continue;
    try {
      const state = await readSnapshot(name, ports);
      await assertBelongs(state, ports);
      return state;
    } catch (error) {
      if (!(error instanceof SnapshotDamaged)) throw error;
      await snapshots!.setAside(name, error.message);
    }
  }
  return new ShardState(shard);
}

/** @throws SnapshotDamaged */
export async function readSnapshot(
  name: SnapshotName,
  { snapshots, timers }: Pick<RestorePorts, 'snapshots' | 'timers'>,
): Promise<ShardState> {
  const decoder = new SnapshotDecoder();
  for await (const piece of snapshots!.read(name)) {
    decoder.push(piece);
    while (decoded(() => decoder.step())) await timers.giveWay();
  }
  const snapshot = decoded(() => decoder.finish());
  const isNamed =
    snapshot.shard === name.shard && snapshot.head === name.sequence && snapshot.epoch === name.epoch;
  if (!isNamed) throw new SnapshotDamaged('it is of another shard or record than its name says');
  return ShardState.of(snapshot);
}

/** Until the sum is known, anything can come of decoding. @throws SnapshotDamaged */
function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw new SnapshotDamaged(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The record that it goes up to is in the journal, and is that record. @throws SnapshotDamaged */
async function assertBelongs(state: ShardState, { journal }: RestorePorts): Promise<void> {
  const { head } = state.position;
  for await (const [stored] of journal.replay(state.shard, head, head)) {
    if (stored !== undefined && state.isAt(stored)) return;
  }
  throw new SnapshotDamaged(`record ${head} of this journal is not the one that it goes up to`);
}
