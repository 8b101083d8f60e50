// `doorbuster archive`: records of ended sales moved out of the journal of a resting folder, put back, and listed.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { archive, type Archived } from '../archive.ts';
import { CommandError } from '../node-client.ts';
import {
  dataFiles,
  DataFolderBusy,
  readArchives,
  restoreArchives,
  systemClock,
  type DataFolder,
} from '../runtime/index.ts';
import { version } from '../version.ts';
import {
  archiveOfCluster,
  clusterOfEnvironment,
  listOfCluster,
  restoreOfCluster,
} from './archive-cluster.ts';
import { printEntries, printEntry, type FolderOptions } from './archive-entries.ts';
import { Progress } from './progress.ts';
import { withFolder } from './reach.ts';
import { assertHasJournal, withPostgres, withRestingFolder } from './resting-folder.ts';

const FOLDER =
  'the folder of a node that is stopped; with NATS_URL, where archives are looked for and written';

export function addArchive(program: Command): void {
  const command = withFolder(program.command('archive'), FOLDER)
    .description('move the records of ended sales out of the journal, after a clean audit')
    .option('--out <file>', 'where they go; a numbered file in DATA_DIR/archives by default')
    .action(archiveFolder);
  withFolder(command.command('restore <file...>'), FOLDER)
    .description('put archived records back into the journal; with NATS_URL, into Postgres')
    .action(restore);
  withFolder(command.command('list'), 'whose journal')
    .description('what was archived, where it went, and how to recognise it')
    .action(list);
}

async function archiveFolder({ dataDir, json, out }: FolderOptions & { out?: string }): Promise<void> {
  // An archive holds customers' names, as the journal does.
  process.umask(0o077);
  const cluster = clusterOfEnvironment();
  if (cluster !== undefined) return archiveOfCluster(cluster, { dataDir, json, out });
  const result = await atRest(dataDir, (folder, progress) =>
    withPostgres(folder, (connection) =>
      archive({
        folder,
        connection,
        out: out === undefined ? undefined : resolve(out),
        version,
        now: systemClock.now(),
        onProgress: (step, share) => progress.show(step, share),
      }),
    ),
  );
  if (json) return console.log(JSON.stringify(result));
  for (const { shard, reason } of result.staying) console.log(`Shard ${shard} stays: ${reason}.`);
  if (result.archived === undefined) console.log('Nothing to archive.');
  else printArchived(result.archived);
}

function printArchived({ entry, records, isFinished, bytesBefore, space }: Archived): void {
  if (isFinished) console.log('An earlier run had written the archive; this one read it back and finished.');
  console.log(`${records} records of ${entry.ranges.length} shards are in the archive now:\n`);
  printEntry(entry);
  const { bytes, failure } = space;
  if (failure === undefined) {
    console.log(`\nThe journal’s file is ${mebibytes(bytes)} now; it was ${mebibytes(bytesBefore)}.`);
  } else {
    console.log(`\nThe journal’s file stays as large as it is, and uses its free room again: ${failure}.`);
  }
  console.log('Keep a second copy of the archive: these records are nowhere else.');
}

async function restore(files: readonly string[], { dataDir, json }: FolderOptions): Promise<void> {
  const cluster = clusterOfEnvironment();
  if (cluster !== undefined) return restoreOfCluster(cluster, files, { dataDir, json });
  const restored = await atRest(dataDir, ({ journal }, progress) =>
    restoreArchives(
      journal,
      files.map((file) => resolve(file)),
      systemClock.now(),
      (records, of) => progress.show('putting back', records / of),
    ),
  );
  if (json) return console.log(JSON.stringify(restored));
  for (const { file, records, wasThere } of restored) {
    console.log(
      wasThere
        ? `${file}: all ${records} records are in the journal already.`
        : `${file}: ${records} records are in the journal again.`,
    );
  }
}

function list({ dataDir, json }: FolderOptions): void | Promise<void> {
  const cluster = clusterOfEnvironment();
  if (cluster !== undefined) return listOfCluster(cluster, { dataDir, json });
  assertHasJournal(dataDir);
  printEntries(readArchives(dataFiles(dataDir).journal), json);
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** @throws CommandError when a node runs there */
async function atRest<T>(
  dataDir: string,
  work: (folder: DataFolder, progress: Progress) => T | Promise<T>,
): Promise<T> {
  const progress = new Progress(process.stderr);
  try {
    return await withRestingFolder(dataDir, (folder) => work(folder, progress));
  } catch (error) {
    if (!(error instanceof DataFolderBusy)) throw error;
    throw new CommandError(
      `DATA_DIR ${dataDir} is in use. Archives are made and put back while no node runs: stop it, and start it again afterwards.`,
      { cause: error },
    );
  } finally {
    progress.end();
  }
}
