// `doorbuster archive` with NATS_URL: the same of a cluster, whose journal is a stream.

import { resolve } from 'node:path';
import { archiveCluster } from '../cluster-archive.ts';
import { restoreCluster } from '../cluster-archive-restore.ts';
import { loadClusterConfig, type ClusterConfig } from '../config.ts';
import { CommandError } from '../node-client.ts';
import { withCluster } from '../open-cluster.ts';
import type { PostgresConnection } from '../persistence/index.ts';
import { dataFiles, readClusterArchives, systemClock } from '../runtime/index.ts';
import { version } from '../version.ts';
import { printEntries, printEntry, type FolderOptions } from './archive-entries.ts';
import { Progress } from './progress.ts';

/** @returns undefined without NATS_URL: the journal is in the folder @throws ConfigError */
export const clusterOfEnvironment = (): ClusterConfig | undefined => loadClusterConfig(process.env).cluster;

export async function archiveOfCluster(
  address: ClusterConfig,
  { dataDir, json, out }: FolderOptions & { out?: string | undefined },
): Promise<void> {
  const connection = postgresOfEnvironment();
  const { archived, staying, finished } = await withProgress((progress) =>
    archiveCluster({
      address,
      connection,
      out: out === undefined ? undefined : resolve(out),
      archives: resolve(dataFiles(dataDir).archives),
      version,
      now: systemClock.now(),
      onProgress: (step, share) => progress.show(step, share),
    }),
  );
  if (json) return console.log(JSON.stringify({ archived, staying, finished }));
  for (const { file } of finished)
    console.log(`${file}: an earlier run had noted it; its records have left the stream now.`);
  for (const { shard, reason } of staying) console.log(`Shard ${shard} stays: ${reason}.`);
  if (archived === undefined) return console.log('Nothing to archive.');
  const { entry, records, isFinished } = archived;
  if (isFinished) console.log('An earlier run had written the archive; this one read it back and finished.');
  console.log(`${records} records of ${entry.ranges.length} shards are in the archive now:\n`);
  printEntry(entry);
  console.log('\nKeep a second copy of the archive: these records are nowhere else.');
}

export async function restoreOfCluster(
  address: ClusterConfig,
  files: readonly string[],
  { json }: FolderOptions,
): Promise<void> {
  const connection = postgresOfEnvironment();
  const restored = await withProgress((progress) =>
    restoreCluster({
      address,
      connection,
      files: files.map((file) => resolve(file)),
      onRecord: (records, of) => progress.show('applying', records / of),
    }),
  );
  if (json) return console.log(JSON.stringify(restored));
  for (const { file, applied, known } of restored.archives)
    console.log(`${file}: ${applied} records were applied to Postgres, which had ${known} already.`);
  if (restored.snapshots.length > 0)
    console.log(`Snapshots were made of the shards ${restored.snapshots.join(', ')}.`);
  console.log('The stream is as it was. Start the nodes: what is in the stream, their projection brings.');
}

export async function listOfCluster(address: ClusterConfig, { json }: FolderOptions): Promise<void> {
  printEntries(await withCluster(address, ({ link, names }) => readClusterArchives(link, names)), json);
}

/** @throws CommandError */
function postgresOfEnvironment(): PostgresConnection {
  const connectionString = process.env['DATABASE_URL'];
  if (connectionString) return { connectionString };
  throw new CommandError(
    'NATS_URL is set, so this is about the journal on NATS, and it needs DATABASE_URL, the Postgres of the nodes.',
  );
}

async function withProgress<T>(work: (progress: Progress) => Promise<T>): Promise<T> {
  const progress = new Progress(process.stderr);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}
