// Holds the journal against Postgres, and against the live actors, with the checker that tests and simulations use.
// Reads all of them beside running nodes; needs nobody to stop. Records that are in archives are read from there.

import type { Report } from './actors/index.ts';
import {
  openAudited,
  type AuditedJournal,
  type ClusterJournal,
  type EmbeddedJournal,
} from './audited-journal.ts';
import { checkPayments, type AuditedProvider } from './audited-payments.ts';
import { JournalReading, type LiveStock } from './journal-reading.ts';
import { openPool, readProjected, type PostgresConnection } from './persistence/index.ts';
import { archivedUpTo, type ShelvedArchive, type Snapshots, type UnseenArchive } from './runtime/index.ts';

export type AuditRequest = (EmbeddedJournal | ClusterJournal) & {
  readonly connection: PostgresConnection;
  readonly live: readonly LiveStock[];
  /** Who takes the money; undefined: payments are not looked at. */
  readonly provider?: AuditedProvider | undefined;
};

export interface AuditReport extends Report {
  /** Empty when every record was read. */
  readonly unseen: readonly UnseenArchive[];
  /** Why payments could not be looked at, where there is a provider. */
  readonly paymentsUnseen?: string | undefined;
}

/**
 * Memory grows with the orders: each is held once, as the checker's model of it.
 * @throws ArchiveRefused for an archive that was named and is none @throws NatsUnreachable @throws JournalUnavailable
 */
export async function audit(request: AuditRequest): Promise<AuditReport> {
  const journal = await openAudited(request);
  try {
    return await auditOf(journal, request);
  } finally {
    await journal.close();
  }
}

async function auditOf(
  { records, snapshots, ...journal }: AuditedJournal,
  { connection, live, provider }: Pick<AuditRequest, 'connection' | 'live' | 'provider'>,
): Promise<AuditReport> {
  // Listed and marked before the journal is read, which therefore covers them.
  const listed = await snapshots.listAll();
  const reading = new JournalReading(live, listed);
  const acknowledged = journal.acknowledged();
  const shelf = journal.shelf();
  await readArchived(reading, shelf, snapshots);
  await reading.readOn(records, Math.max(0, ...[...listed, ...live].map(({ sequence }) => sequence)));
  const { checker } = reading;
  reading.assertReaches(6, 'the mark beside the journal knows', acknowledged);
  const pool = openPool(connection, 1, 'doorbuster audit');
  let paymentsUnseen: string | undefined;
  try {
    await readProjected(pool, {
      async positions(rows) {
        // Rows and positions are of one moment, and what the journal got meanwhile is read after it: it covers them.
        const positions = new Map(rows.map(({ shard, sequence }) => [shard, sequence]));
        await reading.readOn(records, Math.max(0, ...positions.values()));
        checker.projectedUpTo(positions);
        reading.assertReaches(3, 'Postgres has', positions);
      },
      orders: (rows) => rows.forEach((row) => checker.row(row)),
      products: (rows) => rows.forEach((row) => checker.productRow(row)),
      stockMovements: (rows) => rows.forEach((row) => checker.movementRow(row)),
    });
    if (provider !== undefined)
      paymentsUnseen = await checkPayments(checker, provider, pool, () => reading.readOn(records));
  } finally {
    await pool.end();
  }
  reading.compareStock();
  await reading.compareSnapshots(snapshots);
  return { ...checker.report(), unseen: shelf.flatMap(unseen), paymentsUnseen };
}

/** Oldest first. A shard is read whole, or from a snapshot on. */
async function readArchived(
  reading: JournalReading,
  shelf: readonly ShelvedArchive[],
  snapshots: Snapshots,
): Promise<void> {
  const missing = shelf.filter(({ file }) => file === undefined);
  const partial = new Set(missing.flatMap(({ entry }) => entry.ranges.map(({ shard }) => shard)));
  for (const { file } of shelf) {
    if (file !== undefined) reading.readArchive(file, (shard) => !partial.has(shard));
  }
  const upTo = archivedUpTo(shelf.map(({ entry }) => entry));
  for (const shard of partial) await reading.beginWithSnapshot(shard, upTo.get(shard)!, snapshots);
}

function unseen({ entry: { file, ranges }, why }: ShelvedArchive): UnseenArchive[] {
  return why === undefined ? [] : [{ file, why, ranges }];
}
