// Holds the journal against Postgres, and against the live actors, with the checker that tests and simulations use.
// Reads both beside a running node, in bounded pieces; needs nobody to stop.

import { Checker, decodeRecord, InvariantViolation, type Report, type Stock } from './actors/index.ts';
import { openPool, readProjected, type PostgresConnection } from './persistence/index.ts';
import { readJournal, ShardState } from './runtime/index.ts';

/** Stock of one shard's products, exactly as of one journal sequence. */
export interface LiveStock {
  readonly shard: number;
  readonly sequence: number;
  readonly stock: ReadonlyMap<string, Stock>;
}

export interface AuditRequest {
  /** The journal's file. */
  readonly journal: string;
  readonly connection: PostgresConnection;
  readonly live: readonly LiveStock[];
}

export async function audit({ journal, connection, live }: AuditRequest): Promise<Report> {
  const pool = openPool(connection, 1, 'doorbuster audit');
  try {
    let checker = new Checker();
    await readProjected(pool, {
      positions(rows) {
        // Rows and positions are of one moment, and the journal is read after it: it holds at least as much.
        checker = new Checker(new Map(rows.map(({ shard, sequence }) => [shard, sequence])));
        readThrough(journal, checker, live);
      },
      orders: (rows) => rows.forEach((row) => checker.row(row)),
      products: (rows) => rows.forEach((row) => checker.productRow(row)),
      stockMovements: (rows) => rows.forEach((row) => checker.movementRow(row)),
    });
    return checker.report();
  } finally {
    await pool.end();
  }
}

/** Every record, through the checker's model and through the actors' own code. */
function readThrough(journal: string, checker: Checker, live: readonly LiveStock[]): void {
  const states = new Map<number, ShardState>();
  const liveAt = new Map(live.map((shard) => [shard.sequence, shard]));
  const broken = new Set<number>();
  for (const stored of readJournal(journal)) {
    if (broken.has(stored.shard)) continue;
    const state = states.get(stored.shard) ?? new ShardState(stored.shard);
    states.set(stored.shard, state);
    try {
      checker.record(stored.sequence, decodeRecord(stored.bytes));
      state.replay(stored);
    } catch (error) {
      if (!(error instanceof InvariantViolation)) throw error;
      broken.add(stored.shard);
      checker.broken(6, `record ${stored.sequence} of shard ${stored.shard}: ${error.message}`);
      continue;
    }
    for (const [productId, stock] of liveAt.get(stored.sequence)?.stock ?? []) checker.live(productId, stock);
  }
  for (const state of states.values()) {
    for (const { id, stock } of state.products.values()) checker.live(id, stock);
  }
}
