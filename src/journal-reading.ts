// Every record of a journal through the checker's model and through the actors' own code, for an audit. A shard whose first
// records are in an archive that is not at hand is read from a snapshot on; what that leaves out is told, not guessed.

import { Checker, decodeRecord, digest, InvariantViolation, type Stock } from './actors/index.ts';
import {
  fileOf,
  inspectJournal,
  JournalDamaged,
  lostBefore,
  readSnapshot,
  ShardState,
  SnapshotDamaged,
  systemTimers,
  type CheckedRecord,
  type RecordSource,
  type Sequence,
  type SnapshotName,
  type Snapshots,
  type StoredRecord,
} from './runtime/index.ts';

/** Stock of one shard's products, exactly as of one journal sequence. */
export interface LiveStock {
  readonly shard: number;
  readonly sequence: number;
  readonly stock: ReadonlyMap<string, Stock>;
}

export class JournalReading {
  readonly checker = new Checker();
  readonly #states = new Map<number, ShardState>();
  readonly #liveAt: ReadonlyMap<number, LiveStock>;
  readonly #snapshots: readonly SnapshotName[];
  readonly #snapshotsAt: ReadonlyMap<Sequence, readonly SnapshotName[]>;
  /** Shards that begin with a snapshot, and its record. */
  readonly #beginsAt = new Map<number, Sequence>();
  /** Of each product in the replay, as of each snapshot. */
  readonly #digests = new Map<SnapshotName, ReadonlyMap<string, string>>();
  /** Shards whose records can no longer be followed. */
  readonly #broken = new Set<number>();
  /** Newest record of each shard. */
  readonly #heads = new Map<number, Sequence>();
  #last = 0;

  constructor(live: readonly LiveStock[], snapshots: readonly SnapshotName[]) {
    this.#liveAt = new Map(live.map((shard) => [shard.sequence, shard]));
    this.#snapshots = snapshots;
    this.#snapshotsAt = Map.groupBy(snapshots, ({ sequence }) => sequence);
  }

  /** Before the journal: records that left it. @param isWanted by shard */
  readArchive(file: string, isWanted: (shard: number) => boolean): void {
    try {
      for (const stored of inspectJournal(file)) if (isWanted(stored.shard)) this.#read(stored);
    } catch (error) {
      this.#cannotReadOn(error);
    }
  }

  /** Before the journal: the shard's records up to `head` are not at hand, so its newest whole snapshot stands for them. */
  async beginWithSnapshot(shard: number, head: Sequence, snapshots: Snapshots): Promise<void> {
    for (const name of await snapshots.list(shard)) {
      if (name.sequence <= head) break;
      const state = await wholeSnapshot(name, snapshots);
      if (state === undefined) continue;
      this.#states.set(shard, state);
      this.#beginsAt.set(shard, name.sequence);
      this.checker.begin(shard, head, state.products.keys());
      return;
    }
    this.#broken.add(shard);
    const what = `the records of shard ${shard} up to ${head} are in an archive, and no whole snapshot stands for them`;
    this.checker.broken(7, what);
  }

