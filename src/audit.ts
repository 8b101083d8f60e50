// Holds the journal against Postgres, and against the live actors, with the checker that tests and simulations use.
// Reads both beside a running node; needs nobody to stop.

import {
  Checker,
  decodeRecord,
  digest,
  InvariantViolation,
  type Report,
  type Stock,
} from './actors/index.ts';
import { openPool, readProjected, type PostgresConnection } from './persistence/index.ts';
import {
  fileOf,
  inspectJournal,
  JournalDamaged,
  lostBefore,
  markPathOf,
  readMark,
  readSnapshot,
  ShardState,
  SnapshotDamaged,
  SnapshotFiles,
  systemTimers,
  type CheckedRecord,
  type Sequence,
  type SnapshotName,
} from './runtime/index.ts';

/** Stock of one shard's products, exactly as of one journal sequence. */
export interface LiveStock {
  readonly shard: number;
  readonly sequence: number;
  readonly stock: ReadonlyMap<string, Stock>;
}

export interface AuditRequest {
  /** The journal's file. */
  readonly journal: string;
  /** The folder of snapshots. */
  readonly snapshots: string;
  readonly connection: PostgresConnection;
  readonly live: readonly LiveStock[];
}

/** Memory grows with the orders: each is held once, as the checker's model of it. */
export async function audit({ journal, snapshots: folder, connection, live }: AuditRequest): Promise<Report> {
  const snapshots = new SnapshotFiles(folder);
  // Listed and marked before the journal is read, which therefore covers them.
  const reading = new JournalReading(live, await snapshots.listAll());
  const acknowledged = readMark(markPathOf(journal))?.heads ?? new Map<number, Sequence>();
  reading.readOn(journal);
  const { checker } = reading;
  reading.assertReaches(6, 'the mark beside the journal knows', acknowledged);
  const pool = openPool(connection, 1, 'doorbuster audit');
  try {
    await readProjected(pool, {
      positions(rows) {
        // Rows and positions are of one moment, and what the journal got meanwhile is read after it: it covers them.
        reading.readOn(journal);
        const positions = new Map(rows.map(({ shard, sequence }) => [shard, sequence]));
        checker.projectedUpTo(positions);
        reading.assertReaches(3, 'Postgres has', positions);
      },
      orders: (rows) => rows.forEach((row) => checker.row(row)),
      products: (rows) => rows.forEach((row) => checker.productRow(row)),
      stockMovements: (rows) => rows.forEach((row) => checker.movementRow(row)),
    });
  } finally {
    await pool.end();
  }
  reading.compareStock();
  await reading.compareSnapshots(snapshots);
  return checker.report();
}

/** Every record, through the checker's model and through the actors' own code. */
class JournalReading {
  readonly checker = new Checker();
  readonly #states = new Map<number, ShardState>();
  readonly #liveAt: ReadonlyMap<number, LiveStock>;
  /** Shards whose records can no longer be followed. */
  readonly #broken = new Set<number>();
  /** Newest record of each shard. */
  readonly #heads = new Map<number, Sequence>();
  #last = 0;

  readonly #snapshotAt: ReadonlyMap<number, SnapshotName>;
  /** Of each product in the replay, as of each snapshot. */
  readonly #digests = new Map<SnapshotName, ReadonlyMap<string, string>>();

  constructor(live: readonly LiveStock[], snapshots: readonly SnapshotName[]) {
    this.#liveAt = new Map(live.map((shard) => [shard.sequence, shard]));
    this.#snapshotAt = new Map(snapshots.map((name) => [name.sequence, name]));
  }

  /** What the journal has beyond what was read already. */
  readOn(journal: string): void {
    try {
      this.#readAll(inspectJournal(journal, this.#last));
    } catch (error) {
      if (!(error instanceof JournalDamaged)) throw error;
      this.checker.broken(6, error.message);
    }
  }

  #readAll(records: Iterable<CheckedRecord>): void {
    for (const stored of records) {
      const { sequence, shard, damage } = stored;
      if (damage !== undefined) this.#breakAt(shard, damage);
      else this.#last = Math.max(this.#last, sequence);
      this.#heads.set(shard, Math.max(this.#heads.get(shard) ?? 0, sequence));
      if (!this.#broken.has(shard)) this.#read(stored);
    }
  }

  /** Nobody knows of records that the journal does not have. */
  assertReaches(invariant: 3 | 6, witness: string, known: ReadonlyMap<number, Sequence>): void {
    for (const lost of lostBefore(this.#heads, witness, known).values()) this.checker.broken(invariant, lost);
  }

  /** What the actors' own code counts, against the model. */
  compareStock(): void {
    for (const state of this.#states.values()) {
      for (const { id, stock } of state.products.values()) this.checker.live(id, stock);
    }
  }

  /** Each snapshot against the replay up to its record. */
  async compareSnapshots(snapshots: SnapshotFiles): Promise<void> {
    for (const name of this.#snapshotAt.values()) {
      const replayed = this.#digests.get(name);
      if (replayed === undefined) {
        this.checker.broken(7, `snapshot ${fileOf(name)} goes up to a record that is not in the journal`);
        continue;
      }
      const isSame = await isSnapshotOf(replayed, name, snapshots);
      if (isSame !== undefined) this.checker.snapshot(fileOf(name), isSame);
    }
  }

  #breakAt(shard: number, what: string): void {
    if (this.#broken.has(shard)) return;
    this.#broken.add(shard);
    this.checker.broken(6, what);
  }

  #read(stored: CheckedRecord): void {
    const { shard, sequence, bytes } = stored;
    const state = this.#states.get(shard) ?? new ShardState(shard);
    this.#states.set(shard, state);
    try {
      this.checker.record(sequence, decodeRecord(bytes));
      state.replay(stored);
    } catch (error) {
      if (!(error instanceof InvariantViolation)) throw error;
      return this.#breakAt(shard, `record ${sequence} of shard ${shard}: ${error.message}`);
    }
    const snapshot = this.#snapshotAt.get(sequence);
    if (snapshot?.shard === shard) this.#digests.set(snapshot, digests(state));
    for (const [productId, stock] of this.#liveAt.get(sequence)?.stock ?? [])
      this.checker.live(productId, stock);
  }
}

const digests = ({ products }: ShardState): ReadonlyMap<string, string> =>
  new Map([...products].map(([id, product]) => [id, digest(product)]));

/** Undefined for one that was removed since, as a newer one took its place. */
async function isSnapshotOf(
  replayed: ReadonlyMap<string, string>,
  name: SnapshotName,
  snapshots: SnapshotFiles,
): Promise<boolean | undefined> {
  try {
    const kept = digests(await readSnapshot(name, { snapshots, timers: systemTimers }));
    return kept.size === replayed.size && [...kept].every(([id, sum]) => replayed.get(id) === sum);
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error;
    const isStillThere = (await snapshots.list(name.shard)).some(({ sum }) => sum === name.sum);
    return isStillThere ? false : undefined;
  }
}