  /** What the journal has beyond what was read already. @param known somebody knows of this record */
  async readOn(records: RecordSource, known: Sequence = 0): Promise<void> {
    try {
      for await (const piece of records.behind(this.#last, known)) {
        for (const stored of piece) this.#readNext(stored);
      }
    } catch (error) {
      this.#cannotReadOn(error);
    }
  }

  /** Nobody knows of records that the journal does not have. */
  assertReaches(invariant: 3 | 6, witness: string, known: ReadonlyMap<number, Sequence>): void {
    for (const lost of lostBefore(this.#heads, witness, known).values()) this.checker.broken(invariant, lost);
  }

  /** What the actors' own code counts, against the model. */
  compareStock(): void {
    for (const state of this.#states.values()) {
      for (const { id, stock } of state.products.values()) {
        if (!this.checker.isUnseen(id)) this.checker.live(id, stock);
      }
    }
  }

  /** Each snapshot against the replay up to its record. */
  async compareSnapshots(snapshots: Snapshots): Promise<void> {
    for (const name of this.#snapshots) {
      if (name.sequence <= (this.#beginsAt.get(name.shard) ?? 0)) continue;
      const replayed = this.#digests.get(name);
      if (replayed === undefined) {
        this.checker.broken(7, `snapshot ${fileOf(name)} goes up to a record that is not in the journal`);
        continue;
      }
      const isSame = await isSnapshotOf(replayed, name, snapshots);
      if (isSame !== undefined) this.checker.snapshot(fileOf(name), isSame);
    }
  }

  #cannotReadOn(error: unknown): void {
    if (!(error instanceof JournalDamaged)) throw error;
    this.checker.broken(6, error.message);
  }

  #readNext(stored: CheckedRecord): void {
    const { sequence, shard, damage } = stored;
    if (damage === undefined) this.#last = Math.max(this.#last, sequence);
    this.#heads.set(shard, Math.max(this.#heads.get(shard) ?? 0, sequence));
    this.#read(stored);
  }

  #breakAt(shard: number, what: string): void {
    if (this.#broken.has(shard)) return;
    this.#broken.add(shard);
    this.checker.broken(6, what);
  }

  #read(stored: CheckedRecord): void {
    const { shard, sequence, bytes, damage } = stored;
    if (damage !== undefined) this.#breakAt(shard, damage);
    if (this.#broken.has(shard)) return;
    const state = this.#states.get(shard) ?? new ShardState(shard);
    this.#states.set(shard, state);
    try {
      this.checker.record(sequence, decodeRecord(bytes));
      if (sequence < state.position.head) return;
      if (sequence === this.#beginsAt.get(shard)) return this.#assertBeginning(state, stored);
      state.replay(stored);
    } catch (error) {
      if (!(error instanceof InvariantViolation)) throw error;
      return this.#breakAt(shard, `record ${sequence} of shard ${shard}: ${error.message}`);
    }
    for (const snapshot of this.#snapshotsAt.get(sequence) ?? []) {
      if (snapshot.shard === shard) this.#digests.set(snapshot, digests(state));
    }
    this.#compareLive(state, sequence);
  }

  #assertBeginning(state: ShardState, stored: StoredRecord): void {
    const { shard, sequence } = stored;
    const where = `the snapshot of shard ${shard} that stands for archived records`;
    if (!state.isAt(stored)) this.checker.broken(7, `${where} does not go up to record ${sequence}`);
    else this.#compareLive(state, sequence);
  }

  #compareLive(state: ShardState, sequence: Sequence): void {
    for (const [productId, stock] of this.#liveAt.get(sequence)?.stock ?? []) {
      if (this.checker.isUnseen(productId)) {
        this.checker.fingerprint(productId, isSameStock(stock, state.products.get(productId)?.stock));
      } else {
        this.checker.live(productId, stock);
      }
    }
  }
}

const digests = ({ products }: ShardState): ReadonlyMap<string, string> =>
  new Map([...products].map(([id, product]) => [id, digest(product)]));

const isSameStock = (one: Stock, other: Stock | undefined): boolean =>
  other !== undefined && (Object.keys(one) as (keyof Stock)[]).every((field) => one[field] === other[field]);

/** Undefined for one that cannot be read, or was removed since. */
async function wholeSnapshot(name: SnapshotName, snapshots: Snapshots): Promise<ShardState | undefined> {
  try {
    return await readSnapshot(name, { snapshots, timers: systemTimers });
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error;
    return undefined;
  }
}

/** Undefined for one that was removed since, as a newer one took its place. */
async function isSnapshotOf(
  replayed: ReadonlyMap<string, string>,
  name: SnapshotName,
  snapshots: Snapshots,
): Promise<boolean | undefined> {
  const state = await wholeSnapshot(name, snapshots);
  if (state === undefined) {
    const isStillThere = (await snapshots.list(name.shard)).some(({ sum }) => sum === name.sum);
    return isStillThere ? false : undefined;
  }
  const kept = digests(state);
  return kept.size === replayed.size && [...kept].every(([id, sum]) => replayed.get(id) === sum);
}
